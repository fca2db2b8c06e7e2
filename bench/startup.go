package main

import (
	"context"
	"errors"
	"slices"
	"time"
)

// startUp measures the time from the start of the process until a wss client is accepted, and until that client has the
// first reading of a board that sends continuously. The certificate exists: the process has run once before.
func startUp(ctx context.Context, b *bench, s side) (_ sample, err error) {
	u, err := b.prepare(s, b.work, 1)
	if err != nil {
		return nil, err
	}
	defer stopping(u, &err)
	if err := u.launch(ctx, b); err != nil {
		return nil, err
	}
	if err := u.halt(); err != nil {
		return nil, err
	}
	var accepted, reading []int64
	for range b.effort.starts {
		a, r, err := u.startOnce(ctx, b)
		if err != nil {
			return nil, err
		}
		accepted, reading = append(accepted, a), append(reading, r)
	}
	slices.Sort(accepted)
	slices.Sort(reading)
	return sample{"accepted": micros(percentile(accepted, 50)) / 1000, "reading": micros(percentile(reading, 50)) / 1000}, nil
}

func (u *subject) startOnce(ctx context.Context, b *bench) (accepted, reading int64, err error) {
	limit, cancel := context.WithTimeoutCause(ctx, patience, errors.New("no reading came"))
	defer cancel()
	began := now()
	if err := u.spawn(b); err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, u.halt()) }()
	stop := u.chatter(limit, 1000)
	defer func() { err = errors.Join(err, stop()) }()
	c, err := u.knock(limit)
	if err != nil {
		return 0, 0, errors.Join(err, u.process.complaint("nobody could connect"))
	}
	defer c.close()
	accepted = now() - began
	if err := c.subscribe(0, u.state); err != nil {
		return 0, 0, err
	}
	for {
		p, err := c.next()
		if err != nil {
			return 0, 0, err
		}
		if _, ok := frameNumber(p.payload); ok && p.kind == typePublish {
			return accepted, now() - began, nil
		}
	}
}

// knock tries to connect until it succeeds.
func (u *subject) knock(ctx context.Context) (*client, error) {
	for {
		c, err := dial(ctx, dialing{url: u.url(), id: "bench-early", buffer: 4096})
		if err == nil {
			return c, nil
		}
		if perr := pause(ctx, 200*time.Microsecond); perr != nil {
			return nil, errors.Join(perr, err)
		}
	}
}
