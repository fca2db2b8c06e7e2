package devices

import (
	"time"

	"minirelay/devices/answers"
	"minirelay/devices/codec"
	"minirelay/devices/schedule"
	"minirelay/relay"
)

// executePolled runs one command to a polled device to its one outcome. An error means that the stream can no longer be
// used. Unlike a device that talks by itself, a polled one shows the effect only in the answer to a query.
func (l *line) executePolled(t *relay.Task, s *session) error {
	e := l.errandOf(t, s)
	if e == nil {
		return nil
	}
	m, c := e.device, e.command
	q, err := m.poller.Write(c, t.Value)
	if err != nil {
		t.Finish(relay.Rejected(relay.CodeOutOfRange, err.Error()))
		return nil
	}
	q.By = t.Deadline()
	if err := l.pollUntilClear(e, q); err != nil {
		t.Finish(unwrittenOutcome(err))
		return err
	}
	if err := l.proveEcho(e, q); err != nil {
		t.Finish(unwrittenOutcome(err))
		return err
	}
	o, err := l.carryOut(e, func(mayWrite func() bool) (relay.Outcome, bool, error) { return l.request(e, q, mayWrite) })
	if err == nil && c.ConfirmField >= 0 && (o.Status == relay.StatusDone || o.Status == relay.StatusSent) {
		o, err = l.readBack(e, o.Status == relay.StatusDone, s.quietFrom)
	}
	t.Finish(o)
	if c.Field != "" && c.ConfirmField < 0 {
		m.schedule.Soon(m.poller.Reads(m.config.FieldIndex(c.Field)), time.Now())
	}
	return err
}

// pollUntilClear polls other devices while a late answer could be taken for one to q. An error means that the stream
// can no longer be used.
func (l *line) pollUntilClear(e *errand, q *codec.Query) error {
	for time.Until(l.lateUntil(answers.ToQuery(q))) > 0 && e.task.InTime() {
		if err := l.meanwhile(e.session); err != nil {
			return err
		}
	}
	if read := l.settles(e.device, q); read != nil && e.task.InTime() {
		if _, _, err := l.inquire(e.session, e.device, read, nil); err != nil {
			return err
		}
		return l.pollUntilClear(e, q)
	}
	return nil
}

// settles returns a query to send before the command q, because what comes then may be the late answer to something else:
// what is answered to the query shows that, and nothing that cannot be undone depends on it. nil: none is needed, or there
// is none whose answers look like those to q.
func (l *line) settles(m *device, q *codec.Query) *codec.Query {
	l.mu.Lock()
	open := l.late.Open(answers.ToQuery(q))
	l.unlock()
	if !open {
		return nil
	}
	for _, a := range m.schedule.Polls {
		if a.Heard() && !a.Once && a.Shape == q.Shape && q.Shape != "" {
			return a.Query
		}
	}
	return nil
}

// request is the [try] for a polled device. Done means that the command was acknowledged, or that the device has begun
// it and the field of confirm will show the effect.
func (l *line) request(e *errand, q *codec.Query, mayWrite func() bool) (o relay.Outcome, again bool, err error) {
	// The silence comes first: a device may want seconds of it, and the command must not become late in it.
	if err := l.awaitSilence(e.session); err != nil {
		return unwrittenOutcome(err), false, err
	}
	if !mayWrite() {
		return o, false, errTooLate
	}
	r, v, err := l.transact(e.session, e.device, q)
	switch {
	case err != nil:
		return brokenOutcome(err), false, err
	case v == codec.Fits && q.Nobody:
		return relay.Sent(), false, nil
	case v == codec.Fits || v == codec.Refused && r.Pending && e.command.ConfirmField >= 0:
		return relay.Done(), false, nil
	case v == codec.Refused && r.Pending:
		return relay.Unknown("the hardware started the command, but did not report that it has finished"), false, nil
	case v == codec.Refused:
		return relay.Failed(relay.CodeRefused, r.Refusal), false, nil
	case r.Refusal != "": // something on the way says that the device does not answer
		return relay.Unknown(r.Refusal), true, nil
	}
	return unansweredOutcome(), true, nil
}

// readBack polls the field of confirm until it shows the value, or until the timeout of the command has passed since
// written.
func (l *line) readBack(e *errand, acknowledged bool, written time.Time) (relay.Outcome, error) {
	s, m, c, want := e.session, e.device, e.command, e.task.Value
	var fresh relay.Value
	for {
		if l.stopping() {
			return relay.Unknown("the gateway stopped before a reading showed the effect"), nil
		}
		q := m.poller.Reads(c.ConfirmField) // a changed device may have another query for it
		if time.Until(l.lateUntil(answers.ToQuery(q))) <= 0 {
			r, v, err := l.inquire(s, m, q, nil)
			if err != nil {
				return relay.Unknown("the connection broke before a reading showed the effect"), err
			}
			if v == codec.Fits {
				fresh = newest(r, c.ConfirmField, fresh)
			}
			m.noteRefusal(l.log, q, r, v)
			if shows(c, fresh, want) {
				return relay.Done(), nil
			}
		}
		if time.Since(written) >= c.Timeout {
			return unshownOutcome(fresh, want, acknowledged), nil
		}
		if err := l.meanwhile(s); err != nil {
			return relay.Unknown("the connection broke before a reading showed the effect"), err
		}
	}
}

// newest returns the reading of a field in r, or before if there is none.
func newest(r codec.Response, field int, before relay.Value) relay.Value {
	for _, reading := range r.Readings {
		if reading.Field == field && !reading.Value.IsNull() {
			before = reading.Value
		}
	}
	return before
}

// readBackPause lies between two polls of the field of confirm: hardware that moves needs time.
const readBackPause = 20 * time.Millisecond

// meanwhile polls an answering device that is due while a command waits for its effect, or waits for [readBackPause].
// An error means that the stream can no longer be used.
func (l *line) meanwhile(s *session) error {
	now := time.Now()
	if m, t, ok := l.nextSlot(s, now); ok && t.Health == schedule.Answering && !t.At.After(now) {
		return l.poll(s, m, t, nil)
	}
	l.rest(s, readBackPause)
	return l.over(s, allBytes)
}

// proveEcho sends a read before a command whose echo would be taken for its answer, if it is not known yet whether the
// adapter receives what it sends. An error means that the stream can no longer be used.
func (l *line) proveEcho(e *errand, q *codec.Query) error {
	s := e.session
	if s.config.Echo || s.echo != answers.EchoUnknown || !answers.AnswersItself(q) {
		return nil
	}
	proof := q.Proof
	for _, a := range e.device.schedule.Polls {
		if !a.Once && !a.Repeats && !answers.AnswersItself(a.Query) {
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
