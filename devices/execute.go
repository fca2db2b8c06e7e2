package devices

import (
	"errors"
	"fmt"
	"time"

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

// errandOf is the errand of t, or nil if it cannot be run, which has been answered then: the lane may still hold what was
// accepted before the port was lost, or for another mapping.
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

// errTooLate says that a command became too old before a byte of it was written.
var errTooLate = errors.New("the command has become too old")

// try writes a command once and waits for what becomes of it. It asks mayWrite right before the first byte; if that says
// no, its error is errTooLate. again says that nothing has answered, so that writing it again might help. Any other error
// says that the stream can be used no longer.
type try func(mayWrite func() bool) (o relay.Outcome, again bool, err error)

// carryOut tries a command until there is an outcome: again only if nothing answered, as often as its mapping says, which
// may say so of what is idempotent only, and never when it is too old. An error says that the stream can be used no
// longer.
func (l *line) carryOut(e *errand, write try) (relay.Outcome, error) {
	outcome := relay.Expired()
	for n := 0; ; n++ {
		o, again, err := write(func() bool { return (n > 0 || e.task.Begin()) && e.task.InTime() })
		if err == errTooLate || isStuck(err) && !e.task.InTime() {
			return outcome, nil // of the try before
		}
		if n > 0 && (o.Code == relay.CodeRefused || o.Code == relay.CodeIOError) {
			// What became of the earlier write is still not known.
			o = relay.Unknown("an earlier try went unanswered, then: " + o.Message)
		}
		outcome = o
		if !again || err != nil || n >= e.command.Retries || l.stopping() || !e.task.InTime() {
			return outcome, err
		}
	}
}

// execute runs one command to a device that talks by itself to its one outcome. An error says that the stream can be
// used no longer.
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
	o, err := l.carryOut(e, func(mayWrite func() bool) (relay.Outcome, bool, error) { return l.tell(e, text, mayWrite) })
	t.Finish(o)
	return err
}

// tell is a try at a device that talks by itself. Its answer comes among its readings, and so does the effect.
func (l *line) tell(e *errand, text string, mayWrite func() bool) (o relay.Outcome, again bool, err error) {
	c, seq, q := e.command, l.nextSeq(), toCommand(e.task, e.command, text)
	l.out = e.device.stream.AddSum(c.Append(l.out[:0], text, seq))
	ex := newInFlight(e.device.config.ID, c, e.task.Value, text, seq)
	l.expectLate(q, false, lateBy(ex.since, c.Timeout)) // written once more, it may be answered twice
	l.expectAnswer(ex)                                  // before the first byte: the answer may be faster than this goroutine
	defer l.expectAnswer(nil)

	if !mayWrite() { // the frame that was being taken had to wait
		return o, false, errTooLate
	}
	if err := l.send(e.session, l.out, e.task.Deadline()); err != nil {
		return brokenOutcome(err), false, err
	}
	timer := time.NewTimer(c.Timeout)
	defer timer.Stop()
	for {
		if o, over := l.resultOf(ex); over {
			return o, false, nil
		}
		select {
		case <-ex.wake:
		case <-l.ping:
		case <-timer.C:
			l.mu.Lock()
			if o, again = ex.timedOut(); again {
				l.late.expect(q, true, lateBy(ex.since, c.Timeout))
			}
			l.mu.Unlock()
			return o, again, nil
		case <-e.session.gone:
			err := &brokenError{e.session.err, allBytes}
			// The reader may have taken the answer just before the end.
			if o, over := l.resultOf(ex); over {
				return o, false, err
			}
			return brokenOutcome(err), false, err
		case <-l.kill:
			err := &brokenError{errStopped, allBytes}
			return brokenOutcome(err), false, err
		}
	}
}

// brokenOutcome is the outcome of a command during whose one try the stream broke.
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

// brokenError is a stream that broke while something was written or waited for.
type brokenError struct {
	error
	left extent
}

func (e *brokenError) Unwrap() error { return e.error }

// extent is how much of what was to be written may have left.
type extent uint8

const (
	noByte extent = iota
	someBytes
	allBytes
)

// isStuck says whether a write was given up before anything was written.
func isStuck(err error) bool {
	b, ok := err.(*brokenError)
	return ok && b.left == noByte && b.error == serial.ErrStuck
}

// send writes b, of which no byte may leave after by. Its error is a *brokenError.
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

// writeBy writes b, of which no byte may leave after by, and shows it before: the answer may be faster than this goroutine.
func (l *line) writeBy(s *session, b []byte, by time.Time) (int, error) {
	l.tap.ShowBytes(time.Now(), true, b)
	l.driver.begin()
	n, err := serial.WriteBy(s.stream, b, by)
	l.driver.end()
	l.tap.Sent.Add(uint64(n))
	return n, err
}

// deviceOf is the mapping that is attached as d; nil if it is another one by now.
func (l *line) deviceOf(d *relay.Device) *device {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.devices {
		if m.device == d {
			return m
		}
	}
	return nil
}

func (l *line) expectAnswer(ex *inFlight) {
	l.mu.Lock()
	l.inFlight = ex
	l.mu.Unlock()
}

func (l *line) resultOf(ex *inFlight) (relay.Outcome, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return ex.result()
}

// nextSeq gives 1 … 9999 in turn. It begins anywhere, so that answers to an earlier run of the gateway, or of the
// board, do not fit by chance.
func (l *line) nextSeq() int {
	l.seq = l.seq%codec.MaxSeq + 1
	return l.seq
}
