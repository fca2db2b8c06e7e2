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
}

type lateAnswer struct {
	to    question
	n     int       // how many answers may still come
	until time.Time // when they are no longer expected
}

// question is a command or a query to which a late answer may come.
type question struct {
	asked any // the *relay.Task of a command, or the *codec.Query; the same for every try
	// looks names the answers that look alike: a late one could be taken for the answer to another question with the
	// same look. "": the answer shows which question it answers.
	looks [2]string
	// fits reports whether a frame may be an answer to the question. nil: frames that arrive unasked are not compared.
	fits func(text []byte) bool
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

// expect notes the result of q, which was written. If it is unanswered, its answer may come until the given time. If it
// was answered, the answer may have belonged to an earlier try, so that one more may still come.
func (l *lateAnswers) expect(q question, unanswered bool, until time.Time) {
	for _, look := range q.looks {
		if look == "" {
			continue
		}
		a, due := l.by[look]
		switch due = due && time.Now().Before(a.until); {
		case due && a.to.asked == q.asked:
			a.until = until
			if unanswered {
				a.n++
			}
		case unanswered:
			a = lateAnswer{q, 1, until}
		case due:
			continue
		default:
			delete(l.by, look)
			continue
		}
		if l.by == nil {
			l.by = map[string]lateAnswer{}
		}
		l.by[look] = a
	}
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
