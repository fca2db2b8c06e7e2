package devices

import (
	"math/rand/v2"
	"time"
)

const (
	deadAfter = 2                // unanswered queries in a row, after which a device is asked ever more rarely
	longRest  = 30 * time.Second // the longest time in which a dead device is not asked
	deadShare = 20               // of the time of a busy line at most one part in so many goes to the dead
)

// rounds is when one device is asked what.
type rounds struct {
	queries []*query
	due     []time.Time // by query
	missed  int         // unanswered in a row
	proven  bool        // it has answered since the port was opened
	rest    time.Duration
	wake    time.Time // when a dead device is asked again
}

func newRounds(queries []*query) rounds {
	return rounds{queries: queries, due: make([]time.Time, len(queries))}
}

// restart makes everything due: the port has just been opened.
func (r *rounds) restart(now time.Time) {
	for i := range r.due {
		r.due[i] = now
	}
	r.missed, r.proven, r.rest = 0, false, 0
}

// dead says whether the device is only asked now and then.
func (r *rounds) dead() bool { return r.missed >= deadAfter || r.missed > 0 && !r.proven }

// next gives the query that has been due longest, and when.
func (r *rounds) next() (i int, at time.Time, ok bool) {
	for j, due := range r.due {
		if !ok || due.Before(at) {
			i, at, ok = j, due, true
		}
	}
	if ok && r.dead() {
		at = r.wake
	}
	return i, at, ok
}

// asked notes that query i was asked at started, and whether it was answered.
func (r *rounds) asked(i int, started, now time.Time, answered bool) {
	every := r.queries[i].every
	r.due[i] = r.due[i].Add(every)
	if r.due[i].Before(now.Add(-every / 2)) {
		r.due[i] = started.Add(every) // the line is too slow for it: rounds are left out, not made up for
	}
	if answered {
		r.missed, r.proven, r.rest = 0, true, 0
		return
	}
	r.missed++
	if r.dead() {
		r.rest = min(max(2*r.rest, every), longRest)
		// Spread, or devices that died together would be asked together for ever.
		r.wake = now.Add(r.rest + rand.N(r.rest/4+1))
	}
}

// soon makes the query due at once: its value is about to change.
func (r *rounds) soon(q *query, now time.Time) {
	for i := range r.queries {
		if r.queries[i] == q {
			r.due[i] = now
		}
	}
}

// turn is what a line does next.
type turn struct {
	mapping *mapping
	query   int
	at      time.Time // not before
}

// nextTurn chooses among the devices of a line: of the living the one that has been due longest. A dead one only
// has its turn when no living one is waiting for the line, or when the dead have had less than their share.
func nextTurn(mappings []*mapping, now, deadFrom time.Time) (t turn, ok bool) {
	var dead turn
	var anyDead bool
	for _, m := range mappings {
		i, at, some := m.rounds.next()
		switch {
		case !some:
		case m.rounds.dead():
			if !anyDead || at.Before(dead.at) {
				dead, anyDead = turn{m, i, at}, true
			}
		case !ok || at.Before(t.at):
			t, ok = turn{m, i, at}, true
		}
	}
	switch {
	case !anyDead:
		return t, ok
	case !ok:
		return dead, true
	}
	patience := dead.mapping.rounds.queries[dead.query].timeout
	if t.at.Before(later(now, dead.at).Add(patience)) {
		dead.at = later(dead.at, deadFrom) // a living one would have to wait for it
	}
	if dead.at.After(now) && !dead.at.Before(t.at) {
		return t, true
	}
	return dead, true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
