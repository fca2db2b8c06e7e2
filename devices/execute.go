package devices

import (
	"errors"
	"fmt"
	"time"

	"minirelay/devices/answers"
	"minirelay/devices/codec"
	"minirelay/devices/serial"
	"minirelay/relay"
)

// errand is a command on its way to a device.
type errand struct {
	task    *relay.Task
	session *session
	device  *device
	command *codec.Command
}

// errandOf returns the errand of t, or nil if it cannot be run; t is finished then. The lane may still hold commands
// that were accepted before the port was lost, or for an earlier description of the device.
func (l *line) errandOf(t *relay.Task, s *session) *errand {
	m := l.deviceOf(t.Device())
	switch {
	case m == nil:
		t.Finish(relay.Rejected(relay.CodeBusy, "the device's configuration has just changed; try again"))
	case s.ended() || !t.Device().Online():
		t.Finish(relay.Rejected(relay.CodeOffline, "the device went offline before the command was written"))
	default:
		return &errand{t, s, m, m.commands[t.Command]}
	}
	return nil
}

// errTooLate is the error of a command that became too old before its first byte was written.
var errTooLate = errors.New("the command has become too old")

// A try writes a command once and waits for the result. It calls mayWrite right before the first byte; if that returns
// false, its error is [errTooLate]. again means that no answer has come, so that a second write may help. Any other
// error means that the stream can no longer be used.
type try func(mayWrite func() bool) (o relay.Outcome, again bool, err error)

// carryOut tries a command until there is an outcome. It tries again only if no answer came, at most as often as the
// retries of the command, which only idempotent commands have, and never once the command is too old. An error means
// that the stream can no longer be used.
func (l *line) carryOut(e *errand, write try) (relay.Outcome, error) {
	outcome := relay.Expired()
	for n := 0; ; n++ {
		o, again, err := write(func() bool { return (n > 0 || e.task.Begin()) && e.task.InTime() })
		if err == errTooLate || isStuck(err) && !e.task.InTime() {
			return outcome, nil // the outcome of the previous try, if any
		}
		if n > 0 && (o.Status == relay.StatusRejected || o.Code == relay.CodeRefused || o.Code == relay.CodeIOError) {
			// The result of the earlier write is still unknown.
			o = relay.Unknown("an earlier try went unanswered, then: " + o.Message)
		}
		outcome = o
		if !again || err != nil || n >= e.command.Retries || l.stopping() || !e.task.InTime() {
			return outcome, err
		}
	}
}

// execute runs one command to a device that talks by itself to its one outcome. An error means that the stream can no
// longer be used.
func (l *line) execute(t *relay.Task, s *session) error {
	if m := l.deviceOf(t.Device()); m != nil {
		if err := l.awaitLate(t, s, toCommand(t, m.commands[t.Command], "")); err != nil {
			return err
		}
	}
	e := l.errandOf(t, s)
	if e == nil {
		return nil
	}
	text, err := e.command.Wire(t.Value)
	if err != nil {
		t.Finish(relay.Rejected(relay.CodeOutOfRange, err.Error()))
		return nil
	}
	o, err := l.carryOut(e, func(mayWrite func() bool) (relay.Outcome, bool, error) { return l.submit(e, text, mayWrite) })
	t.Finish(o)
	return err
}

// submit is the [try] for a device that talks by itself. The answer arrives among its readings, and so does the effect.
func (l *line) submit(e *errand, text string, mayWrite func() bool) (o relay.Outcome, again bool, err error) {
	c, seq, q := e.command, l.nextSeq(), toCommand(e.task, e.command, text)
	l.out = e.device.stream.AddSum(c.Append(l.out[:0], text, seq))
	sent := newInFlight(e.device.config.ID, c, e.task.Value, text, seq)
	l.expectLate(q, false, answers.By(sent.since, c.Timeout)) // a command written twice may be answered twice
	l.expectAnswer(sent)                                      // before the first byte: the answer may be faster than this goroutine
	defer l.expectAnswer(nil)

	if !mayWrite() { // expectAnswer had to wait for a frame to be carried to its device
		return o, false, errTooLate
	}
	if err := l.send(e.session, l.out, e.task.Deadline()); err != nil {
		return brokenOutcome(err), false, err
	}
	timer := time.NewTimer(c.Timeout)
	defer timer.Stop()
	for {
		if o, over := l.resultOf(sent); over {
			return o, false, nil
		}
		select {
		case <-sent.wake:
		case <-l.ping:
		case <-timer.C:
			l.mu.Lock()
			if o, again = sent.timedOut(); again {
				l.late.Expect(q, true, answers.By(sent.since, c.Timeout))
			}
			l.unlock()
			return o, again, nil
		case <-e.session.gone:
			err := &brokenError{e.session.err, allBytes}
			// The reader may have taken the answer just before the end.
			if o, over := l.resultOf(sent); over {
				return o, false, err
			}
			return brokenOutcome(err), false, err
		case <-l.kill:
			err := &brokenError{errStopped, allBytes}
			return brokenOutcome(err), false, err
		}
	}
}

// brokenOutcome is the outcome of a command whose stream broke during its only try.
func brokenOutcome(err error) relay.Outcome {
	b, ok := err.(*brokenError)
	switch {
	case ok && b.left == noByte:
		return relay.Failed(relay.CodeIOError, "nothing could be written to the port")
	case ok && b.left == someBytes:
		return relay.Unknown("the connection broke while the command was being written")
	case errors.Is(err, errStopped):
		return relay.Unknown("the gateway stopped before an answer came")
	}
	return relay.Unknown("the connection broke before an answer came")
}

// unwrittenOutcome is the outcome of a command whose stream broke while it still waited for its first try.
func unwrittenOutcome(err error) relay.Outcome {
	if errors.Is(err, errStopped) {
		return relay.Rejected(relay.CodeStopping, "the gateway stopped before the command was written")
	}
	return relay.Rejected(relay.CodeOffline, portLost)
}

// portLost answers a command that waited while its port was lost.
const portLost = "the port was lost before the command was written"

// brokenError is the error of a stream that broke during a write or a wait.
type brokenError struct {
	error
	left extent
}

func (e *brokenError) Unwrap() error { return e.error }

// extent is how much of a command may have left the port.
type extent uint8

const (
	noByte extent = iota
	someBytes
	allBytes
)

// isStuck reports whether a write was given up before its first byte.
func isStuck(err error) bool {
	b, ok := err.(*brokenError)
	return ok && b.left == noByte && b.error == serial.ErrStuck
}

// send writes b; no byte leaves after by. Its error is a *[brokenError].
func (l *line) send(s *session, b []byte, by time.Time) error {
	n, err := l.writeBy(s, b, by)
	switch {
	case err == nil && n == len(b):
		return nil
	case err == nil:
		err = fmt.Errorf("only %d of %d bytes could be written", n, len(b))
	}
	if n == 0 {
		return &brokenError{err, noByte}
	}
	return &brokenError{err, someBytes}
}

// writeBy writes b and returns the number of written bytes; no byte leaves after by. It shows b to watchers first: the
// answer may be faster than this goroutine.
func (l *line) writeBy(s *session, b []byte, by time.Time) (int, error) {
	l.tap.ShowBytes(time.Now(), true, b)
	l.driver.begin()
	n, err := serial.WriteBy(s.stream, b, by)
	l.driver.end()
	l.tap.Sent.Add(uint64(n))
	return n, err
}

// deviceOf returns the device that is attached to the relay as d; nil if it has been replaced or removed.
func (l *line) deviceOf(d *relay.Device) *device {
	l.mu.Lock()
	defer l.unlock()
	for _, m := range l.devices {
		if m.device == d {
			return m
		}
	}
	return nil
}

func (l *line) expectAnswer(sent *inFlight) {
	l.mu.Lock()
	l.inFlight = sent
	l.unlock()
}

func (l *line) resultOf(sent *inFlight) (relay.Outcome, bool) {
	l.mu.Lock()
	defer l.unlock()
	return sent.result()
}

// nextSeq returns 1 … 9999 in turn. The first number is random, so that answers to an earlier run of the gateway, or of
// the board, do not fit by chance.
func (l *line) nextSeq() int {
	l.seq = l.seq%codec.MaxSeq + 1
	return l.seq
}
