package devices

import (
	"sync/atomic"
	"time"

	"minirelay/devices/serial"
)

// load is how long a line has been occupied since it was first configured: by the characters on it, at its speed, and
// with polled devices also by the silences and waits for answers between them, in which no other device may speak. The
// time of the characters is computed when the load is read, so that counting costs the data path nothing.
type load struct {
	silent atomic.Int64 // nanoseconds of silences and waits; only the owner of the port adds

	// Guarded by the line's mu.
	before time.Duration // time of the characters of earlier sessions
	from   uint64        // traffic at the beginning of the session, in characters
}

// traffic is how many characters have been on the line. The echo of sent bytes is not counted again.
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

// characters is how long the characters of the session have taken; mu is held. It is 0 where the speed is unknown.
func (l *line) characters(c serial.Config) time.Duration {
	if !c.KnowsSpeed() {
		return 0
	}
	return time.Duration(float64(l.traffic(c)-l.load.from) * c.Character())
}

// occupied adds the time since began without the time of the characters since traffic: the silences and waits of a
// request.
func (l *line) occupied(c serial.Config, began time.Time, traffic uint64) {
	wait := time.Since(began)
	if c.KnowsSpeed() {
		wait -= c.Lasts(int(l.traffic(c) - traffic))
	}
	if wait > 0 {
		l.load.silent.Add(int64(wait))
	}
}

// busy returns how long the line has been occupied; mu is held. known is false if the speed of the line is unknown and
// no device is polled.
func (l *line) busy() (busy time.Duration, known bool) {
	busy = l.load.before + time.Duration(l.load.silent.Load())
	if l.session != nil {
		busy += l.characters(l.session.config)
	}
	return busy, l.port.KnowsSpeed() || l.devices[0].poller != nil
}
