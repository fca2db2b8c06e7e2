package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// crowd is many clients in a child process, so that neither their work nor their memory counts as ours.
type crowd struct{ process *process }

// startCrowd connects clients that all subscribe to the frames of a subject.
func startCrowd(ctx context.Context, u *subject, clients int) (*crowd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p, err := startProcess(exec.Command(self, "-child", "crowd", u.url(), u.state, strconv.Itoa(clients)), u.dir)
	if err != nil {
		return nil, err
	}
	c := &crowd{p}
	ctx, cancel := context.WithTimeoutCause(ctx, 2*patience, errors.New("the clients cannot connect"))
	defer cancel()
	if _, err := p.line(ctx, "ready"); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return c, nil
}

// seen waits until every client has received frame n, and returns when the first and the last one received it.
func (c *crowd) seen(ctx context.Context, n int64) (first, last int64, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("frame %d did not reach every client", n))
	defer cancel()
	prefix := fmt.Sprintf("seen %d ", n)
	line, err := c.process.line(ctx, prefix)
	if err != nil {
		return 0, 0, err
	}
	_, err = fmt.Sscan(line[len(prefix):], &first, &last)
	return first, last, err
}

func (c *crowd) stopping(err *error) { *err = errors.Join(*err, c.process.stop()) }

// runCrowd is the child: `bench -child crowd URL FILTER COUNT`. It prints ready, and then for each frame that all
// clients have received: seen NUMBER FIRST LAST, in ns of now.
func runCrowd(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) != 3 {
		return errors.New("a crowd needs an address, a filter and a number of clients")
	}
	count, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	clients := make([]*client, count)
	var doors errgroup.Group
	doors.SetLimit(16) // handshakes at a time
	for i := range clients {
		doors.Go(func() error {
			c, err := dial(ctx, dialing{url: args[0], id: fmt.Sprintf("crowd-%d", i), buffer: 1024})
			if err != nil {
				return err
			}
			clients[i] = c
			return c.subscribe(0, args[1])
		})
	}
	if err := doors.Wait(); err != nil {
		return err
	}
	w := &witness{count: int64(count), out: stdout}
	var group errgroup.Group
	for _, c := range clients {
		group.Go(func() error { return w.watch(c) })
	}
	fmt.Fprintln(stdout, "ready")
	err = group.Wait() // returns when all connections have ended: with ctx, or cut by the gateway
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// witness records when the first and the last client has received a frame. Frames must come one at a time: there is
// room for a few different numbers, and none for a number while many clients have yet to receive the one 64 before it.
type witness struct {
	count int64
	out   io.Writer
	slots [64]struct{ seen, first, last atomic.Int64 }
}

func (w *witness) watch(c *client) error {
	for {
		p, err := c.next()
		if err != nil {
			return err
		}
		n, ok := frameNumber(p.payload)
		if p.kind != typePublish || !ok {
			continue
		}
		t := now()
		s := &w.slots[n%int64(len(w.slots))]
		s.first.CompareAndSwap(0, t)
		for last := s.last.Load(); last < t && !s.last.CompareAndSwap(last, t); {
			last = s.last.Load()
		}
		if s.seen.Add(1) == w.count {
			fmt.Fprintf(w.out, "seen %d %d %d\n", n, s.first.Swap(0), s.last.Swap(0))
			s.seen.Store(0)
		}
	}
}
