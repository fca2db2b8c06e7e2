package devices

import (
	"math/rand/v2"
	"slices"
	"time"

	"minirelay/devices/codec"
)

const (
	never    = 100 * 365 * 24 * time.Hour
	longRest = 30 * time.Second // the longest time in which what is not answered is not asked
)

// health says how much a query may cost the others on its line.
type health uint8

const (
	answering health = iota // it was answered
	doubtful                // it has not been answered yet, or not the last time
	lost                    // it is not answered
)

// shares is how long a line that is busy asks only the living after a query of each standing went unanswered: so
// many times as long as that took. So what is lost takes at most one part in 13 of a busy line.
var shares = [...]time.Duration{doubtful: 1, lost: 12}

// schedule is when one device is asked what.
type schedule struct {
	polls    []poll
	silent   int  // unanswered in a row, whatever was asked
	mute     int  // queries among them
	proven   bool // it has answered since the port was opened
	rest     time.Duration
	wake     time.Time // when a lost device is asked again
	reported bool      // it was told that it does not answer
	parted   bool      // it was told that a request had to be parted
}

// poll is one query of a device.
type poll struct {
	*codec.Query
	due    time.Time
	missed int  // unanswered in a row
	mute   bool // unanswered since the device has answered anything
	rest   time.Duration
	said   string // the refusal that was told
}

func newSchedule(queries []*codec.Query) schedule {
	r := schedule{}
	for _, q := range queries {
		r.polls = append(r.polls, poll{Query: q})
	}
	return r
}

// restart makes everything due: the port has just been opened.
func (r *schedule) restart(now time.Time) {
	r.proven = false
	r.heard()
	for i := range r.polls {
		a := &r.polls[i]
		a.due, a.missed, a.rest = now, 0, 0
	}
}

// heard notes that the device is there.
func (r *schedule) heard() {
	r.silent, r.mute, r.rest = 0, 0, 0
	for i := range r.polls {
		r.polls[i].mute = false
	}
}

// lostFor says whether the device is only asked now and then, as far as query a may tell. One query alone cannot:
// some units say nothing instead of no.
func (r *schedule) lostFor(a *poll) bool {
	if !r.proven {
		return r.silent > 0
	}
	return r.silent > a.Retries && r.mute >= min(2, r.regular())
}

// regular counts the queries that are asked in rounds.
func (r *schedule) regular() int {
	n := 0
	for i := range r.polls {
		if !r.polls[i].Once {
			n++
		}
	}
	return n
}

// health of query i, and when it is its turn.
func (r *schedule) health(i int) (health, time.Time) {
	a := &r.polls[i]
	switch {
	case r.lostFor(a):
		return lost, later(a.due, r.wake)
	case a.missed > a.Retries:
		return lost, a.due
	case a.missed > 0 || r.silent > 0 || !r.proven:
		return doubtful, a.due
	}
	return answering, a.due
}

// asked notes that query i was asked at started, and whether it was answered.
func (r *schedule) asked(i int, started, now time.Time, answered bool) {
	a := &r.polls[i]
	if !answered {
		r.unanswered(a, now)
		return
	}
	if a.Once && a.Nobody { // which shows nothing of the device
		a.due = now.Add(never)
		return
	}
	if r.lostFor(a) {
		for j := range r.polls { // it is back: what was not answered meanwhile tells nothing
			r.polls[j].missed, r.polls[j].rest = 0, 0
			r.polls[j].due = earlier(r.polls[j].due, now)
		}
	}
	r.proven = true
	r.heard()
	a.missed, a.rest = 0, 0
	a.due = a.due.Add(a.Every)
	if a.Once {
		a.due = now.Add(never)
	} else if a.due.Before(now) {
		a.due = started.Add(a.Every) // the line is too slow for it: rounds are left out, not made up for
	}
}

func (r *schedule) unanswered(a *poll, now time.Time) {
	a.missed++
	r.silent++
	if !a.mute {
		a.mute = true
		r.mute++
		r.probe(now)
	}
	a.due = later(a.due, now.Add(1)) // behind the device's other queries: one of them may be answered
	switch {
	case r.lostFor(a):
		r.rest, r.wake = longer(r.rest, a.Every, now)
	case a.missed > a.Retries:
		a.rest, a.due = longer(a.rest, a.Every, now)
	}
}

// probe has the device asked something else, to see whether it is there.
func (r *schedule) probe(now time.Time) {
	var next *poll
	for i := range r.polls {
		if b := &r.polls[i]; !b.mute && !b.Once && (next == nil || b.due.Before(next.due)) {
			next = b
		}
	}
	if next != nil && r.mute < 2 {
		next.due = earlier(next.due, now)
	}
}

// longer gives the rest that follows upon another, and its end. It is spread: devices that died together must not
// be asked together for ever.
func longer(rest, least time.Duration, now time.Time) (time.Duration, time.Time) {
	rest = min(max(2*rest, least), max(longRest, least))
	return rest, now.Add(rest + rand.N(rest/4+1))
}

// pollSoon makes the query due at once: its value is about to change.
func (r *schedule) pollSoon(q *codec.Query, now time.Time) {
	if i := r.find(q); i >= 0 {
		r.polls[i].due = now
	}
}

// find gives the place of a query; -1 if it is not asked any more.
func (r *schedule) find(q *codec.Query) int {
	return slices.IndexFunc(r.polls, func(a poll) bool { return a.Query == q })
}

// part puts others in the place of query i, due at once.
func (r *schedule) part(i int, instead []*codec.Query, now time.Time) {
	var parts []poll
	for _, q := range instead {
		parts = append(parts, poll{Query: q, due: now})
	}
	r.polls = slices.Replace(r.polls, i, i+1, parts...)
}

// slot is what a line does next.
type slot struct {
	device *device
	poll   int
	health health
	at     time.Time // not before
}

func (t slot) query() *codec.Query { return t.device.schedule.polls[t.poll].Query }

// share says from when on a query of each standing may be asked though living ones wait for the line.
type share [len(shares)]time.Time

// used notes that a query of a standing went unanswered, and how long that took.
func (s *share) used(by health, started, now time.Time) {
	for _, b := range [...]health{doubtful, by} {
		s[b] = later(s[b], now.Add(shares[b]*now.Sub(started)))
	}
}

// nextSlot chooses what a line does next. Of what has the same standing it is what has been due longest. What is
// doubtful goes first while nothing living is due, what is lost only while nothing living becomes due before it has
// gone unanswered; and both if their like have had less than their share. Nothing is asked while an answer to another query,
// which is late, could be taken for one to it.
func nextSlot(devices []*device, now time.Time, s share, wait func(*codec.Query) time.Time) (best slot, ok bool) {
	var first [len(shares)]slot // by standing
	for _, m := range devices {
		for i := range m.schedule.polls {
			by, at := m.schedule.health(i)
			at = later(at, wait(m.schedule.polls[i].Query))
			if t := &first[by]; t.device == nil || at.Before(t.at) {
				*t = slot{m, i, by, at}
			}
		}
	}
	alive := first[answering]
	for _, by := range [...]health{doubtful, lost, answering} { // of those that may go now
		t := first[by]
		if t.device == nil {
			continue
		}
		var patience time.Duration // that the living need not have
		if by == lost {
			patience = t.query().Timeout
		}
		if by != answering && alive.device != nil && alive.at.Before(later(now, t.at).Add(patience)) {
			t.at = later(t.at, s[by])
		}
		t.at = later(t.at, now)
		if !ok || t.at.Before(best.at) {
			best, ok = t, true
		}
	}
	return best, ok
}
