package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// fanOut measures how long one frame takes from the line to the first and to the last of many clients.
func fanOut(clients func(effort) int) func(context.Context, *bench, side) (sample, error) {
	return func(ctx context.Context, b *bench, s side) (_ sample, err error) {
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
		c, err := startCrowd(ctx, u, max(clients(b.effort), 1))
		if err != nil {
			return nil, err
		}
		defer c.stopping(&err)
		var first, last []int64
		const warmUp = 3
		for i := range warmUp + b.effort.messages {
			began, f, t, err := u.toAll(ctx, c)
			if err != nil {
				return nil, err
			}
			if i >= warmUp {
				first, last = append(first, f-began), append(last, t-began)
			}
			if err := pause(ctx, 20*time.Millisecond); err != nil { // each frame meets a gateway at rest
				return nil, err
			}
		}
		slices.Sort(first)
		slices.Sort(last)
		return sample{"first": micros(percentile(first, 50)) / 1000, "last": micros(percentile(last, 50)) / 1000}, nil
	}
}

func fanOutFigures(clients string, must, reach bound) []figure {
	return []figure{
		{"first", fmt.Sprintf("one message to %s wss clients, until the first has received it, p50", clients), "ms", bound{}, bound{}},
		{"last", fmt.Sprintf("one message to %s wss clients, until the last has received it, p50", clients), "ms", must, reach},
	}
}

// toAll sends one frame and waits until every client has received it.
func (u *subject) toAll(ctx context.Context, c *crowd) (began, first, last int64, err error) {
	load := u.load(1000, 1)
	load.sent = func(_, at int64) { began = at }
	if err := load.run(ctx); err != nil {
		return 0, 0, 0, err
	}
	first, last, err = c.seen(ctx, load.from)
	return began, first, last, err
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
