package devices

import (
	"time"

	"minirelay/devices/answers"
	"minirelay/devices/codec"
	"minirelay/devices/serial"
	"minirelay/relay"
)

// transact writes one request and waits for its result: Fits, Refused, Unreached, NoAnswer, or Foreign if what has come may
// be the answer to another request. The readings of an answer
// go to the relay before it returns. An error means that the stream can no longer be used; it is a *[brokenError]. The
// caller has waited for silence: see [line.awaitSilence].
func (l *line) transact(s *session, m *device, q *codec.Query) (codec.Response, codec.Verdict, error) {
	asked := answers.ToQuery(q)
	l.mu.Lock()
	s.contested, s.doubted, s.spoilt, s.last = l.unasked(s), false, false, q.Request
	l.late.Begin(asked)
	l.unlock()
	started := time.Now()
	defer l.occupied(s.config, started, l.traffic(s.config))
	by := serial.WriteDeadline()
	if !q.By.IsZero() {
		by = q.By
	}
	if err := l.send(s, q.Request, by); err != nil {
		return codec.Response{}, codec.NoAnswer, err
	}
	s.quietFrom = later(started.Add(s.config.Lasts(len(q.Request))), time.Now())
	if q.Nobody {
		s.restUntil = s.quietFrom.Add(q.After)
		return codec.Response{}, codec.Fits, nil
	}
	r, v, err := l.awaitAnswer(s, m, q, m.poller.Timing(s.config).Ends)
	if err != nil {
		return r, v, err
	}
	if v == codec.NoAnswer && (s.doubted || s.contested) {
		v = codec.Foreign
	}
	asked.Written = s.quietFrom
	l.mu.Lock()
	until := l.late.PollBy(q, s.quietFrom).Add(s.config.Lasts(q.Length))
	if v == codec.Foreign {
		l.late.Doubtful(asked, until)
	} else {
		l.late.Expect(asked, v == codec.NoAnswer, until)
	}
	l.unlock()
	m.polls.note(v)
	return r, v, nil
}

// unasked notes what has come while no request waited, and drops it; mu is held. It returns true if the last of it is a
// request of another master: nothing distinguishes the answer to that one from an answer to ours.
func (l *line) unasked(s *session) (contested bool) {
	got := l.inbox.bytes
	l.inbox.bytes = got[:0]
	if len(got) == 0 {
		return false
	}
	n, pending := l.requestsIn(s, got)
	switch {
	case n > 0:
		l.tap.Drop(&l.tap.Foreign, got, "another master sends requests")
		l.tellForeign()
	case l.late.Heard(got, l.inbox.at):
		l.tap.Drop(&l.tap.Late, got, "it answers an earlier request, too late")
	default:
		l.judge.unasked(got)
	}
	return pending
}

// requestsIn finds the requests of another master in bytes for which no request waited; mu is held.
func (l *line) requestsIn(s *session, got []byte) (n int, pending bool) {
	for _, m := range l.devices {
		if find := m.poller.Timing(s.config).Requests; find != nil {
			return find(got, s.last)
		}
	}
	return 0, false
}

// tellForeign logs, once, that another master sends requests on the line; mu is held.
func (l *line) tellForeign() {
	if l.foreign {
		return
	}
	l.foreign = true
	l.said = append(l.said, func() {
		l.log.Warn("another master sends requests on this line", "hint", "a Modbus line has one master: let the other one read from the gateway, or from another port of the hardware")
	})
}

// doubts reports whether an answer may be a late one to another request; mu is held. Commands are not written twice, so
// that theirs are not doubted: they wait for late answers before they are written.
func (l *line) doubts(q *codec.Query, v codec.Verdict) bool {
	doubted := q.By.IsZero() && l.late.Doubts(answers.ToQuery(q), v)
	l.session.doubted = l.session.doubted || doubted
	return doubted
}

// awaitAnswer waits for the answer to a request that has just been written.
func (l *line) awaitAnswer(s *session, m *device, q *codec.Query, ends time.Duration) (codec.Response, codec.Verdict, error) {
	// The echo of an adapter has to come first; quietFrom already includes that time.
	deadline := time.NewTimer(time.Until(s.quietFrom.Add(q.Timeout + s.config.Lasts(q.Length))))
	defer deadline.Stop()
	var quiet *time.Timer
	var silence <-chan time.Time
	if ends > 0 {
		quiet = time.NewTimer(time.Hour)
		defer quiet.Stop()
		silence = quiet.C
	}
	for {
		select {
		case <-l.heardBytes:
			if r, v := l.look(s, m, q, false); v != codec.NoAnswer {
				return r, v, nil
			}
			if quiet != nil {
				quiet.Reset(ends)
			}
		case <-l.ping:
		case <-silence:
			if r, v := l.look(s, m, q, true); v != codec.NoAnswer {
				return r, v, nil
			}
		case <-deadline.C:
			r, v := l.look(s, m, q, true)
			if v == codec.NoAnswer && !s.contested {
				r.Noise = l.unanswered(s, m, q)
			}
			return r, v, nil
		case <-s.gone:
			if r, v := l.look(s, m, q, true); v != codec.NoAnswer {
				return r, v, nil
			}
			return codec.Response{}, codec.NoAnswer, &brokenError{s.err, allBytes}
		case <-l.kill:
			return codec.Response{}, codec.NoAnswer, &brokenError{errStopped, allBytes}
		}
	}
}

// look gives the bytes received so far to the query, and drops those that can no longer become an answer.
func (l *line) look(s *session, m *device, q *codec.Query, quiet bool) (codec.Response, codec.Verdict) {
	l.mu.Lock()
	defer l.unlock()
	if s.contested && q.By.IsZero() {
		return codec.Response{}, codec.NoAnswer // what comes is left to the next request: see unasked
	}
	got := l.behindEcho(s, q)
	r, v := l.judge.answer(m, q, l.inbox.at, got, quiet)
	switch v {
	case codec.NoAnswer:
		return r, v
	case codec.Foreign:
		s.contested = true
		return r, codec.NoAnswer
	case codec.Garbled:
		s.spoilt = true
		l.inbox.bytes = l.inbox.bytes[:len(l.inbox.bytes)-len(got)]
		return r, codec.NoAnswer
	}
	s.restUntil = l.inbox.at.Add(q.After)
	s.echo.Answered(q, l.inbox.bytes)
	l.heard(s)
	if l.current(m) && v != codec.Unreached { // the readings of a device that was replaced meanwhile are dropped
		if len(r.Readings) > 0 {
			m.device.Update(l.inbox.at, r.Readings)
		} else {
			m.device.Seen(l.inbox.at)
		}
	}
	l.inbox.bytes = l.inbox.bytes[:0]
	l.tellMissing(m)
	return r, v
}

// tellMissing logs, once, the fields that have had no good value; mu is held.
func (l *line) tellMissing(m *device) {
	if missed := m.missing.Tell(time.Now(), m.poller != nil); missed != "" {
		l.said = append(l.said, func() {
			l.log.Warn("fields are missing", "device", m.config.ID, "missing", missed, "hint", "minirelay watch "+l.id+" shows what the board sends")
		})
	}
}

// unanswered gives up a request, and reports whether bytes have come that are not an answer: noise, or an answer
// damaged on its way.
func (l *line) unanswered(s *session, m *device, q *codec.Query) (noise bool) {
	l.mu.Lock()
	defer l.unlock()
	got := l.behindEcho(s, q)
	s.echo.Unanswered(l.inbox.bytes)
	l.judge.unanswered(m, q, time.Now(), got, q.Timeout)
	l.inbox.bytes = l.inbox.bytes[:0]
	return s.spoilt || len(got) > 0
}

// leaveToOther waits while another master waits for an answer, for at most two seconds. The error is a *[brokenError].
func (l *line) leaveToOther(s *session) error {
	for began := time.Now(); time.Since(began) < 2*time.Second; l.rest(s, readBackPause) {
		l.mu.Lock()
		_, pending := l.requestsIn(s, l.inbox.bytes)
		l.unlock()
		if err := l.over(s, noByte); err != nil || !pending {
			return err
		}
	}
	return nil
}

// awaitSilence waits until a request may be written: until the line has been silent for as long as any of its devices
// needs, because each of them sees by the silence where a request begins; and until the device that answered last has
// had the rest it needs, which may take seconds. The error is a *[brokenError].
func (l *line) awaitSilence(s *session) error {
	if err := l.leaveToOther(s); err != nil {
		return err
	}
	l.mu.Lock()
	var silence time.Duration
	for _, m := range l.devices {
		silence = max(silence, m.poller.Timing(s.config).Before)
	}
	from := later(s.quietFrom, l.inbox.at)
	l.unlock()
	wait := time.Until(later(from.Add(silence), s.restUntil))
	if wait <= 0 {
		return nil
	}
	defer l.occupied(s.config, time.Now(), l.traffic(s.config))
	if wait > serial.FineTime {
		l.rest(s, wait)
	} else {
		l.pause(wait)
	}
	return l.over(s, noByte)
}

// over returns why the stream can no longer be used, as a *[brokenError]; nil if it can. left is how much of the current
// request has left the port.
func (l *line) over(s *session, left extent) error {
	select {
	case <-s.gone:
		return &brokenError{s.err, left}
	case <-l.kill:
		return &brokenError{errStopped, left}
	default:
		return nil
	}
}

// rest waits for d, or until the session ends or the line is killed.
func (l *line) rest(s *session, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-l.ping:
			continue
		case <-timer.C:
		case <-s.gone:
		case <-l.kill:
		}
		return
	}
}

// current reports whether m is still a device of the line; mu is held.
func (l *line) current(m *device) bool {
	for _, other := range l.devices {
		if other == m {
			return true
		}
	}
	return false
}

// inquire sends a query, again while nothing shows that what has come is its answer, and all further requests that its
// whole answer needs. between, unless it is nil, is called
// before each further request. The error is a *[brokenError], or that of between.
func (l *line) inquire(s *session, m *device, q *codec.Query, between func(*session) error) (codec.Response, codec.Verdict, error) {
	for tries := 0; ; {
		if err := l.awaitSilence(s); err != nil {
			return codec.Response{}, codec.NoAnswer, err
		}
		r, v, err := l.transact(s, m, q)
		switch {
		case err == nil && v == codec.Foreign && (s.doubted && tries < answers.MostLate || tries < contestedTries):
			tries++
			r.Then = q // what has come is as good as nothing: ask the same again
		case err == nil && v == codec.Foreign:
			return r, codec.NoAnswer, nil
		case err != nil || v != codec.Fits || r.Then == nil:
			return r, v, err
		}
		if between != nil {
			if err := between(s); err != nil {
				return codec.Response{}, codec.NoAnswer, err
			}
		}
		q = r.Then
	}
}

// contestedTries is how often a query is sent again because a request of another master came in between.
const contestedTries = 3

// expectLate is [answers.Late.Expect] for callers that do not hold mu.
func (l *line) expectLate(q answers.Question, unanswered bool, until time.Time) {
	l.mu.Lock()
	l.late.Expect(q, unanswered, until)
	l.unlock()
}

// lateUntil is [answers.Late.Wait] for callers that do not hold mu.
func (l *line) lateUntil(q answers.Question) time.Time {
	l.mu.Lock()
	defer l.unlock()
	return l.late.Wait(q)
}

// awaitLate waits until q, which belongs to t, can be written, or until t is too old. An error means that the stream
// can no longer be used; t is finished then.
func (l *line) awaitLate(t *relay.Task, s *session, q answers.Question) error {
	for {
		wait := time.Until(earlier(l.lateUntil(q), t.Deadline()))
		if wait <= 0 {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-l.late.Taken:
		case <-timer.C:
		case <-l.ping:
		case <-s.gone:
			t.Finish(unwrittenOutcome(s.err))
			return s.err
		case <-l.kill:
			t.Finish(unwrittenOutcome(errStopped))
			return errStopped
		}
		timer.Stop()
	}
}

// behindEcho returns the bytes received since q was written, without the echo of an adapter; mu is held.
func (l *line) behindEcho(s *session, q *codec.Query) []byte {
	if s.config.Echo {
		return behindEcho(s.config, q.Request, l.inbox.bytes)
	}
	rest, heard := s.echo.Behind(q, l.inbox.bytes)
	if heard && !l.hears {
		l.hears = true
		l.said = append(l.said, func() {
			l.log.Warn("the adapter receives what it sends", "hint", "write echo = true in [ports."+l.id+"]")
		})
	}
	return rest
}
