package devices

import (
	"sync/atomic"
	"time"
)

// A driver may keep whoever opens, writes to or closes a port for as long as it likes: an adapter that is half dead lets
// each question to it run out of time. Nothing can end that, and nobody but the port's owner may wait for it.
const (
	// triedAfter is how long the first try to open a port may take before the gateway is ready without it.
	triedAfter = 10 * time.Second
	// hungAfter is how long a call may take before its driver counts as hung: longer than dialTime and setUpTime together.
	hungAfter = 7 * time.Second
)

// driverCall is the call that a port's owner has made to its driver. Others may look at it.
type driverCall struct {
	born  time.Time
	since atomic.Int64 // when it began, in nanoseconds after born; 0: there is none
}

func (d *driverCall) begin() { d.since.Store(max(int64(time.Since(d.born)), 1)) }
func (d *driverCall) end()   { d.since.Store(0) }

// lasts says how long the call has taken by now. ok is false if there is none.
func (d *driverCall) lasts() (t time.Duration, ok bool) {
	since := d.since.Load()
	return time.Since(d.born) - time.Duration(since), since != 0
}

// hung says whether the driver does not answer.
func (d *driverCall) hung() bool {
	t, ok := d.lasts()
	return ok && t >= hungAfter
}

// hungReason is what people are told of a port whose driver hangs.
const hungReason = "its driver does not answer; unplug the adapter and plug it in again"
