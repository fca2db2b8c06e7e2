package answers

import (
	"bytes"

	"minirelay/devices/codec"
)

// Echo is what is known about the adapter of a line: whether it receives what it sends. Its settings need not say so, and
// then its echo of a command may look like the acknowledgement: Modbus units repeat the requests of functions 5 and 6 to
// the letter. Reads show it, because no answer to them repeats them.
type Echo uint8

// What is known.
const (
	EchoUnknown Echo = iota
	EchoHeard        // the last reads came back
	EchoMissing      // they did not
)

// mostBefore is how many damaged bytes from the change of direction may come before an echo.
const mostBefore = 3

// comes reports whether got begins with the echo of a read.
func comes(q *codec.Query, got []byte) bool {
	i := bytes.Index(got, q.Request)
	return i >= 0 && i <= mostBefore && !q.Repeats && q.By.IsZero()
}

// Behind returns the bytes received since q was written, without the echo. While nothing shows that there is no echo, the
// answer to a command that looks like an echo of it counts only behind another. heard is true if the bytes show, for the
// first time, that there is one.
func (e *Echo) Behind(q *codec.Query, got []byte) (rest []byte, heard bool) {
	if *e != EchoHeard && comes(q, got) && !AnswersItself(q) {
		*e, heard = EchoHeard, true
	}
	i := bytes.Index(got, q.Request)
	switch {
	case i >= 0 && *e == EchoHeard && !q.Repeats:
		return got[i+len(q.Request):], heard
	case *e == EchoMissing || q.By.IsZero() || !AnswersItself(q):
		return got, heard
	case i < 0:
		return nil, heard
	}
	return got[i+len(q.Request):], heard
}

// Answered notes that got, with what may be an echo before it, was the answer to q.
func (e *Echo) Answered(q *codec.Query, got []byte) {
	if !q.Repeats && q.By.IsZero() && !comes(q, got) {
		*e = EchoMissing
	}
}

// Unanswered notes that only got has come in the time for an answer.
func (e *Echo) Unanswered(got []byte) {
	if *e == EchoUnknown && len(got) == 0 {
		*e = EchoMissing
	}
}

// AnswersItself reports whether the echo of q would be taken for the answer to it.
func AnswersItself(q *codec.Query) bool {
	if q.Nobody {
		return false
	}
	_, v := q.Answer(q.Request, true)
	return v == codec.Fits || v == codec.Refused
}
