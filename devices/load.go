package devices

import (
	"sync/atomic"
	"time"

	"minirelay/devices/serial"
)

// load is how long a line has been occupied, since it was first configured: by the characters on it, at its speed, and
// where devices are asked also by the silences and the waits for answers between them, in which nobody else may speak.
// Characters are reckoned when somebody looks, so that counting costs the way of the data nothing.
type load struct {
	silent atomic.Int64 // nanoseconds of silences and waits; only the owner adds

	// Guarded by the line's mu.
	before time.Duration // characters of the sessions before
	from   uint64        // traffic at the beginning of the session
}

// traffic is how many characters have been on the line. The echo of what was sent is no second one.
func (l *line) traffic(c serial.Config) uint64 {
	n := l.tap.Bytes.Load()
	if !c.Echo {
		n += l.tap.Sent.Load()
	}
	return n
}

// beginLoad and endLoad mark the session whose speed counts; mu is held.
func (l *line) beginLoad(c serial.Config) { l.load.from = l.traffic(c) }
func (l *line) endLoad(c serial.Config)   { l.load.before += l.characters(c) }

// characters is how long those of the session have taken; mu is held.
func (l *line) characters(c serial.Config) time.Duration {
	if !c.KnowsSpeed() {
		return 0
	}
	return time.Duration(float64(l.traffic(c)-l.load.from) * c.Character())
}

// occupied notes what of an exchange with a device, which began at a time and a traffic, was no characters.
func (l *line) occupied(c serial.Config, began time.Time, traffic uint64) {
	wait := time.Since(began)
	if c.KnowsSpeed() {
		wait -= c.Lasts(int(l.traffic(c) - traffic))
	}
	if wait > 0 {
		l.load.silent.Add(int64(wait))
	}
}

// busy is how long the line has been occupied; mu is held. known is false where neither the speed of the line nor any
// exchange tells.
func (l *line) busy() (busy time.Duration, known bool) {
	busy = l.load.before + time.Duration(l.load.silent.Load())
	if l.session != nil {
		busy += l.characters(l.session.config)
	}
	return busy, l.port.KnowsSpeed() || l.devices[0].poller != nil
}
