package devices

import (
	"math/rand/v2"
	"slices"
	"time"

	"minirelay/devices/codec"
)

const (
	never    = 100 * 365 * 24 * time.Hour // the next poll of a query that is sent once
	longRest = 30 * time.Second           // the longest pause between two polls of a query that is not answered
)

// health grades how well a query is answered, and so how much of the line's time it may take from the others.
type health uint8

const (
	answering health = iota // the last request was answered
	doubtful                // no request was answered yet, or the last one was not
	lost                    // several requests in a row were not answered
)

// shares says how long a busy line polls only answering queries after a query of each health went unanswered, as a
// multiple of the time which that query took. So lost queries take at most one part in 13 of a busy line.
var shares = [...]time.Duration{doubtful: 1, lost: 12}

// schedule says when each query of one device is due.
type schedule struct {
	polls    []poll
	silent   int           // unanswered requests in a row, of any query
	mute     int           // how many different queries they were
	proven   bool          // the device has answered since the port was opened
	rest     time.Duration // the current pause of a lost device
	wake     time.Time     // when a lost device is polled again
	reported bool          // the log says that the device does not answer
	parted   bool          // the log says that a request had to be split
}

// poll is one query of a device.
type poll struct {
	*codec.Query
	due     time.Time     // when the query is sent next
	missed  int           // unanswered requests in a row
	mute    bool          // unanswered since the device last answered any query
	rest    time.Duration // the current pause of a lost query
	refusal string        // the refusal that was logged last; "": none
}

func newSchedule(queries []*codec.Query) schedule {
	s := schedule{}
	for _, q := range queries {
		s.polls = append(s.polls, poll{Query: q})
	}
	return s
}

// restart makes every query due: the port has just been opened.
func (s *schedule) restart(now time.Time) {
	s.proven = false
	s.heard()
	for i := range s.polls {
		a := &s.polls[i]
		a.due, a.missed, a.rest = now, 0, 0
	}
}

// heard notes that the device has answered.
func (s *schedule) heard() {
	s.silent, s.mute, s.rest = 0, 0, 0
	for i := range s.polls {
		s.polls[i].mute = false
	}
}

// lostFor reports whether the device is polled only now and then, as far as query a shows. One query alone is not
// enough: some units keep silent instead of refusing.
func (s *schedule) lostFor(a *poll) bool {
	if !s.proven {
		return s.silent > 0
	}
	return s.silent > a.Retries && s.mute >= min(2, s.regular())
}

// regular counts the queries that are polled periodically.
func (s *schedule) regular() int {
	n := 0
	for i := range s.polls {
		if !s.polls[i].Once {
			n++
		}
	}
	return n
}

// health returns the health of query i, and when it is due.
func (s *schedule) health(i int) (health, time.Time) {
	a := &s.polls[i]
	switch {
	case s.lostFor(a):
		return lost, later(a.due, s.wake)
	case a.missed > a.Retries:
		return lost, a.due
	case a.missed > 0 || s.silent > 0 || !s.proven:
		return doubtful, a.due
	}
	return answering, a.due
}

// asked notes that query i was sent at started, and whether it was answered by now.
func (s *schedule) asked(i int, started, now time.Time, answered bool) {
	a := &s.polls[i]
	if !answered {
		s.unanswered(a, now)
		return
	}
	if a.Once && a.Nobody { // no answer was expected: it shows nothing about the device
		a.due = now.Add(never)
		return
	}
	if s.lostFor(a) {
		for j := range s.polls { // it is back: earlier silence no longer counts
			s.polls[j].missed, s.polls[j].rest = 0, 0
			s.polls[j].due = earlier(s.polls[j].due, now)
		}
	}
	s.proven = true
	s.heard()
	a.missed, a.rest = 0, 0
	a.due = a.due.Add(a.Every)
	if a.Once {
		a.due = now.Add(never)
	} else if a.due.Before(now) {
		a.due = started.Add(a.Every) // the line is too slow: missed polls are skipped, not made up for
	}
}

func (s *schedule) unanswered(a *poll, now time.Time) {
	a.missed++
	s.silent++
	if !a.mute {
		a.mute = true
		s.mute++
		s.probe(now)
	}
	a.due = later(a.due, now.Add(1)) // behind the device's other queries: one of them may be answered
	switch {
	case s.lostFor(a):
		s.rest, s.wake = longer(s.rest, a.Every, now)
	case a.missed > a.Retries:
		a.rest, a.due = longer(a.rest, a.Every, now)
	}
}

// probe makes another query of the device due, to see whether the device is there.
func (s *schedule) probe(now time.Time) {
	var next *poll
	for i := range s.polls {
		if b := &s.polls[i]; !b.mute && !b.Once && (next == nil || b.due.Before(next.due)) {
			next = b
		}
	}
	if next != nil && s.mute < 2 {
		next.due = earlier(next.due, now)
	}
}

// longer returns the pause that follows upon rest, at least least, and its end. The end is randomised: devices that
// failed together must not be polled together for ever.
func longer(rest, least time.Duration, now time.Time) (time.Duration, time.Time) {
	rest = min(max(2*rest, least), max(longRest, least))
	return rest, now.Add(rest + rand.N(rest/4+1))
}

// pollSoon makes the query due at once: its value is about to change.
func (s *schedule) pollSoon(q *codec.Query, now time.Time) {
	if i := s.find(q); i >= 0 {
		s.polls[i].due = now
	}
}

// find returns the place of a query; -1 if it is no longer polled.
func (s *schedule) find(q *codec.Query) int {
	return slices.IndexFunc(s.polls, func(a poll) bool { return a.Query == q })
}

// part replaces query i by others, due at once.
func (s *schedule) part(i int, instead []*codec.Query, now time.Time) {
	var parts []poll
	for _, q := range instead {
		parts = append(parts, poll{Query: q, due: now})
	}
	s.polls = slices.Replace(s.polls, i, i+1, parts...)
}

// slot is the query that a line sends next.
type slot struct {
	device *device
	poll   int
	health health
	at     time.Time // not before this time
}

func (t slot) query() *codec.Query { return t.device.schedule.polls[t.poll].Query }

// share holds, for each health, the time from which on such a query may be sent although answering ones wait for the
// line.
type share [len(shares)]time.Time

// used notes that a query of the health by went unanswered between started and now.
func (s *share) used(by health, started, now time.Time) {
	for _, b := range [...]health{doubtful, by} {
		s[b] = later(s[b], now.Add(shares[b]*now.Sub(started)))
	}
}

// nextSlot chooses the query that a line sends next; ok is false if there is none. Of queries with the same health, the
// one that has been due longest is chosen. A doubtful query goes first while no answering one is due, a lost one while
// no answering one becomes due before the lost one has timed out; and both if their kind has had less than its share.
// No query is sent before the time that wait returns for it: until then a late answer to another query could be taken
// for its own.
func nextSlot(devices []*device, now time.Time, s share, wait func(*codec.Query) time.Time) (best slot, ok bool) {
	var first [len(shares)]slot // by health
	for _, m := range devices {
		for i := range m.schedule.polls {
			by, at := m.schedule.health(i)
			at = later(at, wait(m.schedule.polls[i].Query))
			if t := &first[by]; t.device == nil || at.Before(t.at) {
				*t = slot{m, i, by, at}
			}
		}
	}
	healthy := first[answering]
	for _, by := range [...]health{doubtful, lost, answering} { // the first of those that may go now
		t := first[by]
		if t.device == nil {
			continue
		}
		var patience time.Duration // how soon an answering query may become due
		if by == lost {
			patience = t.query().Timeout
		}
		if by != answering && healthy.device != nil && healthy.at.Before(later(now, t.at).Add(patience)) {
			t.at = later(t.at, s[by])
		}
		t.at = later(t.at, now)
		if !ok || t.at.Before(best.at) {
			best, ok = t, true
		}
	}
	return best, ok
}
