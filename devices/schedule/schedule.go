package schedule

import (
	"math/rand/v2"
	"slices"
	"time"

	"minirelay/devices/codec"
)

const (
	never     = 100 * 365 * 24 * time.Hour // the next poll of a query that is sent once
	longRest  = 30 * time.Second           // the longest pause between two polls of a query that is not answered
	tellPause = 5 * time.Minute            // between two reports of the same refusal
	busyPause = 100 * time.Millisecond     // the first wait of a query whose device asks for time
	busyTries = 3                          // how often such a query is sent again before its next turn
)

// Health grades how well a query is answered, and so how much of the line's time it may take from the others.
type Health uint8

// From good to bad.
const (
	Answering Health = iota // the last request was answered
	Doubtful                // no request was answered yet, or the last one was not
	Lost                    // several requests in a row were not answered
)

// Result is what became of a query.
type Result uint8

// Answered includes every refusal but that of a device which asks for time.
const (
	Answered Result = iota
	Unanswered
	Busy // the device asks for time: the same request may be answered a little later
)

// Schedule says when each query of one device is due.
type Schedule struct {
	Polls  []Poll
	Proven bool // the device has answered since the port was opened

	start  time.Time     // when the port was opened
	silent int           // unanswered requests in a row, of any query
	mute   int           // how many different queries they were
	first  int           // how many queries of a device that has never answered are still to be asked without a pause
	rest   time.Duration // the current pause of a lost device
	wake   time.Time     // when a lost device is polled again
	joins  []join
}

// Poll is one query of a device.
type Poll struct {
	*codec.Query
	due    time.Time     // when the query is sent next
	missed int           // unanswered requests in a row
	mute   bool          // unanswered since the device last answered any query
	rest   time.Duration // the current pause of a lost query
	heard  bool          // it was answered once
	busy   int           // how often in a row the device asked for time
	brief  bool          // a part of the query was answered, and the whole was not
	whole  *codec.Query  // of which it is a part; nil: it is whole

	refusal, told string    // the refusal that holds, and the one that was told last; "": none
	toldAt        time.Time // when it was told
}

// New makes the schedule of a device from its queries.
func New(queries []*codec.Query) Schedule {
	s := Schedule{}
	for _, q := range queries {
		s.Polls = append(s.Polls, Poll{Query: q})
	}
	return s
}

// Restart makes every query due: the port has just been opened.
func (s *Schedule) Restart(now time.Time) {
	s.Proven, s.start = false, now
	s.first = s.regular()
	s.heard()
	for i := range s.Polls {
		a := &s.Polls[i]
		a.due, a.missed, a.rest = now, 0, 0
	}
}

// heard notes that the device has answered.
func (s *Schedule) heard() {
	s.silent, s.mute, s.rest = 0, 0, 0
	for i := range s.Polls {
		s.Polls[i].mute = false
	}
}

// lostFor reports whether the device is polled only now and then, as far as query a shows. One query alone is not
// enough: some units keep silent instead of refusing.
func (s *Schedule) lostFor(a *Poll) bool {
	if !s.Proven {
		return s.silent > 0
	}
	return s.silent > a.Retries && s.mute >= min(2, s.regular())
}

// regular counts the queries that are polled periodically.
func (s *Schedule) regular() int {
	n := 0
	for i := range s.Polls {
		if !s.Polls[i].Once {
			n++
		}
	}
	return n
}

// Health returns the health of query i, and when it is due.
func (s *Schedule) Health(i int) (Health, time.Time) {
	a := &s.Polls[i]
	switch {
	case s.lostFor(a):
		return Lost, later(a.due, s.wake)
	case a.missed > a.Retries:
		return Lost, a.due
	case a.missed > 0 || s.silent > 0 || !s.Proven:
		return Doubtful, a.due
	}
	return Answering, a.due
}

// Asked notes what became by now of q, which was sent in the turn of query i: see [Schedule.Turn].
func (s *Schedule) Asked(i int, q *codec.Query, now time.Time, r Result) {
	a := &s.Polls[i]
	switch {
	case q != a.Query && r != Unanswered: // only its part: the device is there, and the whole follows at once
		s.back(a, now)
		a.brief, a.due = true, now
		return
	case r == Unanswered:
		s.unanswered(i, now)
		return
	case a.Once && a.Nobody: // no answer was expected: it shows nothing about the device
		a.due = now.Add(never)
		return
	}
	s.back(a, now)
	a.missed, a.rest, a.brief, a.heard = 0, 0, false, true
	a.due = s.nextTurn(a, now)
	if a.busy++; r == Busy && a.busy <= busyTries {
		a.due = earlier(a.due, now.Add(busyPause<<(a.busy-1)))
		return
	}
	if r != Busy {
		a.busy = 0
	}
	if a.Once {
		a.due = now.Add(never)
	}
}

// nextTurn returns when a is sent next after it was answered. Queries with one interval are due at the same times, whenever
// each of them was answered: one round is one picture of the hardware. If the line is too slow, polls are skipped, not made
// up for.
func (s *Schedule) nextTurn(a *Poll, now time.Time) time.Time {
	if a.Every <= 0 {
		return now
	}
	return s.Start(now).Add((now.Sub(s.start)/a.Every + 1) * a.Every)
}

// Start returns the time from which rounds are counted: when the port was opened, or else now.
func (s *Schedule) Start(now time.Time) time.Time {
	if s.start.IsZero() {
		s.start = now
	}
	return s.start
}

// back notes an answer in the turn of a: earlier silence of the device no longer counts.
func (s *Schedule) back(a *Poll, now time.Time) {
	if s.lostFor(a) {
		for j := range s.Polls {
			s.Polls[j].missed, s.Polls[j].rest = 0, 0
			s.Polls[j].due = earlier(s.Polls[j].due, now)
		}
	}
	s.Proven = true
	s.heard()
}

func (s *Schedule) unanswered(i int, now time.Time) {
	a := &s.Polls[i]
	a.missed++
	s.silent++
	if !a.mute {
		a.mute = true
		s.mute++
		s.probe(now)
	}
	a.due = later(a.due, now.Add(1)) // behind the device's other queries: one of them may be answered
	switch {
	case !s.Proven && s.first > 1: // ask each once before the first pause
		s.first--
		s.wake = now
	case s.lostFor(a):
		s.rest, s.wake = longer(s.rest, a.Every, now)
	case a.missed > a.Retries:
		a.rest, a.due = longer(a.rest, a.Every, now)
	}
}

// probe makes another query of the device due, to see whether the device is there.
func (s *Schedule) probe(now time.Time) {
	var next *Poll
	for i := range s.Polls {
		if b := &s.Polls[i]; !b.mute && !b.Once && (next == nil || b.due.Before(next.due)) {
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

// Soon makes the query due at once: its value is about to change.
func (s *Schedule) Soon(q *codec.Query, now time.Time) {
	if i := s.Find(q); i >= 0 {
		s.Polls[i].due = now
	}
}

// Find returns the place of a query; -1 if it is no longer polled.
func (s *Schedule) Find(q *codec.Query) int {
	return slices.IndexFunc(s.Polls, func(a Poll) bool { return a.Query == q })
}

// Refused notes that the device refuses the query for a reason, and says whether to tell it: a reason that comes and goes
// is told at most once in some minutes.
func (a *Poll) Refused(reason string, now time.Time) (tell bool) {
	if a.refusal == reason {
		return false
	}
	a.refusal = ""
	if a.told == reason && now.Sub(a.toldAt) < tellPause {
		return false
	}
	a.refusal, a.told, a.toldAt = reason, reason, now
	return true
}

// Heard reports whether the last request was answered, and there was one.
func (a *Poll) Heard() bool { return a.heard && a.missed == 0 }

// Accepted notes that the device does not refuse the query, and says whether to tell it: whether a refusal was told
// that held until now.
func (a *Poll) Accepted() (tell bool) {
	tell = a.refusal != ""
	a.refusal = ""
	return tell
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
