package answers

import (
	"time"

	"minirelay/devices/codec"
)

// Late holds the answers that are no longer waited for and may still arrive. Where an answer does not show which
// question it answers, the next question must not take a late answer for its own: it waits until the late ones have
// come or have expired. Commands to boards that talk by themselves and all requests to polled devices use it. It
// outlasts the session: a board behind the port may not notice that the port is lost and opened again. It is guarded by
// the line's mu.
type Late struct {
	by    map[string]expected // the key is one of Question.Looks
	Taken chan struct{}       // holds a token when the last expected answer of a look has come
	worst time.Duration       // how late answers to polled devices are expected, because some were as late
}

type expected struct {
	to     Question
	n      int       // how many answers to it may still come
	others int       // how many answers to earlier questions of the same look may still come
	maybe  int       // how many more answers to it come if those that were doubted were answers to others
	first  time.Time // when the oldest of them was asked for; zero: unknown
	until  time.Time // when no question of this look need wait for them any longer
	silent bool      // the last request was not answered
}

// Question is a command or a query to which a late answer may come.
type Question struct {
	Asked any // the *relay.Task of a command, or the *codec.Query; the same for every try
	// Looks names the answers that look alike: a late one could be taken for the answer to another question with the
	// same look. "": the answer shows which question it answers.
	Looks [2]string
	// Fits reports whether a frame may be an answer to the question. nil: frames that arrive unasked are not compared.
	Fits func(text []byte) bool
	// Written is the time at which the last byte of a query left; zero: unknown.
	Written time.Time
}

// ToQuery returns a query as a question.
func ToQuery(q *codec.Query) Question {
	return Question{Asked: q, Looks: [2]string{q.Shape, q.Refusal}}
}

// lateFor is how late an answer may always come without being taken for another one. A short timeout says how long a
// client is worth keeping waiting, and not that a busy device keeps silent afterwards.
const lateFor = 500 * time.Millisecond

// By returns the time until which the answer to a question may come that was written at written and has this
// timeout.
func By(written time.Time, timeout time.Duration) time.Time {
	return written.Add(max(2*timeout, lateFor))
}

const (
	// The answer of a polled device may always come lateReads times its timeout late, and at least lateReadFor.
	lateReads   = 4
	lateReadFor = 2 * time.Second
	// worstLate bounds how late answers are expected because some were as late.
	worstLate = 20 * time.Second
	// forgotten is how long behind its time a late answer of a polled device is still reckoned with.
	forgotten = 10 * time.Second
	// MostLate bounds how many answers are reckoned with that may still come.
	MostLate = 8
)

// PollBy is [By] for a query of a polled device. Of a command, less time is allowed: the next one must not become too
// old in it.
func (l *Late) PollBy(q *codec.Query, written time.Time) time.Time {
	if !q.By.IsZero() {
		return By(written, q.Timeout)
	}
	return written.Add(max(lateReads*q.Timeout, lateReadFor, l.worst))
}

// Expect notes the result of q, which was written. If it is unanswered, its answer may come until the given time. If it
// was answered, the answer may have belonged to an earlier try, so that one more may still come.
func (l *Late) Expect(q Question, unanswered bool, until time.Time) {
	for _, look := range q.Looks {
		if look == "" {
			continue
		}
		a, due := l.by[look]
		switch due = due && !a.over(time.Now()); {
		case due && a.to.Asked == q.Asked:
			if unanswered {
				a.n = min(a.n+1, MostLate)
			}
			if unanswered || a.silent || a.to.Fits != nil {
				a.until = until
			}
			a.silent = unanswered
		case unanswered:
			a = expected{to: q, n: 1, first: q.Written, until: until, silent: true}
		case due:
			continue
		default:
			delete(l.by, look)
			continue
		}
		l.keep(look, a)
	}
}

// over reports whether no answer is reckoned with any more.
func (a *expected) over(now time.Time) bool {
	if a.to.Fits == nil {
		return now.After(a.until.Add(forgotten)) || a.n+a.others+a.maybe == 0
	}
	return !now.Before(a.until)
}

func (l *Late) keep(look string, a expected) {
	if l.by == nil {
		l.by = map[string]expected{}
	}
	l.by[look] = a
}

// Doubtful notes that nothing has come in time behind an answer to q that was doubted, or among what belongs to another
// master.
func (l *Late) Doubtful(q Question, until time.Time) {
	for _, look := range q.Looks {
		if a, ok := l.by[look]; ok && a.to.Asked == q.Asked {
			a.maybe, a.until = min(a.maybe+1, MostLate), until
			l.by[look] = a
		}
	}
}

// Begin notes that q, a query of a polled device, is written now: of a late answer to another question of its look,
// nothing will show that it is not the answer to q. A query that is written after the time for which late answers are
// waited for has to do with them only by their number: see [Late.Doubts].
func (l *Late) Begin(q Question) {
	for _, look := range q.Looks {
		a, ok := l.by[look]
		switch {
		case !ok || a.to.Asked == q.Asked:
		case a.over(time.Now()):
			delete(l.by, look)
			if a.n+a.others > 0 {
				l.worst -= l.worst / 8 // it never came
			}
		default:
			a.others, a.n, a.maybe, a.to = min(a.others+a.n, MostLate), 0, 0, q
			l.by[look] = a
		}
	}
}

// Open reports whether answers to other questions of the look of q may still come, after the time for which they are
// waited for.
func (l *Late) Open(q Question) bool {
	for _, look := range q.Looks {
		if a, ok := l.by[look]; ok && a.to.Asked != q.Asked && !a.over(time.Now()) {
			return true
		}
	}
	return false
}

// Doubts reports whether an answer to q that has come, with this verdict, may be the late answer to another question. Each
// one that is doubted leaves one fewer to doubt: where answers come in the order of the requests, none is taken for another.
func (l *Late) Doubts(q Question, v codec.Verdict) bool {
	look := q.Looks[0]
	if v == codec.Refused && q.Looks[1] != "" {
		look = q.Looks[1]
	}
	a, ok := l.by[look]
	if !ok || a.others == 0 || look == "" {
		return false
	}
	a.others--
	l.by[look] = a
	return true
}

// Heard takes bytes of a polled device for which no request waited. Late answers among them prove how late they may be.
func (l *Late) Heard(got []byte, at time.Time) (late bool) {
	for look, a := range l.by {
		q, ok := a.to.Asked.(*codec.Query)
		if !ok || q.Answer == nil {
			continue
		}
		if _, v := q.Answer(got, true); v != codec.Fits && v != codec.Refused {
			continue
		}
		late = true
		n := 1
		if q.Length > 0 {
			n = max(1, len(got)/q.Length)
		}
		for _, of := range [...]*int{&a.maybe, &a.others, &a.n} {
			took := min(n, *of)
			*of, n = *of-took, n-took
		}
		if !a.first.IsZero() {
			l.worst = min(max(l.worst, at.Sub(a.first)*5/4), worstLate)
		}
		a.until = later(a.until, at.Add(l.worst))
		if l.by[look] = a; a.n+a.others+a.maybe == 0 {
			delete(l.by, look)
		}
	}
	return late
}

// Take takes an answer for which no question waits. If the answer was expected, one fewer is expected from now on.
func (l *Late) Take(text []byte) {
	for look, a := range l.by {
		if a.to.Fits == nil || !a.to.Fits(text) {
			continue
		}
		if a.n--; a.n > 0 {
			l.by[look] = a
			continue
		}
		delete(l.by, look)
		select {
		case l.Taken <- struct{}{}:
		default: // the waiting command is already woken
		}
	}
}

// Wait returns the time before which q must not be written, because a late answer to another question could be taken
// for its own. The zero time means now. A query that was answered again waits too while an earlier answer to it may still
// come: otherwise there would be no time at which all of them have come, and the others would wait for ever.
func (l *Late) Wait(q Question) (until time.Time) {
	if len(l.by) == 0 {
		return until
	}
	for _, look := range q.Looks {
		a, ok := l.by[look] // no answer is stored under ""
		if ok && (a.to.Asked != q.Asked || a.to.Fits == nil && !a.silent && a.n+a.maybe > 0) {
			until = later(until, a.until)
		}
	}
	return until
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
