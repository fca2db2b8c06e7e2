package devices

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"minirelay/relay"
)

// maxInbox bounds what may come between a request and its answer. The longest answer of any codec is far shorter.
const maxInbox = 4096

// inbox is what has come on a line whose devices are asked. It is guarded by the line's mu.
type inbox struct {
	bytes []byte
	at    time.Time // of the last of them
}

// listen is the reading goroutine of a session whose devices are asked. It ends with the stream.
func (l *line) listen(s *session) {
	defer close(s.gone)
	buf := make([]byte, firstBuffer)
	for empty := 0; ; {
		n, err := s.stream.Read(buf)
		if n > 0 {
			empty = 0
			l.count.bytes.Add(uint64(n))
			l.count.tap.bytes(time.Now(), false, buf[:n])
			l.mu.Lock()
			if len(l.inbox.bytes)+n > maxInbox {
				l.count.drop(&l.count.overlong, l.inbox.bytes, "far more has come than any answer is long")
				l.inbox.bytes = l.inbox.bytes[:0]
			}
			l.inbox.bytes = append(l.inbox.bytes, buf[:n]...)
			l.inbox.at = time.Now()
			l.mu.Unlock()
			select {
			case l.heardBytes <- struct{}{}:
			default:
			}
		}
		if empty++; err == nil && empty > emptyReads {
			err = errHungUp
		}
		if err != nil {
			s.err = err
			return
		}
	}
}

// ask polls the devices of a line and executes commands, until something ends the session. Commands go first: at
// most the query on the wire goes before one.
func (l *line) ask(s *session) error {
	l.mu.Lock()
	for _, m := range l.mappings {
		m.rounds.restart(time.Now())
	}
	l.mu.Unlock()
	var deadFrom time.Time // before it no dead device is asked while living ones wait
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		switch {
		case l.stopping():
			return errStopped
		case s.ended():
			return s.err
		case l.outdated(s):
			return errChanged
		}
		if t := l.lane.Take(); t != nil {
			if err := l.executeAsked(t, s); err != nil {
				return err
			}
			continue
		}
		now := time.Now()
		l.mu.Lock()
		t, ok := nextTurn(l.mappings, now, deadFrom)
		l.mu.Unlock()
		if ok && !t.at.After(now) {
			dead := t.mapping.rounds.dead()
			if err := l.poll(s, t); err != nil {
				return err
			}
			if dead && t.mapping.rounds.dead() {
				deadFrom = time.Now().Add(deadShare * time.Since(now))
			}
			continue
		}
		wait := time.Hour
		if ok {
			wait = t.at.Sub(now)
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-l.stop:
		case <-s.gone:
		case <-l.changed:
		case <-l.lane.Ready():
		case <-l.ping:
		}
	}
}

// poll has one device's turn. An error says that the stream can be used no longer.
func (l *line) poll(s *session, t turn) error {
	m, started := t.mapping, time.Now()
	q := m.rounds.queries[t.query]
	tries := 1 + q.retries
	if m.rounds.dead() {
		tries = 1
	}
	answered := false
	for try := 0; try < tries && !answered; try++ {
		if try > 0 && (l.lane.Waiting() || l.stopping()) {
			break // a person goes before a second try
		}
		_, v, err := l.transact(s, m, q)
		if err != nil {
			return err
		}
		answered = v == fits || v == refused
	}
	m.rounds.asked(t.query, started, time.Now(), answered)
	return nil
}

// transact writes one request and waits for what becomes of it: fits, refused, or noAnswer. What an answer reads
// goes to the relay before it returns. An error says that the stream can be used no longer; wrote in it says
// whether anything may have been written.
func (l *line) transact(s *session, m *mapping, q *query) (response, verdict, error) {
	tm := m.asker.timing(s.config)
	if err := l.hush(s, tm.before); err != nil {
		return response{}, noAnswer, err
	}
	l.mu.Lock()
	if len(l.inbox.bytes) > 0 {
		l.count.drop(&l.count.noise, l.inbox.bytes, "nothing was asked when it came: too late, or from somebody else")
		l.inbox.bytes = l.inbox.bytes[:0]
	}
	l.mu.Unlock()
	started := time.Now()
	n, err := s.stream.Write(q.request)
	l.wrote(q.request[:n])
	if err != nil || n < len(q.request) {
		if err == nil {
			err = fmt.Errorf("only %d of %d bytes could be written", n, len(q.request))
		}
		return response{}, noAnswer, &brokenError{err, n > 0}
	}
	s.quietFrom = started.Add(s.config.lasts(len(q.request)))
	if q.nobody {
		return response{}, fits, nil
	}
	return l.awaitAnswer(s, m, q, tm.ends)
}

// brokenError is a stream that broke during a query.
type brokenError struct {
	error
	wrote bool // bytes may have gone out
}

func (e *brokenError) Unwrap() error { return e.error }

// awaitAnswer waits for the answer to a request that has just been written.
func (l *line) awaitAnswer(s *session, m *mapping, q *query, ends time.Duration) (response, verdict, error) {
	deadline := time.NewTimer(time.Until(s.quietFrom.Add(q.timeout)))
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
			if r, v := l.look(s, m, q, false); v != noAnswer {
				return r, v, nil
			}
			if quiet != nil {
				quiet.Reset(ends)
			}
		case <-l.ping:
		case <-silence:
			if r, v := l.look(s, m, q, true); v != noAnswer {
				return r, v, nil
			}
		case <-deadline.C:
			r, v := l.look(s, m, q, true)
			if v == noAnswer {
				l.count.unanswered.Add(1)
				l.tellUnanswered(m, q)
			}
			return r, v, nil
		case <-s.gone:
			if r, v := l.look(s, m, q, true); v != noAnswer {
				return r, v, nil
			}
			return response{}, noAnswer, &brokenError{s.err, true}
		case <-l.kill:
			return response{}, noAnswer, &brokenError{errStopped, true}
		}
	}
}

// look gives what has come to the query. What cannot become an answer any more is counted and dropped: the rest
// of the time belongs to whatever still comes.
func (l *line) look(s *session, m *mapping, q *query, quiet bool) (response, verdict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	got := l.inbox.bytes
	if s.config.Echo {
		if len(got) < len(q.request) {
			return response{}, noAnswer
		}
		got = got[len(q.request):] // the adapter repeats what is written
	}
	if len(got) == 0 {
		return response{}, noAnswer
	}
	s.quietFrom = l.inbox.at
	r, v := q.answer(got, quiet)
	switch v {
	case noAnswer:
		return r, v
	case garbled:
		l.count.damaged.Add(1)
		l.count.tap.frame(l.inbox.at, WireFrame{Device: m.config.ID, Request: q.name}, got, "it can never become the answer")
		l.inbox.bytes = l.inbox.bytes[:len(l.inbox.bytes)-len(got)]
		return r, noAnswer
	}
	l.inbox.bytes = l.inbox.bytes[:0]
	l.heard(s)
	if v == refused {
		l.count.tap.frame(l.inbox.at, WireFrame{Device: m.config.ID, Request: q.name, OK: true}, got, "the device says no: "+r.refusal)
	} else {
		l.count.tap.taken(l.inbox.at, &m.config, q.name, got, r.readings)
	}
	if !l.current(m) {
		return r, v // the mapping was exchanged meanwhile: its readings are nobody's
	}
	if len(r.readings) > 0 {
		m.device.Update(l.inbox.at, r.readings)
	} else {
		m.device.Seen(l.inbox.at)
	}
	return r, v
}

// tellUnanswered shows that a request has found no answer.
func (l *line) tellUnanswered(m *mapping, q *query) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.tap.frame(time.Now(), WireFrame{Device: m.config.ID, Request: q.name}, nil, "no answer in "+q.timeout.String())
}

// hush waits until the line has been silent for so long.
func (l *line) hush(s *session, silence time.Duration) error {
	if silence <= 0 {
		return nil
	}
	l.mu.Lock()
	from := later(s.quietFrom, l.inbox.at)
	l.mu.Unlock()
	wait := time.Until(from.Add(silence))
	if wait <= 0 {
		return nil
	}
	pause(wait)
	if s.ended() {
		return &brokenError{s.err, false}
	}
	return nil
}

// current says whether m is still a mapping of the line; mu is held.
func (l *line) current(m *mapping) bool {
	for _, other := range l.mappings {
		if other == m {
			return true
		}
	}
	return false
}

// executeAsked runs one command on a line whose devices are asked to its one outcome.
func (l *line) executeAsked(t *relay.Task, s *session) error {
	m := l.mappingOf(t.Device())
	switch {
	case m == nil:
		t.Finish(relay.Rejected(relay.CodeBusy, "the device's configuration has just been changed; ask again"))
		return nil
	case s.ended() || !t.Device().Online():
		t.Finish(relay.Rejected(relay.CodeOffline, "the device went offline before it was written"))
		return nil
	}
	c := m.commands[t.Command]
	steps, err := m.asker.write(c, t.Value)
	if err != nil {
		t.Finish(relay.Rejected(relay.CodeOutOfRange, err.Error()))
		return nil
	}
	started := time.Now()
	o, err := l.carryOut(t, s, m, c, steps)
	if err == nil && o.Status == relay.StatusDone && c.confirm >= 0 {
		o, err = l.readBack(s, m, c, t.Value, started)
	}
	t.Finish(o)
	if c.Field != "" && c.confirm < 0 {
		if i := m.config.fieldIndex(c.Field); i >= 0 {
			m.rounds.soon(m.asker.reads(i), time.Now())
		}
	}
	return err
}

// carryOut writes the steps of a command. Done means that the last one was acknowledged.
func (l *line) carryOut(t *relay.Task, s *session, m *mapping, c *command, steps []*query) (relay.Outcome, error) {
	for i, q := range steps {
		for try := 0; ; try++ {
			if try == 0 && i == 0 && !t.InTime() {
				return relay.Rejected(relay.CodeExpired, "it was not written in time and will not be"), nil
			}
			r, v, err := l.transact(s, m, q)
			if err != nil {
				return brokenOutcome(err, i > 0 || try > 0), err
			}
			if v == fits {
				break
			}
			if v == refused && (i > 0 || try > 0) {
				return relay.Unknown("a part of it may have been done, then: " + r.refusal), nil
			}
			if v == refused {
				return relay.Failed(relay.CodeRefused, r.refusal), nil
			}
			if try >= c.Retries || l.stopping() || !t.InTime() {
				return relay.Unknown("the hardware did not answer in time"), nil
			}
		}
	}
	if last := steps[len(steps)-1]; last.nobody {
		return relay.Sent(), nil
	}
	return relay.Done(), nil
}

// brokenOutcome is the end of a command during which the stream broke.
func brokenOutcome(err error, before bool) relay.Outcome {
	if b, ok := err.(*brokenError); ok && !b.wrote && !before {
		return relay.Failed(relay.CodeIOError, "nothing could be written to the port")
	}
	return relay.Unknown("the connection broke before an answer came")
}

// readBack asks for the field of confirm until it shows the value or the command's time is over.
func (l *line) readBack(s *session, m *mapping, c *command, want relay.Value, started time.Time) (relay.Outcome, error) {
	q := m.asker.reads(c.confirm)
	var fresh relay.Value
	for {
		if l.stopping() {
			return relay.Unknown("the gateway stopped before a reading has shown the effect"), nil
		}
		r, v, err := l.transact(s, m, q)
		if err != nil {
			return relay.Unknown("the connection broke before a reading has shown the effect"), err
		}
		if v == fits {
			for _, reading := range r.readings {
				if reading.Field == c.confirm && !reading.Value.IsNull() {
					fresh = reading.Value
				}
			}
			if !fresh.IsNull() && fresh.Matches(want, c.tolerance(want)) {
				return relay.Done(), nil
			}
		}
		if time.Since(started) >= c.Timeout {
			break
		}
		if err := l.meanwhile(s); err != nil {
			return relay.Unknown("the connection broke before a reading has shown the effect"), err
		}
	}
	if fresh.IsNull() {
		return relay.Unknown("it was acknowledged, but no reading has shown the effect"), nil
	}
	return relay.Failed(relay.CodeMismatch, fmt.Sprintf("the hardware reads back %v instead of %v", fresh, want)), nil
}

// readBackPause lies between two readings back: hardware that moves needs time.
const readBackPause = 20 * time.Millisecond

// meanwhile gives the line to whoever is due while a command waits for its effect, or waits a little.
func (l *line) meanwhile(s *session) error {
	now := time.Now()
	l.mu.Lock()
	t, ok := nextTurn(l.mappings, now, now.Add(time.Hour))
	l.mu.Unlock()
	if ok && !t.at.After(now) {
		return l.poll(s, t)
	}
	pause(readBackPause)
	return nil
}

// pause waits for d. Go's own timers are late by a millisecond in an idle process, which is many characters.
func pause(d time.Duration) {
	if d > 5*time.Millisecond {
		time.Sleep(d)
		return
	}
	ts := unix.NsecToTimespec(d.Nanoseconds())
	_ = unix.Nanosleep(&ts, nil) // a signal may end it early: then the gap is a little short once
}
