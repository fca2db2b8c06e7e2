package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

// lossFree searches for the highest rate of frames, on all ports together, at which none is lost; then it measures the
// rate that gets through when boards write as fast as the lines accept.
func lossFree(boards func(effort) int) func(context.Context, *bench, side) (sample, error) {
	return func(ctx context.Context, b *bench, s side) (_ sample, err error) {
		u, err := b.start(ctx, s, b.work, boards(b.effort))
		if err != nil {
			return nil, err
		}
		defer stopping(u, &err)
		best, err := b.search(ctx, u)
		if err != nil {
			return nil, err
		}
		got, lost, err := u.flood(ctx, b.effort.lossTime)
		if err != nil {
			return nil, err
		}
		return sample{"rate": best, "flood": got, "lost": lost}, nil
	}
}

func lossFreeFigures(ports string, must, reach bound) []figure {
	return []figure{
		{"rate", "highest rate without loss, " + ports, "frames/s", must, reach},
		{"flood", "frames that reach the client when boards never pause, " + ports, "frames/s", bound{}, bound{}},
		{"lost", "frames lost when boards never pause, " + ports, "%", bound{}, bound{}},
	}
}

// search doubles the rate until it fails, and then halves the distance until it is 4 %.
func (b *bench) search(ctx context.Context, u *subject) (float64, error) {
	good, bad := 0.0, 0.0
	for rate := b.effort.lossFrom; ; {
		ok, err := b.holds(ctx, u, rate)
		if err != nil {
			return 0, err
		}
		if ok {
			good = rate
		} else {
			bad = rate
		}
		switch {
		case good == 0 && bad < 100:
			return 0, errors.New("frames are lost at 100 frames/s")
		case good >= b.effort.lossTo || bad != 0 && bad/max(good, 1) < 1.04:
			return good, nil
		case bad == 0:
			rate = good * 2
		case good == 0:
			rate = bad / 2
		default:
			rate = (good + bad) / 2
		}
	}
}

// holds reports whether nothing is lost at a rate, in one of two tries: a shared machine may stumble.
func (b *bench) holds(ctx context.Context, u *subject, rate float64) (bool, error) {
	for range 2 {
		ok, err := b.try(ctx, u, rate)
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

var (
	errLost = errors.New("a frame is missing")
	errLate = errors.New("the line is full: real hardware would have lost bytes")
)

// try reports whether nothing is lost at a rate, in one try.

func (b *bench) try(ctx context.Context, u *subject, rate float64) (bool, error) {
	l, err := u.listen(ctx) // a new one each time: a gateway may have disconnected the last
	if err != nil {
		return false, err
	}
	defer l.close()
	if err := u.wake(ctx, l); err != nil {
		return false, err
	}
	window := b.effort.lossTime
	limit, stop := context.WithTimeoutCause(ctx, window+patience, errLate)
	defer stop()
	trial, cancel := context.WithCancelCause(limit)
	defer cancel(nil)
	load := u.load(rate, int64(rate*window.Seconds()))
	load.slack = b.effort.slack
	t := l.count(load.from, load.count, false)
	t.missed = func() { cancel(errLost) }
	if err = load.run(trial); err == nil {
		err = l.wait(trial, t, b.effort.grace)
	}
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	return err == nil, nil
}

// flood makes every board write as fast as its line accepts. It returns the frames/s that reached the client, and the
// percentage that did not.
func (u *subject) flood(ctx context.Context, window time.Duration) (rate, lost float64, err error) {
	l, err := u.listen(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer l.close()
	if err := u.wake(ctx, l); err != nil {
		return 0, 0, err
	}
	boards := int64(len(u.boards))
	from := (u.next + boards - 1) / boards * boards // so that board i starts with number from + i
	const most = 1 << 40                            // more numbers than any flood uses
	t := l.count(from, most, false)
	until, cancel := context.WithTimeout(ctx, window)
	defer cancel()
	defer interruptible(until, u.boards)()
	ends := make([]int64, boards) // the number after each board's last
	var writers sync.WaitGroup
	for i, board := range u.boards {
		writers.Go(func() { ends[i] = board.flood(until, from+int64(i), boards) })
	}
	writers.Wait()
	rate = float64(t.got.Load()) / window.Seconds()
	written := int64(0)
	for i, end := range ends {
		written += (end - from - int64(i)) / boards
		u.next = max(u.next, end+floodLines*boards)
	}
	if err := t.quiet(ctx); err != nil {
		return 0, 0, err
	}
	return rate, 100 * (1 - min(float64(t.got.Load())/float64(written), 1)), nil
}

// floodLines is how many lines go into one write of a flood.
const floodLines = 64

// flood sends frames from number n on, step apart, until ctx ends. It returns the number after the last one.
func (b *board) flood(ctx context.Context, n, step int64) int64 {
	lines := make([]byte, 0, 4096)
	for ctx.Err() == nil {
		lines = lines[:0]
		first := n
		for range floodLines {
			lines = appendFrame(lines, n)
			n += step
		}
		if b.say(lines) != nil {
			return first // the write was cut off: how much went out is unknown
		}
	}
	return n
}

// quiet waits until no frame has arrived for a while: nothing is in flight any more.
func (t *tally) quiet(ctx context.Context) error {
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for before := int64(-1); before != t.got.Load(); {
		before = t.got.Load()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
