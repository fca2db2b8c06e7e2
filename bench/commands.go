package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// onDisk and onTmpfs are the places for the directory of a side, where commands are stored.
func onDisk(b *bench) string  { return b.work }
func onTmpfs(b *bench) string { return b.tmpfs }

// commands measures the time from a client's publish of a command, through the board's acknowledgement, to the result
// at the same client; one command after another. Between two of them it measures one fsync in the same directory, which
// the journal of commands costs and the pipe does not have: at the same moment and in the same rhythm, because a disk's
// answer depends on both. With busy, the board sends 100 frames/s meanwhile.
func commands(place func(*bench) string, busy bool) func(context.Context, *bench, side) (sample, error) {
	return func(ctx context.Context, b *bench, s side) (_ sample, err error) {
		if place(b) == "" {
			return nil, errors.New("this machine has no /dev/shm to write to")
		}
		u, err := b.start(ctx, s, place(b), 1)
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
		if busy {
			stop := u.chatter(ctx, 100)
			defer func() { err = errors.Join(err, stop()) }()
		}
		took, syncs, err := b.commandAll(ctx, u, l)
		if err != nil {
			return nil, err
		}
		return sample{
			"p50": micros(percentile(took, 50)), "p99": micros(percentile(took, 99)),
			"sync50": micros(percentile(syncs, 50)), "sync99": micros(percentile(syncs, 99)),
		}, nil
	}
}

// commandFigures requires at most this multiple of the pipe's figure plus one fsync; 0 requires nothing.
func commandFigures(where string, must50, reach50, must99, reach99 float64) []figure {
	timesPlus := func(n float64, sync string) bound {
		if n == 0 {
			return bound{}
		}
		return bound{times: n, plus: sync}
	}
	return []figure{
		{"p50", "command → result p50, " + where, "µs", timesPlus(must50, "sync50"), timesPlus(reach50, "sync50")},
		{"p99", "command → result p99, " + where, "µs", timesPlus(must99, "sync99"), timesPlus(reach99, "sync99")},
		{"sync50", "one append and fsync there, p50", "µs", bound{}, bound{}},
		{"sync99", "one append and fsync there, p99", "µs", bound{}, bound{}},
	}
}

// commandAll sends commands one after another and returns the time of each, and of each fsync between them, in ns. The
// first ones are not counted.
func (b *bench) commandAll(ctx context.Context, u *subject, l *listener) (took, syncs []int64, err error) {
	f, err := os.OpenFile(filepath.Join(u.dir, "sync"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	const warmUp = 5
	for i := range warmUp + b.effort.commands {
		t, err := b.commandOnce(ctx, u, l)
		if err != nil {
			return nil, nil, err
		}
		s, err := timeSync(f)
		if err != nil {
			return nil, nil, err
		}
		if i >= warmUp {
			took, syncs = append(took, t), append(syncs, s)
		}
	}
	slices.Sort(took)
	slices.Sort(syncs)
	return took, syncs, nil
}

// commandOnce sends one command and returns the time until its result, in ns.
func (b *bench) commandOnce(ctx context.Context, u *subject, l *listener) (int64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("a command did not end with done"))
	defer cancel()
	b.commands++
	began := now()
	if err := l.client.publish(u.commandTo, u.command(b.commands), 1, uint16(b.commands%65535+1)); err != nil {
		return 0, err
	}
	select {
	case seq := <-l.answered:
		if seq != b.commands {
			return 0, fmt.Errorf("command %d got the answer of %d", b.commands, seq)
		}
		return now() - began, nil
	case <-l.ended:
		return 0, l.err
	case <-ctx.Done():
		return 0, u.process.complaint(context.Cause(ctx).Error())
	}
}

// timeSync appends 200 bytes, about the size of a command in the journal, and returns the time of their fsync, in ns.
func timeSync(f *os.File) (int64, error) {
	began := now()
	if _, err := f.Write(make([]byte, 200)); err != nil {
		return 0, err
	}
	err := f.Sync()
	return now() - began, err
}

// chatter makes the boards send frames at a rate until the returned function is called.
func (u *subject) chatter(ctx context.Context, rate float64) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	load := u.load(rate, 1<<30)
	go func() {
		err := load.run(ctx)
		done <- err
	}()
	return func() error {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
}
