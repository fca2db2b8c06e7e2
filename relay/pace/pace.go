// Package pace lets at most one thing happen per interval. Of those that come in between only the newest matters: it
// happens when the interval is over. Most callers need [Pace.Take] and [Pace.Due].
//
// Deliberately absent: a clock, a timer, a lock, and the thing itself. They are the caller's.
package pace

import "time"

// Pace is how often one thing may happen. The zero Pace has seen nothing yet.
type Pace struct {
	last time.Time // when it happened
	owed bool      // something waits
}

// Take says whether the thing may happen at now, at most once every so often; 0: always. If it may, it counts as done.
// If not, it waits until [Pace.Due].
func (p *Pace) Take(now time.Time, every time.Duration) bool {
	if p.owed = every > 0 && now.Sub(p.last) < every; p.owed {
		return false
	}
	p.last = now
	return true
}

// Due is when what waits may happen; zero if nothing does.
func (p *Pace) Due(every time.Duration) time.Time {
	if !p.owed {
		return time.Time{}
	}
	return p.last.Add(every)
}

// Done notes that the thing happens at now, whether it was due or not. Nothing waits any more.
func (p *Pace) Done(now time.Time) { p.last, p.owed = now, false }

// Drop says that what waits is not wanted any more.
func (p *Pace) Drop() { p.owed = false }
