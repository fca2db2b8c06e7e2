// Package pace limits one thing to at most once per interval. Of the requests in between only the newest matters: it is
// carried out when the interval is over. Most callers need [Pace.Take] and [Pace.Due].
//
// Deliberately absent: a clock, a timer, a lock, and the thing itself. They are the caller's.
package pace

import "time"

// Pace is how often one thing may happen. The zero Pace has seen nothing yet.
type Pace struct {
	last time.Time // when it happened
	owed bool      // something waits
}

// Take reports whether the thing may happen at now, given at most one per interval; 0: always. If it may, it counts as
// done. If not, it waits until [Pace.Due].
func (p *Pace) Take(now time.Time, every time.Duration) bool {
	if p.owed = every > 0 && now.Sub(p.last) < every; p.owed {
		return false
	}
	p.last = now
	return true
}

// Due returns when the waiting one may happen; zero if none waits.
func (p *Pace) Due(every time.Duration) time.Time {
	if !p.owed {
		return time.Time{}
	}
	return p.last.Add(every)
}

// Done records that the thing happens at now, whether it was due or not. Nothing waits any more.
func (p *Pace) Done(now time.Time) { p.last, p.owed = now, false }

// Drop discards the waiting one.
func (p *Pace) Drop() { p.owed = false }
