package devices

import (
	"bytes"

	"minirelay/devices/codec"
)

// echo is what is known about an adapter: whether it receives what it sends. Its settings need not say so, and then its
// echo of a command may look like the acknowledgement: Modbus units repeat the requests of functions 5 and 6 to the
// letter. Reads show it, because no answer to them repeats them.
type echo uint8

const (
	echoUnknown echo = iota
	echoHeard        // the last reads came back
	echoMissing      // they did not
)

// mostBefore is how many damaged bytes from the change of direction may come before an echo.
const mostBefore = 3

// comes reports whether got begins with the echo of q.
func comes(q *codec.Query, got []byte) bool {
	i := bytes.Index(got, q.Request)
	return i >= 0 && i <= mostBefore && !q.Repeats && q.By.IsZero()
}

// answered notes that got, with what may be an echo before it, was the answer to q.
func (e *echo) answered(q *codec.Query, got []byte) {
	if !q.Repeats && q.By.IsZero() && !comes(q, got) {
		*e = echoMissing
	}
}

// unanswered notes that only got has come in the time for an answer.
func (e *echo) unanswered(got []byte) {
	if *e == echoUnknown && len(got) == 0 {
		*e = echoMissing
	}
}

// behindEcho returns the bytes received since q was written, without the echo of an adapter; mu is held. While nothing
// shows that there is no echo, the answer to a command that looks like an echo of it counts only behind another.
func (l *line) behindEcho(s *session, q *codec.Query) []byte {
	got := l.inbox.bytes
	if s.config.Echo {
		return behindEcho(s.config, q.Request, got)
	}
	if comes(q, got) && s.echo != echoHeard && !answersItself(q) {
		s.echo = echoHeard
		if !l.hears {
			l.hears = true
			l.log.Warn("the adapter receives what it sends", "hint", "write echo = true in [ports."+l.id+"]")
		}
	}
	i := bytes.Index(got, q.Request)
	switch {
	case i >= 0 && s.echo == echoHeard && !q.Repeats:
		return got[i+len(q.Request):]
	case s.echo != echoMissing && !q.By.IsZero() && answersItself(q):
		if i < 0 {
			return nil
		}
		return got[i+len(q.Request):]
	}
	return got
}

// answersItself reports whether the echo of q would be taken for the answer to it.
func answersItself(q *codec.Query) bool {
	if q.Nobody {
		return false
	}
	_, v := q.Answer(q.Request, true)
	return v == codec.Fits || v == codec.Refused
}

// proveEcho sends a read before a command whose echo would be taken for its answer, if it is not known yet whether the
// adapter receives what it sends. An error means that the stream can no longer be used.
func (l *line) proveEcho(e *errand, q *codec.Query) error {
	s := e.session
	if s.config.Echo || s.echo != echoUnknown || !answersItself(q) {
		return nil
	}
	proof := q.Proof
	for _, a := range e.device.schedule.Polls {
		if !a.Once && !a.Repeats && !answersItself(a.Query) {
			proof = a.Query
			break
		}
	}
	if proof == nil {
		return nil
	}
	if err := l.awaitSilence(s); err != nil {
		return err
	}
	_, _, err := l.transact(s, e.device, proof)
	return err
}
