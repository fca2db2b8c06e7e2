package devices

import (
	"sync/atomic"
	"time"
)

// A driver may block a goroutine that opens, writes to or closes a port for as long as it likes: a defective adapter
// lets every request to it time out. Nothing can end such a call, and only the owner of the port may wait for it.
const (
	// triedAfter is how long the first try to open a port may take before the gateway reports that it is ready without
	// the port.
	triedAfter = 10 * time.Second
	// hungAfter is how long a call may take before its driver counts as hung. It is longer than the dial and set-up
	// timeouts of package serial together.
	hungAfter = 7 * time.Second
)

// driverCall is the call that the owner of a port is making to its driver. Any goroutine may read it.
type driverCall struct {
	born  time.Time
	since atomic.Int64 // when the call began, in nanoseconds after born; 0: no call
}

func (d *driverCall) begin() { d.since.Store(max(int64(time.Since(d.born)), 1)) }
func (d *driverCall) end()   { d.since.Store(0) }

// lasts returns how long the call has taken so far. ok is false if there is none.
func (d *driverCall) lasts() (t time.Duration, ok bool) {
	since := d.since.Load()
	return time.Since(d.born) - time.Duration(since), since != 0
}

// hung reports whether the driver has not returned for at least [hungAfter].
func (d *driverCall) hung() bool {
	t, ok := d.lasts()
	return ok && t >= hungAfter
}

// hungReason is the trouble of a port whose driver hangs, for people.
const hungReason = "its driver does not answer; unplug the adapter and plug it in again"
