package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// listener is a client that receives every frame of a subject, on one goroutine, and records it in the current tally.
type listener struct {
	client *client
	boards int64
	tally  atomic.Pointer[tally]
	answer func(topic, payload []byte) (int64, bool)
	// answered carries the numbers of answers to commands. A second command is never sent before the first is answered,
	// so it never fills up; a stray answer is dropped.
	answered chan int64
	ended    chan struct{} // closed with the connection
	err      error         // the reason; set before ended is closed
}

// listen subscribes to all frames and answers, at QoS 0.
func (u *subject) listen(ctx context.Context) (*listener, error) {
	u.listeners++
	// A new name each time: a broker still busy with leaving clients may confuse them with one that comes back.
	id := fmt.Sprintf("bench-listener-%d", u.listeners)
	c, err := dial(ctx, dialing{url: u.url(), id: id, buffer: 64 << 10})
	if err != nil {
		return nil, err
	}
	filters := []string{u.state}
	if u.result != u.state {
		filters = append(filters, u.result)
	}
	if err := c.subscribe(0, filters...); err != nil {
		c.close()
		return nil, err
	}
	l := &listener{client: c, boards: int64(len(u.boards)), answer: u.answer, answered: make(chan int64, 16), ended: make(chan struct{})}
	go l.receive()
	return l, nil
}

func (l *listener) close() {
	l.client.close()
	<-l.ended
}

func (l *listener) receive() {
	defer close(l.ended)
	for {
		p, err := l.client.next()
		if err != nil {
			l.err = err
			return
		}
		if p.kind != typePublish {
			continue
		}
		if n, ok := frameNumber(p.payload); ok && !bytes.HasSuffix(p.topic, []byte("/result")) {
			if t := l.tally.Load(); t != nil {
				t.note(n)
			}
			continue
		}
		if seq, ok := l.answer(p.topic, p.payload); ok {
			select {
			case l.answered <- seq:
			default:
			}
		}
	}
}

// tally counts the frames of one load as they arrive at the client.
type tally struct {
	from, to int64 // the numbers of the load: from ≤ n < to
	got      atomic.Int64
	missed   func()         // called when a frame is missing; may be nil
	sent     []atomic.Int64 // when each frame was written; nil if not needed
	took     []int64        // ns from the line to the client; complete once done is closed
	last     []int64        // the newest number of each board; only the receiving goroutine uses it
	done     chan struct{}  // closed when all have arrived
}

// count makes t the tally of all frames from now on.
func (l *listener) count(from, count int64, timed bool) *tally {
	t := &tally{from: from, to: from + count, last: make([]int64, l.boards), done: make(chan struct{})}
	for n := from - l.boards; n < from; n++ {
		if n >= 0 {
			t.last[n%l.boards] = n
		} else {
			t.last[(n+l.boards)%l.boards] = n
		}
	}
	if timed {
		t.sent = make([]atomic.Int64, count)
		t.took = make([]int64, 0, count)
	}
	l.tally.Store(t)
	return t
}

func (t *tally) note(n int64) {
	if n < t.from || n >= t.to {
		return
	}
	board := n % int64(len(t.last))
	gap := n - t.last[board]
	if gap <= 0 {
		return // a repetition, such as a retained state
	}
	t.last[board] = n
	if gap > int64(len(t.last)) && t.missed != nil {
		t.missed()
	}
	if t.sent != nil {
		t.took = append(t.took, now()-t.sent[n-t.from].Load())
	}
	if t.got.Add(1) == t.to-t.from {
		close(t.done)
	}
}

// wait waits until all frames have arrived.
func (l *listener) wait(ctx context.Context, t *tally, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-t.done:
		return nil
	case <-l.ended:
		return fmt.Errorf("the gateway closed the client's connection: %w", l.err)
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return fmt.Errorf("%d of %d frames came", t.got.Load(), t.to-t.from)
	}
}

// wake sends frames until the newest of each board has arrived: then every port is open, every device is online, and no
// older frame is still in flight.
func (u *subject) wake(ctx context.Context, l *listener) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("the boards' frames do not come to the client"))
	defer cancel()
	for {
		load := u.load(10_000, int64(len(u.boards)))
		t := l.count(load.from, load.count, false)
		if err := load.run(ctx); err != nil {
			return err
		}
		err := l.wait(ctx, t, 250*time.Millisecond)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		select {
		case <-l.ended:
			return err
		default:
		}
	}
}
