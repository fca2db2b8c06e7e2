package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// stalledSubscriber measures how long an honest publisher waits for its acknowledgement at worst, while a phone that is
// subscribed to everything at QoS 1 has stopped reading (as one in the background does) and others publish at a high
// rate.
func stalledSubscriber(ctx context.Context, b *bench, s side) (_ sample, err error) {
	u, err := b.start(ctx, s, b.work, 1)
	if err != nil {
		return nil, err
	}
	defer stopping(u, &err)
	l, err := u.listen(ctx)
	if err != nil {
		return nil, err
	}
	err = u.wake(ctx, l)
	l.close()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// A small window, so that the kernel does not accept bytes in place of the phone.
	frozen, err := dial(ctx, dialing{url: u.url(), id: "bench-frozen", buffer: 1024, window: 4096})
	if err != nil {
		return nil, err
	}
	defer frozen.close()
	if err := frozen.subscribe(1, u.state, "load/#"); err != nil {
		return nil, err
	}
	stop := u.chatter(ctx, 1000)
	defer func() { err = errors.Join(err, stop()) }()
	var busy sync.WaitGroup
	defer busy.Wait()
	defer cancel()
	if err := u.publishBusily(ctx, &busy); err != nil {
		return nil, err
	}
	waits, err := u.publishHonestly(ctx, b.effort.stall)
	if err != nil {
		return nil, err
	}
	return sample{"worst": micros(waits[len(waits)-1]) / 1000, "p50": micros(percentile(waits, 50)) / 1000}, nil
}

// publishBusily connects a client that publishes 1000 messages/s of 1 KiB until ctx ends; the group counts its
// goroutines. The gateway may make it wait.
func (u *subject) publishBusily(ctx context.Context, group *sync.WaitGroup) error {
	c, err := dial(ctx, dialing{url: u.url(), id: "bench-busy", buffer: 4096})
	if err != nil {
		return err
	}
	group.Go(func() { // reads the acknowledgements
		for err := error(nil); err == nil; {
			_, err = c.next()
		}
	})
	group.Go(func() {
		defer c.close()
		payload := make([]byte, 1024)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for id := uint16(1); ; id = max(id+1, 1) {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			if c.publish("load/busy", payload, 1, id) != nil {
				return
			}
		}
	})
	return nil
}

// publishHonestly publishes one message after another on a topic of its own and returns the time of each until its
// acknowledgement, in ns, sorted. A message still unacknowledged at the end counts for as long as it has waited.
func (u *subject) publishHonestly(ctx context.Context, window time.Duration) ([]int64, error) {
	c, err := dial(ctx, dialing{url: u.url(), id: "bench-honest", buffer: 4096})
	if err != nil {
		return nil, err
	}
	acknowledged := make(chan struct{}) // closed when the connection ends
	go func() {
		defer close(acknowledged)
		for {
			p, err := c.next()
			if err != nil {
				return
			}
			if p.kind == typePuback {
				acknowledged <- struct{}{}
			}
		}
	}()
	defer func() {
		c.close()
		for range acknowledged {
		}
	}()
	var waits []int64
	end := time.NewTimer(window)
	defer end.Stop()
	for id := uint16(1); ; id = max(id+1, 1) {
		began := now()
		if err := c.publish("load/honest", []byte("still here"), 1, id); err != nil {
			return nil, err
		}
		over := false
		select {
		case _, ok := <-acknowledged:
			if !ok {
				return nil, errors.New("the gateway cut off the honest publisher")
			}
		case <-end.C:
			over = true
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		waits = append(waits, now()-began)
		if over {
			slices.Sort(waits)
			return waits, nil
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return nil, err
		}
	}
}
