package devices

import (
	"time"

	"minirelay/devices/codec"
	"minirelay/relay"
)

// lateAnswers are the answers that are no longer waited for and may still arrive. Where an answer does not show which
// question it answers, the next question must not take a late answer for its own: it waits until the late ones have
// come or have expired. Commands to boards that talk by themselves and all requests to polled devices use it. It
// outlasts the session: a board behind the port may not notice that the port is lost and opened again. It is guarded by
// the line's mu.
type lateAnswers struct {
	by    map[string]lateAnswer // the key is one of question.looks
	taken chan struct{}         // holds a token when the last expected answer of a look has come
	worst time.Duration         // how late answers to polled devices are expected, because some were as late
}

type lateAnswer struct {
	to     question
	n      int       // how many answers to it may still come
	others int       // how many answers to earlier questions of the same look may still come
	maybe  int       // how many more answers to it come if those that were doubted were answers to others
	first  time.Time // when the oldest of them was asked for; zero: unknown
	until  time.Time // when no question of this look need wait for them any longer
	silent bool      // the last request was not answered
}

// question is a command or a query to which a late answer may come.
type question struct {
	asked any // the *relay.Task of a command, or the *codec.Query; the same for every try
	// looks names the answers that look alike: a late one could be taken for the answer to another question with the
	// same look. "": the answer shows which question it answers.
	looks [2]string
	// fits reports whether a frame may be an answer to the question. nil: frames that arrive unasked are not compared.
	fits func(text []byte) bool
	// written is the time at which the last byte of a query left; zero: unknown.
	written time.Time
}

// toQuery returns a query as a question.
func toQuery(q *codec.Query) question {
	return question{asked: q, looks: [2]string{q.Shape, q.Refusal}}
}

// toCommand returns a command to a device that talks by itself as a question; value is the value as written, "": any.
func toCommand(t *relay.Task, c *codec.Command, value string) question {
	q := question{asked: t, fits: func(text []byte) bool { return mayAnswer(c, text, value) }}
	if !c.Numbered() {
		q.looks[0] = "an answer without a number"
	}
	return q
}

// lateFor is how late an answer may always come without being taken for another one. A short timeout says how long a
// client is worth keeping waiting, and not that a busy device keeps silent afterwards.
const lateFor = 500 * time.Millisecond

// lateBy returns the time until which the answer to a question may come that was written at written and has this
// timeout.
func lateBy(written time.Time, timeout time.Duration) time.Time {
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
	// mostLate bounds how many answers are reckoned with that may still come.
	mostLate = 8
)

// pollLateBy is [lateBy] for a query of a polled device. Of a command, less time is allowed: the next one must not become too
// old in it.
func (l *lateAnswers) pollLateBy(q *codec.Query, written time.Time) time.Time {
	if !q.By.IsZero() {
		return lateBy(written, q.Timeout)
	}
	return written.Add(max(lateReads*q.Timeout, lateReadFor, l.worst))
}

// expect notes the result of q, which was written. If it is unanswered, its answer may come until the given time. If it
// was answered, the answer may have belonged to an earlier try, so that one more may still come.
func (l *lateAnswers) expect(q question, unanswered bool, until time.Time) {
	for _, look := range q.looks {
		if look == "" {
			continue
		}
		a, due := l.by[look]
		switch due = due && !a.over(time.Now()); {
		case due && a.to.asked == q.asked:
			if unanswered {
				a.n = min(a.n+1, mostLate)
			}
			if unanswered || a.silent || a.to.fits != nil {
				a.until = until
			}
			a.silent = unanswered
		case unanswered:
			a = lateAnswer{to: q, n: 1, first: q.written, until: until, silent: true}
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
func (a *lateAnswer) over(now time.Time) bool {
	if a.to.fits == nil {
		return now.After(a.until.Add(forgotten)) || a.n+a.others+a.maybe == 0
	}
	return !now.Before(a.until)
}

func (l *lateAnswers) keep(look string, a lateAnswer) {
	if l.by == nil {
		l.by = map[string]lateAnswer{}
	}
	l.by[look] = a
}

// doubtful notes that nothing has come in time behind an answer to q that was doubted, or among what belongs to another
// master.
func (l *lateAnswers) doubtful(q question, until time.Time) {
	for _, look := range q.looks {
		if a, ok := l.by[look]; ok && a.to.asked == q.asked {
			a.maybe, a.until = min(a.maybe+1, mostLate), until
			l.by[look] = a
		}
	}
}

// begin notes that q, a query of a polled device, is written now: of a late answer to another question of its look,
// nothing will show that it is not the answer to q. A query that is written after the time for which late answers are
// waited for has to do with them only by their number: see doubts.
func (l *lateAnswers) begin(q question) {
	for _, look := range q.looks {
		a, ok := l.by[look]
		switch {
		case !ok || a.to.asked == q.asked:
		case a.over(time.Now()):
			delete(l.by, look)
			if a.n+a.others > 0 {
				l.worst -= l.worst / 8 // it never came
			}
		default:
			a.others, a.n, a.maybe, a.to = min(a.others+a.n, mostLate), 0, 0, q
			l.by[look] = a
		}
	}
}

// open reports whether answers to other questions of the look of q may still come, after the time for which they are
// waited for.
func (l *lateAnswers) open(q question) bool {
	for _, look := range q.looks {
		if a, ok := l.by[look]; ok && a.to.asked != q.asked && !a.over(time.Now()) {
			return true
		}
	}
	return false
}

// doubts reports whether an answer to q that has come, with this verdict, may be the late answer to another question. Each
// one that is doubted leaves one fewer to doubt: where answers come in the order of the requests, none is taken for another.
func (l *lateAnswers) doubts(q question, v codec.Verdict) bool {
	look := q.looks[0]
	if v == codec.Refused && q.looks[1] != "" {
		look = q.looks[1]
	}
	a, ok := l.by[look]
	if !ok || a.others == 0 || look == "" {
		return false
	}
	a.others--
	l.by[look] = a
	return true
}

// heard takes bytes of a polled device for which no request waited. Late answers among them prove how late they may be.
func (l *lateAnswers) heard(got []byte, at time.Time) (late bool) {
	for look, a := range l.by {
		q, ok := a.to.asked.(*codec.Query)
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

// take takes an answer for which no question waits. If the answer was expected, one fewer is expected from now on.
func (l *lateAnswers) take(text []byte) {
	for look, a := range l.by {
		if a.to.fits == nil || !a.to.fits(text) {
			continue
		}
		if a.n--; a.n > 0 {
			l.by[look] = a
			continue
		}
		delete(l.by, look)
		select {
		case l.taken <- struct{}{}:
		default: // the waiting command is already woken
		}
	}
}

// wait returns the time before which q must not be written, because a late answer to another question could be taken
// for its own. The zero time means now.
func (l *lateAnswers) wait(q question) (until time.Time) {
	if len(l.by) == 0 {
		return until
	}
	for _, look := range q.looks {
		if a, ok := l.by[look]; ok && a.to.asked != q.asked { // no answer is stored under ""
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

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
