package devices

import (
	"bytes"
	"fmt"
	"time"

	"minirelay/devices/wire"

	"minirelay/devices/serial"
)

// transact writes one request and waits for what becomes of it: fits, refused, unreached or noAnswer. What an answer
// reads goes to the relay before it returns. An error says that the stream can be used no longer; wrote in it says
// whether anything may have been written. The line is silent already: see hush.
func (l *line) transact(s *session, m *attached, q *query) (response, verdict, error) {
	l.mu.Lock()
	if len(l.inbox.bytes) > 0 {
		l.count.Drop(&l.count.Noise, l.inbox.bytes, "nothing was asked when it came: too late, or from somebody else")
		l.inbox.bytes = l.inbox.bytes[:0]
	}
	l.mu.Unlock()
	s.spoilt = false
	started := time.Now()
	defer l.occupied(s.config, started, l.traffic(s.config))
	by := serial.Soon()
	if !q.by.IsZero() {
		by = q.by
	}
	n, err := l.writeBy(s, q.request, by)
	if err != nil || n < len(q.request) {
		if err == nil {
			err = fmt.Errorf("only %d of %d bytes could be written", n, len(q.request))
		}
		return response{}, noAnswer, &brokenError{err, n > 0}
	}
	s.quietFrom = later(started.Add(s.config.Lasts(len(q.request))), time.Now())
	if q.nobody {
		s.restUntil = s.quietFrom.Add(q.after)
		return response{}, fits, nil
	}
	r, v, err := l.awaitAnswer(s, m, q, m.asker.timing(s.config).ends)
	if err == nil {
		s.note(q, v, time.Now())
		m.polls.note(v)
	}
	return r, v, err
}

// lateAnswer is an answer that was not waited for any longer and may still come.
type lateAnswer struct {
	to    *query
	until time.Time
}

// lateFor is how late any answer may be and still be told from the answer to something else. A short timeout says how
// long it is worth waiting, and not that a device which was busy keeps silent after that.
const lateFor = 500 * time.Millisecond

// note keeps in mind that an answer may come too late: it must not be taken for the answer to something else.
func (s *session) note(q *query, v verdict, now time.Time) {
	for _, shape := range [...]string{q.shape, q.refusal} {
		if shape == "" {
			continue
		}
		before, late := s.late[shape]
		late = late && now.Before(before.until)
		switch {
		case v == noAnswer || late && before.to == q: // this one may have been the answer to the try before
			s.late[shape] = lateAnswer{q, s.quietFrom.Add(max(2*q.timeout, lateFor) + s.config.Lasts(q.length))}
		case !late:
			delete(s.late, shape)
		}
	}
}

// hold says from when on a query may be asked: not while the answer to another, which would look the same, may come.
func (s *session) hold(q *query) (until time.Time) {
	if len(s.late) == 0 {
		return until
	}
	for _, shape := range [...]string{q.shape, q.refusal} {
		if l, ok := s.late[shape]; ok && l.to != q { // no late answer has the shape ""
			until = later(until, l.until)
		}
	}
	return until
}

// brokenError is a stream that broke during a query.
type brokenError struct {
	error
	wrote bool // bytes may have gone out
}

func (e *brokenError) Unwrap() error { return e.error }

// awaitAnswer waits for the answer to a request that has just been written.
func (l *line) awaitAnswer(s *session, m *attached, q *query, ends time.Duration) (response, verdict, error) {
	// What an adapter echoes has to come before it, which was waited for already.
	deadline := time.NewTimer(time.Until(s.quietFrom.Add(q.timeout + s.config.Lasts(q.length))))
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
				r.noise = l.unanswered(s, m, q)
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
func (l *line) look(s *session, m *attached, q *query, quiet bool) (response, verdict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	got := l.behindEcho(s, q)
	if len(got) == 0 {
		return response{}, noAnswer
	}
	r, v := q.answer(got, quiet)
	frame := wire.Frame{Device: m.config.ID, Request: q.name}
	switch v {
	case noAnswer:
		return r, v
	case garbled:
		l.count.Damaged.Add(1)
		m.polls.damaged.Add(1)
		s.spoilt = true
		l.count.Tap.Frame(l.inbox.at, frame, got, "it can never become the answer")
		l.inbox.bytes = l.inbox.bytes[:len(l.inbox.bytes)-len(got)]
		return r, noAnswer
	}
	s.restUntil = l.inbox.at.Add(q.after)
	switch frame.OK = true; v {
	case refused, unreached:
		l.count.Tap.Frame(l.inbox.at, frame, got, "the answer is no: "+r.refusal)
	default:
		taken(&l.count.Tap, l.inbox.at, &m.config, q.name, got, m.shown(r.readings, &l.count))
	}
	l.heard(s)
	if l.current(m) && v != unreached { // of a mapping that was exchanged meanwhile the readings are nobody's
		if len(r.readings) > 0 {
			m.device.Update(l.inbox.at, r.readings)
		} else {
			m.device.Seen(l.inbox.at)
		}
	}
	l.inbox.bytes = l.inbox.bytes[:0]
	return r, v
}

// behindEcho gives what has come besides the echo of the request; mu is held. An adapter may put a spoilt byte from its
// change of direction before the echo.
func (l *line) behindEcho(s *session, q *query) []byte {
	if !s.config.Echo {
		return l.inbox.bytes
	}
	if i := bytes.Index(l.inbox.bytes, q.request); i >= 0 {
		return l.inbox.bytes[i+len(q.request):]
	}
	return nil
}

// unanswered counts a request that has found no answer, and says whether something has come instead: it was damaged on
// its way.
func (l *line) unanswered(s *session, m *attached, q *query) (noise bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Unanswered.Add(1)
	why := "no answer in " + q.timeout.String()
	got := l.behindEcho(s, q)
	if len(got) > 0 {
		l.count.Damaged.Add(1)
		m.polls.damaged.Add(1)
		why = "what came in " + q.timeout.String() + " is no answer to it"
	}
	l.count.Tap.Frame(time.Now(), wire.Frame{Device: m.config.ID, Request: q.name}, got, why)
	l.inbox.bytes = l.inbox.bytes[:0]
	return s.spoilt || len(got) > 0
}

// hush waits until a request may be written: until the line has been silent for as long as any of its devices wants,
// whoever the request is for, as they tell by it where one begins; and until a device that wants longer silence has
// had it, which may take seconds.
func (l *line) hush(s *session) error {
	l.mu.Lock()
	var silence time.Duration
	for _, m := range l.mappings {
		silence = max(silence, m.asker.timing(s.config).before)
	}
	from := later(s.quietFrom, l.inbox.at)
	l.mu.Unlock()
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
	select {
	case <-s.gone:
		return &brokenError{s.err, false}
	case <-l.kill:
		return &brokenError{errStopped, false}
	default:
		return nil
	}
}

// rest waits for d, or until the session ends or the line has to.
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

// current says whether m is still a mapping of the line; mu is held.
func (l *line) current(m *attached) bool {
	for _, other := range l.mappings {
		if other == m {
			return true
		}
	}
	return false
}
