package devices

import (
	"time"

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
			l.mu.Unlock()
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
	l.mu.Unlock()
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

// nextSlot returns the query that is sent next, and its device; ok is false if there is none.
func (l *line) nextSlot(s *session, now time.Time) (m *device, t schedule.Slot, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := func(i int) *schedule.Schedule { return &l.devices[i].schedule }
	t, ok = schedule.Next(len(l.devices), of, now, s.share, func(q *codec.Query) time.Time { return l.late.wait(toQuery(q)) })
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
	m.schedule.Asked(t.Poll, q, started, now, result)
	if result == schedule.Unanswered {
		by, _ := m.schedule.Health(t.Poll)
		s.share.Used(max(by, t.Health), started, now)
	}
	l.noteRefusal(m, q, r, v)
	l.noteSilence(m, t.Poll, now)
	l.missDevice(m, r)
	return nil
}

// resultFor returns what an answer means for the schedule.
func resultFor(r codec.Response, v codec.Verdict) schedule.Result {
	switch {
	case v == codec.Refused && r.Busy:
		return schedule.Busy
	case v == codec.Fits || v == codec.Refused:
		return schedule.Answered
	}
	return schedule.Unanswered
}

// noteSilence divides a request that the device ignores although it answers a part of it, and logs that once.
func (l *line) noteSilence(m *device, poll int, now time.Time) {
	parts := m.schedule.Divide(poll)
	if parts == nil {
		return
	}
	name := m.schedule.Polls[poll].Name
	if again := m.schedule.Part(poll, parts, now); !again {
		l.log.Warn("the device ignores this request and answers a part of it: it is polled in parts", "device", m.config.ID, "request", name,
			"hint", "a unit that ignores long requests needs a lower max_registers; one that ignores registers it does not have is polled faster without these fields")
	}
}

// missDevice logs, once, that a device has not answered since the port was opened. A device that has answered before is
// reported by the relay, after its offline_after.
func (l *line) missDevice(m *device, r codec.Response) {
	switch {
	case m.schedule.Proven:
		m.reported = false
	case !m.reported:
		m.reported = true
		hint := "check its power, its address, its wires (A and B swapped?), and the speed and parity of the port"
		if r.Noise {
			hint = "the data received is not an answer: check the speed and the parity of the port, and whether two devices have the same address"
		}
		l.log.Warn("the device does not answer; it is polled less and less often", "device", m.config.ID, "hint", hint)
	}
}

// noteRefusal logs, once, that a device refuses a request, and splits the request if the device may answer parts of it.
func (l *line) noteRefusal(m *device, q *codec.Query, r codec.Response, v codec.Verdict) {
	i, now := m.schedule.Find(q), time.Now()
	if i < 0 || v == codec.NoAnswer {
		return
	}
	a := &m.schedule.Polls[i]
	log := l.log.With("device", m.config.ID, "request", a.Name)
	switch {
	case v == codec.Fits:
		if a.Accepted() {
			log.Info("the device answers again")
		}
	case r.Instead != nil:
		if !m.parted {
			log.Info("the device refuses the whole request: it is polled in parts from now on", "reason", r.Refusal)
			m.parted = true
		}
		m.schedule.Part(i, r.Instead, now)
	case a.Refused(r.Refusal, now):
		log.Warn("the device refuses to answer", "fields", m.fieldsOf(q), "reason", r.Refusal, "hint", r.Hint)
	}
}
