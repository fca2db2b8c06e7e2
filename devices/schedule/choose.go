package schedule

import (
	"time"

	"minirelay/devices/codec"
)

// shares says how long a busy line polls only answering queries after a query of each health went unanswered, as a
// multiple of the time which that query took. So lost queries take at most one part in 13 of a busy line.
var shares = [...]time.Duration{Doubtful: 1, Lost: 12}

// Slot is the query that a line sends next.
type Slot struct {
	Device int // its place among the schedules
	Poll   int
	Health Health
	At     time.Time // not before this time

	schedule *Schedule
	ready    time.Time // At, if there were no late answers
	due      time.Time // of the query, whatever its device and late answers say
}

// Query returns the request to send.
func (t Slot) Query() *codec.Query { return t.schedule.Turn(t.Poll) }

// before reports whether t goes before other, which has the same health. Of queries that may go at the same time, the one
// that has been due longest goes first: the queries of a lost device take turns, even if the one whose turn it is must
// wait for late answers to another. A query that is sent once, at the beginning, goes before the others of its device.
func (t Slot) before(other Slot) bool {
	a, b := t.At, other.At
	if t.schedule == other.schedule && t.Health != Answering {
		a, b = t.ready, other.ready
	}
	switch {
	case !a.Equal(b):
		return a.Before(b)
	case t.schedule == other.schedule && t.once() != other.once():
		return t.once()
	}
	return t.due.Before(other.due)
}

func (t Slot) once() bool { return t.schedule.Polls[t.Poll].Once }

// Share holds, for each health, the time from which on such a query may be sent although answering ones wait for the
// line.
type Share [len(shares)]time.Time

// Used notes that a query of the health by went unanswered between started and now.
func (s *Share) Used(by Health, started, now time.Time) {
	for _, b := range [...]Health{Doubtful, by} {
		s[b] = later(s[b], now.Add(shares[b]*now.Sub(started)))
	}
}

// Next chooses the query that a line sends next; ok is false if there is none. of returns the schedule of device i of n.
// Of queries with the same health, the one that has been due longest is chosen. A doubtful query goes first while no
// answering one is due, a lost one while no answering one becomes due before the lost one has timed out; and both if
// their kind has had less than its share. No query is sent before the time that wait returns for it: until then a late
// answer to another query could be taken for its own.
func Next(n int, of func(i int) *Schedule, now time.Time, s Share, wait func(*codec.Query) time.Time) (best Slot, ok bool) {
	var first [len(shares)]Slot // by health
	for d := range n {
		m := of(d)
		m.join(now)
		for i := range m.Polls {
			by, at := m.Health(i)
			t := Slot{d, i, by, later(at, wait(m.Polls[i].Query)), m, at, m.Polls[i].due}
			if first[by].schedule == nil || t.before(first[by]) {
				first[by] = t
			}
		}
	}
	healthy := first[Answering]
	for _, by := range [...]Health{Doubtful, Lost, Answering} { // the first of those that may go now
		t := first[by]
		if t.schedule == nil {
			continue
		}
		var patience time.Duration // how soon an answering query may become due
		if by == Lost {
			patience = t.schedule.Polls[t.Poll].Timeout
		}
		if by != Answering && healthy.schedule != nil && healthy.At.Before(later(now, t.At).Add(patience)) {
			t.At = later(t.At, s[by])
		}
		t.At = later(t.At, now)
		if !ok || t.At.Before(best.At) {
			best, ok = t, true
		}
	}
	return best, ok
}
