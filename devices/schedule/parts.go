package schedule

import (
	"slices"
	"time"

	"minirelay/devices/codec"
)

// The pause until a query that was divided is tried as a whole again, which doubles each time it has to be divided again.
// What refused it may have been over in a moment, and in parts it costs the line several times its time.
const (
	firstJoin = 10 * time.Minute
	lastJoin  = 12 * time.Hour
)

// join is a query that was divided.
type join struct {
	whole *codec.Query
	rest  time.Duration
	at    time.Time // when it is tried as a whole again; zero: it is being tried
}

// Part replaces query i by others, due at once, for a while. again is true if the same query was divided before.
func (s *Schedule) Part(i int, instead []*codec.Query, now time.Time) (again bool) {
	whole := s.Polls[i].whole
	if whole == nil {
		whole = s.Polls[i].Query
	}
	at := slices.IndexFunc(s.joins, func(j join) bool { return j.whole == whole })
	if at < 0 {
		at = len(s.joins)
		s.joins = append(s.joins, join{whole: whole})
	}
	j := &s.joins[at]
	again = j.rest > 0
	if j.at.IsZero() {
		j.rest = min(max(2*j.rest, firstJoin), lastJoin)
		j.at = now.Add(j.rest)
	}
	var parts []Poll
	for _, q := range instead {
		parts = append(parts, Poll{Query: q, due: now, whole: whole})
	}
	s.Polls = slices.Replace(s.Polls, i, i+1, parts...)
	return again
}

// join puts each query together again whose time has come.
func (s *Schedule) join(now time.Time) {
	for k := range s.joins {
		j := &s.joins[k]
		if j.at.IsZero() || now.Before(j.at) {
			continue
		}
		j.at = time.Time{}
		isPart := func(a Poll) bool { return a.whole == j.whole }
		at := slices.IndexFunc(s.Polls, isPart)
		first := s.Polls[at]
		s.Polls = slices.DeleteFunc(s.Polls, isPart)
		s.Polls = slices.Insert(s.Polls, at, Poll{Query: j.whole, due: first.due})
	}
}

// Divide returns the parts by which query i is to be replaced: it goes unanswered while a part of it was answered. nil:
// it is not.
func (s *Schedule) Divide(i int) []*codec.Query {
	a := &s.Polls[i]
	if a.missed == 0 || !a.brief || a.Parts == nil {
		return nil
	}
	a.brief = false
	return a.Parts()
}

// Turn returns the request to send when query i is due. It is the query itself, or each second time, while that is
// unanswered, a short part of it: a unit that keeps silent about a long request, or one with a register that it does not
// have, may answer a short one.
func (s *Schedule) Turn(i int) *codec.Query {
	a := &s.Polls[i]
	tries := a.missed
	if s.Proven {
		tries -= a.Retries
	}
	if tries <= 0 || tries%2 == 0 || a.brief {
		return a.Query
	}
	q := a.Query
	for q.Parts != nil { // alternately its first and its last register
		parts := q.Parts()
		if len(parts) == 0 {
			break
		}
		q = parts[(tries/2%2)*(len(parts)-1)]
	}
	return q
}
