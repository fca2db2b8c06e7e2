package main

import (
	"context"
	"time"
)

// memoryOfClients measures how much memory an idle side holds, and how much more each of many idle clients costs.
func memoryOfClients(ctx context.Context, b *bench, s side) (_ sample, err error) {
	u, err := b.start(ctx, s, b.work, 1)
	if err != nil {
		return nil, err
	}
	defer stopping(u, &err)
	idle, anonymous, err := u.memoryAfter(ctx, b.effort.settle)
	if err != nil {
		return nil, err
	}
	c, err := startCrowd(ctx, u, b.effort.crowd)
	if err != nil {
		return nil, err
	}
	defer c.stopping(&err)
	full, _, err := u.memoryAfter(ctx, b.effort.settle)
	if err != nil {
		return nil, err
	}
	return sample{"idle": idle / 1024, "idle anonymous": anonymous / 1024, "client": (full - idle) / float64(b.effort.crowd)}, nil
}

// memoryAfter reads the memory of a side, in KiB, after it has had a while to settle.
func (u *subject) memoryAfter(ctx context.Context, settle time.Duration) (resident, anonymous float64, err error) {
	if err := pause(ctx, settle); err != nil {
		return 0, 0, err
	}
	return u.process.memory()
}

// manyPorts measures the latency and the memory with many ports at 10 frames/s each, and the memory cost of each port
// beyond the first.
func manyPorts(ctx context.Context, b *bench, s side) (sample, error) {
	one, err := b.portsAt10(ctx, s, 1)
	if err != nil {
		return nil, err
	}
	many, err := b.portsAt10(ctx, s, b.effort.ports)
	if err != nil {
		return nil, err
	}
	many["port"] = (many["memory"] - one["memory"]) * 1024 / float64(b.effort.ports-1)
	return many, nil
}

func (b *bench) portsAt10(ctx context.Context, s side, ports int) (_ sample, err error) {
	u, err := b.start(ctx, s, b.work, ports)
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
	rate := float64(10 * ports)
	took, err := u.timed(ctx, l, rate, int64(rate*b.effort.window.Seconds()))
	if err != nil {
		return nil, err
	}
	resident, _, err := u.process.memory()
	if err != nil {
		return nil, err
	}
	return sample{"p50": micros(percentile(took, 50)), "p99": micros(percentile(took, 99)), "memory": resident / 1024}, nil
}
