package devices

import (
	"time"

	"minirelay/devices/codec"
	"minirelay/relay"
)

// lateAnswers is the answers that were not waited for any longer and may still come. Where nothing in an answer tells
// what it answers, the next question must not take one for its own: it waits until they have come, or cannot come any
// more. Both roads use it, the commands to boards that talk and all that polled devices are asked. It outlasts the
// session: what is behind the port need not notice that it is lost and opened again. It is guarded by the line's mu.
type lateAnswers struct {
	by    map[string]lateAnswer // by how they look
	taken chan struct{}         // holds a token when the last of some has been taken
}

type lateAnswer struct {
	to    question
	n     int       // how many may come
	until time.Time // they are not expected any more
}

// question is what a late answer may be to.
type question struct {
	asked any // the task of a command, or the query: what is asked again in another try is the same
	// looks tells which answers look alike: one that comes too late could be taken for the answer to another question
	// with the same. "": an answer tells what it answers.
	looks [2]string
	// fits says whether a frame may be an answer to it. nil: nobody looks what comes unasked.
	fits func(text []byte) bool
}

// toQuery is a query as a question.
func toQuery(q *codec.Query) question {
	return question{asked: q, looks: [2]string{q.Shape, q.Refusal}}
}

// toCommand is a command to a device that talks by itself, with its value as sent, as a question.
func toCommand(t *relay.Task, c *codec.Command, value string) question {
	q := question{asked: t, fits: func(text []byte) bool { return mayAnswer(c, text, value) }}
	if !c.Numbered() {
		q.looks[0] = "an answer without a number"
	}
	return q
}

// lateFor is how late any answer may be and still be told from the answer to something else. A short timeout says how
// long it is worth waiting, and not that a device which was busy keeps silent after that.
const lateFor = 500 * time.Millisecond

// lateBy is until when an answer may come to what was written then.
func lateBy(written time.Time, timeout time.Duration) time.Time {
	return written.Add(max(2*timeout, lateFor))
}

// expect notes what has become of q, which was written: that nobody waits for its answer any longer, which may come until
// then; or that there is an answer, which may have been that to an earlier try, so that its own may still come.
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

// take takes an answer that nobody waits for. If it is one of those that are expected, that is one less.
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
		default: // who waits will look anyway
		}
	}
}

// wait says until when q must wait to be asked: until no answer to another question can be taken for one to it.
func (l *lateAnswers) wait(q question) (until time.Time) {
	if len(l.by) == 0 {
		return until
	}
	for _, look := range q.looks {
		if a, ok := l.by[look]; ok && a.to.asked != q.asked { // none looks like ""
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
