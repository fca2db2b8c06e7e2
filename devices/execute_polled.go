package devices

import (
	"fmt"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/serial"
	"minirelay/relay"
)

// executeAsked runs one command on a line whose devices are asked to its one outcome. An error says that the stream
// can be used no longer.
func (l *line) executeAsked(t *relay.Task, s *session) error {
	m := l.mappingFor(t, s)
	if m == nil {
		return nil
	}
	c := m.commands[t.Command]
	q, err := m.asker.Write(c, t.Value)
	if err != nil {
		t.Finish(relay.Rejected(relay.CodeOutOfRange, err.Error()))
		return nil
	}
	o, err := l.carryOut(t, s, m, c, q)
	if err == nil && c.ConfirmField >= 0 && (o.Status == relay.StatusDone || o.Status == relay.StatusSent) {
		acknowledged := o.Status == relay.StatusDone
		o, err = l.readBack(s, m, c, t.Value, s.quietFrom)
		if !acknowledged && o.Message == unseen {
			o.Message = "no reading has shown the effect in time"
		}
	}
	t.Finish(o)
	if c.Field != "" && c.ConfirmField < 0 {
		m.rounds.soon(m.asker.Reads(m.config.FieldIndex(c.Field)), time.Now())
	}
	return err
}

// carryOut writes a command. Done means that it was acknowledged, or that it was begun and reading back will tell.
func (l *line) carryOut(t *relay.Task, s *session, m *attached, c *codec.Command, q *codec.Query) (relay.Outcome, error) {
	for time.Until(l.lateUntil(toQuery(q))) > 0 && t.InTime() { // an earlier command's answer may still come
		if err := l.meanwhile(s); err != nil {
			return relay.Failed(relay.CodeIOError, "nothing could be written to the port"), err
		}
	}
	q.By = t.Deadline()
	outcome := relay.Expired()
	for try := 0; ; try++ {
		// The silence comes first: a device may want seconds of it, and the command must not become late in it.
		if err := l.hush(s); err != nil {
			return brokenOutcome(err, try > 0), err
		}
		if try == 0 && !t.Begin() || !t.InTime() {
			return outcome, nil
		}
		r, v, err := l.transact(s, m, q)
		switch {
		case isTooLate(err) && !t.InTime():
			return outcome, nil
		case err != nil:
			return brokenOutcome(err, try > 0), err
		case v == codec.Fits && q.Nobody:
			return relay.Sent(), nil
		case v == codec.Fits || v == codec.Refused && r.Pending && c.ConfirmField >= 0:
			return relay.Done(), nil
		case v == codec.Refused:
			return refusedOutcome(r, try > 0), nil
		}
		if outcome = unansweredOutcome(r); try >= c.Retries || l.stopping() {
			return outcome, nil
		}
	}
}

func refusedOutcome(r codec.Response, again bool) relay.Outcome {
	switch {
	case r.Pending:
		return relay.Unknown("the hardware has begun with it and did not say that it is done")
	case again:
		return relay.Unknown("an earlier try went unanswered, then: " + r.Refusal)
	}
	return relay.Failed(relay.CodeRefused, r.Refusal)
}

func unansweredOutcome(r codec.Response) relay.Outcome {
	if r.Refusal != "" {
		return relay.Unknown(r.Refusal)
	}
	return relay.Unknown("the hardware did not answer in time")
}

// brokenOutcome is the end of a command during which the stream broke.
func brokenOutcome(err error, again bool) relay.Outcome {
	if b, ok := err.(*brokenError); ok && !b.wrote && !again {
		return relay.Failed(relay.CodeIOError, "nothing could be written to the port")
	}
	return relay.Unknown("the connection broke before an answer came")
}

// isTooLate says whether a write was given up before anything was written.
func isTooLate(err error) bool {
	b, ok := err.(*brokenError)
	return ok && !b.wrote && b.error == serial.ErrStuck
}

// readBack asks for the field of confirm until it shows the value or the command's time since it was written is over.
func (l *line) readBack(s *session, m *attached, c *codec.Command, want relay.Value, written time.Time) (relay.Outcome, error) {
	var fresh relay.Value
	for {
		if l.stopping() {
			return relay.Unknown("the gateway stopped before a reading has shown the effect"), nil
		}
		q := m.asker.Reads(c.ConfirmField) // it may be another one by now
		if time.Until(l.lateUntil(toQuery(q))) <= 0 {
			r, v, err := l.inquire(s, m, q, nil)
			if err != nil {
				return relay.Unknown("the connection broke before a reading has shown the effect"), err
			}
			if v == codec.Fits {
				fresh = newest(r, c.ConfirmField, fresh)
			}
			l.mind(m, q, r, v)
			if !fresh.IsNull() && fresh.Matches(want, c.Tolerance(want)) {
				return relay.Done(), nil
			}
		}
		if time.Since(written) >= c.Timeout {
			break
		}
		if err := l.meanwhile(s); err != nil {
			return relay.Unknown("the connection broke before a reading has shown the effect"), err
		}
	}
	if fresh.IsNull() {
		return relay.Unknown(unseen), nil
	}
	return relay.Failed(relay.CodeMismatch, fmt.Sprintf("the hardware reads back %v instead of %v", fresh, want)), nil
}

// unseen is why the end of a command is unknown that was acknowledged.
const unseen = "it was acknowledged, but no reading has shown the effect"

// newest is the reading of a field in r, or the one that was there before.
func newest(r codec.Response, field int, before relay.Value) relay.Value {
	for _, reading := range r.Readings {
		if reading.Field == field && !reading.Value.IsNull() {
			before = reading.Value
		}
	}
	return before
}

// readBackPause lies between two readings back: hardware that moves needs time.
const readBackPause = 20 * time.Millisecond

// meanwhile gives the line to whoever is due while a command waits for its effect, or waits a little.
func (l *line) meanwhile(s *session) error {
	now := time.Now()
	if t, ok := l.nextTurn(s, now); ok && t.standing == living && !t.at.After(now) {
		return l.poll(s, t, nil)
	}
	l.rest(s, readBackPause)
	if s.ended() {
		return &brokenError{s.err, true}
	}
	return nil
}
