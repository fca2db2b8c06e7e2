package main

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// now is CLOCK_MONOTONIC in nanoseconds: one clock for all processes of this machine.
func now() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic(err) // cannot be: the clock is part of the kernel's interface
	}
	return t.Nano()
}

// sleepUntil sleeps to a time of now, to within some 60 µs. A sleep of the Go runtime may take a millisecond more. The
// caller's goroutine must be locked to its thread.
func sleepUntil(at int64) {
	t := unix.NsecToTimespec(at)
	for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &t, nil) == unix.EINTR {
	}
}

// burst is the longest time over which frames are gathered into one write, as a USB adapter gathers them.
const burst = time.Millisecond

// load is a series of frames at a steady rate. Frame number n goes to board n modulo the number of boards, so that each
// board's numbers have the same distance and a missing one shows.
type load struct {
	boards []*board
	rate   float64 // frames/s, all boards together
	from   int64   // the first number
	count  int64
	slack  time.Duration     // how far it may fall behind before it gives up with errLate; 0: without limit
	sent   func(n, at int64) // called just before a frame is written; may be nil
}

// run sends all frames. It catches up after a delay by a full line or a busy machine.
func (l load) run(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer interruptible(ctx, l.boards)()
	pending := make([][]byte, len(l.boards))
	start := now()
	for k := int64(0); k < l.count; {
		t := now()
		due := min(int64(float64(t-start)*l.rate/1e9)+1, l.count)
		first := k
		for ; k < due; k++ {
			i := int((l.from + k) % int64(len(l.boards)))
			pending[i] = appendFrame(pending[i], l.from+k)
		}
		err := l.write(pending, l.from+first, l.from+due)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		next := start + int64(float64(k)*1e9/l.rate)
		if l.slack > 0 && now()-next > int64(l.slack) {
			return errLate
		}
		sleepUntil(max(next, t+int64(burst)))
	}
	return nil
}

// write sends the pending frames, from first to before end.
func (l load) write(pending [][]byte, first, end int64) error {
	if l.sent != nil {
		at := now()
		for n := first; n < end; n++ {
			l.sent(n, at)
		}
	}
	for i, lines := range pending {
		if len(lines) == 0 {
			continue
		}
		if err := l.boards[i].say(lines); err != nil {
			return err
		}
		pending[i] = lines[:0]
	}
	return nil
}

// interruptible makes writes to boards end with ctx, even if the line is not read. The returned function undoes it.
func interruptible(ctx context.Context, boards []*board) (undo func()) {
	limit := func(t time.Time) {
		for _, b := range boards {
			b.master.SetWriteDeadline(t) // ptys have deadlines: Go polls them
		}
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		limit(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-done
		}
		limit(time.Time{})
	}
}
