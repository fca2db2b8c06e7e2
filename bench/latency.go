package main

import (
	"context"
	"fmt"
	"time"
)

// latencyAt measures the time from a frame's write to the serial line to its arrival at a wss client, on one port.
func latencyAt(rate float64) func(context.Context, *bench, side) (sample, error) {
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
		defer l.close()
		if err := u.wake(ctx, l); err != nil {
			return nil, err
		}
		window := b.effort.window
		if rate <= 1 {
			window = b.effort.slow
		}
		before, err := u.process.cpu()
		if err != nil {
			return nil, err
		}
		took, err := u.timed(ctx, l, rate, int64(rate*window.Seconds()))
		if err != nil {
			return nil, err
		}
		after, err := u.process.cpu()
		if err != nil {
			return nil, err
		}
		return sample{
			"p50": micros(percentile(took, 50)), "p99": micros(percentile(took, 99)),
			"cpu": float64((after - before).Microseconds()) / float64(len(took)),
		}, nil
	}
}

func latencyFigures(rate string, must50, reach50, must99, reach99 bound) []figure {
	return []figure{
		{"p50", fmt.Sprintf("serial line → client p50, %s/s", rate), "µs", must50, reach50},
		{"p99", fmt.Sprintf("serial line → client p99, %s/s", rate), "µs", must99, reach99},
	}
}

// timed runs a load without any loss, and returns the time of each frame, in ns.
func (u *subject) timed(ctx context.Context, l *listener, rate float64, count int64) ([]int64, error) {
	load := u.load(rate, count)
	t := l.count(load.from, load.count, true)
	load.sent = func(n, at int64) { t.sent[n-t.from].Store(at) }
	if err := load.run(ctx); err != nil {
		return nil, err
	}
	if err := l.wait(ctx, t, patience); err != nil {
		return nil, err
	}
	return t.took, nil
}

func micros(ns int64) float64 { return float64(ns) / float64(time.Microsecond) }
