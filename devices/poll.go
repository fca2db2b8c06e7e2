package devices

import (
	"time"

	"minirelay/devices/answers"
	"minirelay/devices/codec"
	"minirelay/devices/schedule"
	"minirelay/devices/serial"
)

// inbox holds the bytes received on a line of polled devices, at most [codec.MaxInbox]. It is guarded by the line's mu.
type inbox struct {
	bytes []byte
	at    time.Time // when the last of them came
}

// listen is the reading goroutine of a session with polled devices. It ends with the stream.
func (l *line) listen(s *session) {
	defer close(s.gone)
	buf := make([]byte, codec.FirstBuffer)
	for empty := 0; ; {
		n, err := s.stream.Read(buf)
		if n > 0 {
			empty = 0
			l.tap.Bytes.Add(uint64(n))
			now := time.Now()
			l.tap.Last.Store(now.UnixNano())
			l.tap.ShowBytes(now, false, buf[:n])
			l.mu.Lock()
			if len(l.inbox.bytes)+n > codec.MaxInbox {
				l.tap.Drop(&l.tap.Overlong, l.inbox.bytes, "more bytes have arrived than any answer can have")
				l.inbox.bytes = l.inbox.bytes[:0]
			}
			l.inbox.bytes = append(l.inbox.bytes, buf[:n]...)
			l.inbox.at = now
			l.unlock()
			select {
			case l.heardBytes <- struct{}{}:
			default:
			}
		}
		if empty++; err == nil && empty > codec.EmptyReads {
			err = serial.ErrHungUp
		}
		if err != nil {
			s.err = err
			return
		}
	}
}

// commandRow is how many commands go in a row while a query is due: a person who keeps a line busy with one device must
// not hide the values of the others.
const commandRow = 4

// workPolled polls the devices of a line and executes commands, until the session ends; the error is the reason.
// Commands go first: a command waits for at most one query, unless [commandRow] others went before it.
func (l *line) workPolled(s *session) error {
	l.mu.Lock()
	for _, m := range l.devices {
		m.schedule.Restart(time.Now())
	}
	l.unlock()
	s.restUntil = s.opened.Add(s.config.Pause)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := l.executeWaiting(s); err != nil {
			return err
		}
		switch {
		case l.stopping():
			return errStopped
		case s.ended():
			return s.err
		case l.outdated(s):
			return errChanged
		case l.deaf(s):
			return errDeaf
		}
		now := time.Now()
		m, t, ok := l.nextSlot(s, now)
		if ok && !t.At.After(now) {
			s.row = 0
			if err := l.poll(s, m, t, l.executeWaiting); err != nil {
				return err
			}
			continue
		}
		wait := time.Hour
		if ok {
			wait = t.At.Sub(now)
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

// deafFor is how long nothing has answered over a connection to a serial server before it is made again: some servers never
// answer over one on which they were asked too early, or that was half lost.
const deafFor = time.Minute

// deaf reports whether a new connection may help.
func (l *line) deaf(s *session) bool {
	if s.config.ServerAddress() == "" || time.Since(later(s.opened, s.heard)) < deafFor {
		return false
	}
	l.mu.Lock()
	defer l.unlock()
	asked := false
	for _, m := range l.devices {
		if asked = asked || len(m.schedule.Polls) > 0; len(m.schedule.Polls) > 0 && m.device.Online() {
			return false
		}
	}
	return asked
}

// nextSlot returns the query that is sent next, and its device; ok is false if there is none.
func (l *line) nextSlot(s *session, now time.Time) (m *device, t schedule.Slot, ok bool) {
	l.mu.Lock()
	defer l.unlock()
	of := func(i int) *schedule.Schedule { return &l.devices[i].schedule }
	t, ok = schedule.Next(len(l.devices), of, now, s.share, func(q *codec.Query) time.Time { return l.late.Wait(answers.ToQuery(q)) })
	if s.restUntil.Sub(now) > serial.FineTime {
		t.At = later(t.At, s.restUntil) // the rest is waited for before the slot: a command that comes meanwhile goes first
	}
	if ok {
		m = l.devices[t.Device]
	}
	return m, t, ok
}

// executeWaiting executes the commands that wait in the lane, until it is empty, a query must have its turn, or the
// session must end.
func (l *line) executeWaiting(s *session) error {
	for !l.stopping() && !s.ended() && !l.outdated(s) {
		if s.row >= commandRow && l.pollDue(s) {
			break
		}
		t := l.lane.Take()
		if t == nil {
			s.row = 0
			break
		}
		s.row++
		if err := l.executePolled(t, s); err != nil {
			return err
		}
	}
	return nil
}

// pollDue reports whether a query is due.
func (l *line) pollDue(s *session) bool {
	now := time.Now()
	_, t, ok := l.nextSlot(s, now)
	return ok && !t.At.After(now)
}

// poll sends the query of one slot and notes its result. between is called between the parts of a long answer, where
// other requests may be sent. An error means that the stream can no longer be used.
func (l *line) poll(s *session, m *device, t schedule.Slot, between func(*session) error) error {
	q, started := t.Query(), time.Now()
	r, v, err := l.inquire(s, m, q, between)
	if err != nil {
		return err
	}
	result, now := resultFor(r, v), time.Now()
	m.schedule.Asked(t.Poll, q, now, result)
	if result == schedule.Unanswered {
		by, _ := m.schedule.Health(t.Poll)
		s.share.Used(max(by, t.Health), started, now)
	}
	m.noteRefusal(l.log, q, r, v)
	m.noteSilence(l.log, t.Poll, now)
	m.missed(l.log, r)
	return nil
}
