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

// standing says how much a query may cost the others on its line.
type standing uint8

const (
	living   standing = iota // it was answered
	doubtful                 // it has not been answered yet, or not the last time
	lost                     // it is not answered
)

// shares is how long a line that is busy asks only the living after a query of each standing went unanswered: so
// many times as long as that took. So what is lost takes at most one part in 13 of a busy line.
var shares = [...]time.Duration{doubtful: 1, lost: 12}

// rounds is when one device is asked what.
type rounds struct {
	askings []asking
	silent  int  // unanswered in a row, whatever was asked
	mute    int  // queries among them
	proven  bool // it has answered since the port was opened
	rest    time.Duration
	wake    time.Time // when a lost device is asked again
	told    bool      // it was told that it does not answer
	parted  bool      // it was told that a request had to be parted
}

// asking is one query of a device.
type asking struct {
	*codec.Query
	due    time.Time
	missed int  // unanswered in a row
	mute   bool // unanswered since the device has answered anything
	rest   time.Duration
	said   string // the refusal that was told
}

func newRounds(queries []*codec.Query) rounds {
	r := rounds{}
	for _, q := range queries {
		r.askings = append(r.askings, asking{Query: q})
	}
	return r
}

// restart makes everything due: the port has just been opened.
func (r *rounds) restart(now time.Time) {
	r.proven = false
	r.heard()
	for i := range r.askings {
		a := &r.askings[i]
		a.due, a.missed, a.rest = now, 0, 0
	}
}

// heard notes that the device is there.
func (r *rounds) heard() {
	r.silent, r.mute, r.rest = 0, 0, 0
	for i := range r.askings {
		r.askings[i].mute = false
	}
}

// lostFor says whether the device is only asked now and then, as far as query a may tell. One query alone cannot:
// some units say nothing instead of no.
func (r *rounds) lostFor(a *asking) bool {
	if !r.proven {
		return r.silent > 0
	}
	return r.silent > a.Retries && r.mute >= min(2, r.regular())
}

// regular counts the queries that are asked in rounds.
func (r *rounds) regular() int {
	n := 0
	for i := range r.askings {
		if !r.askings[i].Once {
			n++
		}
	}
	return n
}

// standing of query i, and when it is its turn.
func (r *rounds) standing(i int) (standing, time.Time) {
	a := &r.askings[i]
	switch {
	case r.lostFor(a):
		return lost, later(a.due, r.wake)
	case a.missed > a.Retries:
		return lost, a.due
	case a.missed > 0 || r.silent > 0 || !r.proven:
		return doubtful, a.due
	}
	return living, a.due
}

// asked notes that query i was asked at started, and whether it was answered.
func (r *rounds) asked(i int, started, now time.Time, answered bool) {
	a := &r.askings[i]
	if !answered {
		r.unanswered(a, now)
		return
	}
	if a.Once && a.Nobody { // which shows nothing of the device
		a.due = now.Add(never)
		return
	}
	if r.lostFor(a) {
		for j := range r.askings { // it is back: what was not answered meanwhile tells nothing
			r.askings[j].missed, r.askings[j].rest = 0, 0
			r.askings[j].due = earlier(r.askings[j].due, now)
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

func (r *rounds) unanswered(a *asking, now time.Time) {
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
func (r *rounds) probe(now time.Time) {
	var next *asking
	for i := range r.askings {
		if b := &r.askings[i]; !b.mute && !b.Once && (next == nil || b.due.Before(next.due)) {
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

// soon makes the query due at once: its value is about to change.
func (r *rounds) soon(q *codec.Query, now time.Time) {
	if i := r.find(q); i >= 0 {
		r.askings[i].due = now
	}
}

// find gives the place of a query; -1 if it is not asked any more.
func (r *rounds) find(q *codec.Query) int {
	return slices.IndexFunc(r.askings, func(a asking) bool { return a.Query == q })
}

// part puts others in the place of query i, due at once.
func (r *rounds) part(i int, instead []*codec.Query, now time.Time) {
	var parts []asking
	for _, q := range instead {
		parts = append(parts, asking{Query: q, due: now})
	}
	r.askings = slices.Replace(r.askings, i, i+1, parts...)
}

// turn is what a line does next.
type turn struct {
	mapping  *attached
	asking   int
	standing standing
	at       time.Time // not before
}

func (t turn) query() *codec.Query { return t.mapping.rounds.askings[t.asking].Query }

// spare says from when on a query of each standing may be asked though living ones wait for the line.
type spare [len(shares)]time.Time

// used notes that a query of a standing went unanswered, and how long that took.
func (s *spare) used(by standing, started, now time.Time) {
	for _, b := range [...]standing{doubtful, by} {
		s[b] = later(s[b], now.Add(shares[b]*now.Sub(started)))
	}
}

// nextTurn chooses what a line does next. Of what has the same standing it is what has been due longest. What is
// doubtful goes first while nothing living is due, what is lost only while nothing living becomes due before it has
// gone unanswered; and both if their like have had less than their share. Nothing is asked while an answer to another query,
// which is late, could be taken for one to it.
func nextTurn(mappings []*attached, now time.Time, s spare, late *lateAnswers) (best turn, ok bool) {
	var first [len(shares)]turn // by standing
	for _, m := range mappings {
		for i := range m.rounds.askings {
			by, at := m.rounds.standing(i)
			at = later(at, late.wait(toQuery(m.rounds.askings[i].Query)))
			if t := &first[by]; t.mapping == nil || at.Before(t.at) {
				*t = turn{m, i, by, at}
			}
		}
	}
	alive := first[living]
	for _, by := range [...]standing{doubtful, lost, living} { // of those that may go now
		t := first[by]
		if t.mapping == nil {
			continue
		}
		var patience time.Duration // that the living need not have
		if by == lost {
			patience = t.query().Timeout
		}
		if by != living && alive.mapping != nil && alive.at.Before(later(now, t.at).Add(patience)) {
			t.at = later(t.at, s[by])
		}
		t.at = later(t.at, now)
		if !ok || t.at.Before(best.at) {
			best, ok = t, true
		}
	}
	return best, ok
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
