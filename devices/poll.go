package devices

import (
	"time"

	"minirelay/devices/codec"
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
			l.tap.ShowBytes(time.Now(), false, buf[:n])
			l.mu.Lock()
			if len(l.inbox.bytes)+n > codec.MaxInbox {
				l.tap.Drop(&l.tap.Overlong, l.inbox.bytes, "more bytes have arrived than any answer can have")
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
		m.schedule.restart(time.Now())
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
		t, ok := l.nextSlot(s, now)
		if ok && !t.at.After(now) {
			s.row = 0
			if err := l.poll(s, t, l.executeWaiting); err != nil {
				return err
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

func (l *line) nextSlot(s *session, now time.Time) (slot, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, ok := nextSlot(l.devices, now, s.share, func(q *codec.Query) time.Time { return l.late.wait(toQuery(q)) })
	if s.restUntil.Sub(now) > serial.FineTime {
		t.at = later(t.at, s.restUntil) // the rest is waited for before the slot: a command that comes meanwhile goes first
	}
	return t, ok
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
	t, ok := l.nextSlot(s, now)
	return ok && !t.at.After(now)
}

// poll sends the query of one slot and notes its result. between is called between the parts of a long answer, where
// other requests may be sent. An error means that the stream can no longer be used.
func (l *line) poll(s *session, t slot, between func(*session) error) error {
	m, q, started := t.device, t.query(), time.Now()
	r, v, err := l.inquire(s, m, q, between)
	if err != nil {
		return err
	}
	answered := v == codec.Fits || v == codec.Refused
	now := time.Now()
	m.schedule.asked(t.poll, started, now, answered)
	if !answered {
		by, _ := m.schedule.health(t.poll)
		s.share.used(max(by, t.health), started, now)
	}
	l.noteRefusal(m, q, r, v)
	l.missDevice(m, r)
	return nil
}

// missDevice logs, once, that a device has not answered since the port was opened. A device that has answered before is
// reported by the relay, after its offline_after.
func (l *line) missDevice(m *device, r codec.Response) {
	switch {
	case m.schedule.proven:
		m.schedule.reported = false
	case !m.schedule.reported:
		m.schedule.reported = true
		hint := "check its power, its address, its wires (A and B swapped?), and the speed and parity of the port"
		if r.Noise {
			hint = "the data received is not an answer: check the speed and the parity of the port, and whether two devices have the same address"
		}
		l.log.Warn("the device does not answer; it is polled less and less often", "device", m.config.ID, "hint", hint)
	}
}

// noteRefusal logs, once, that a device refuses a request, and splits the request if the device may answer parts of it.
func (l *line) noteRefusal(m *device, q *codec.Query, r codec.Response, v codec.Verdict) {
	i := m.schedule.find(q)
	if i < 0 {
		return
	}
	a := &m.schedule.polls[i]
	if v == codec.NoAnswer || v == codec.Fits && a.refusal == "" {
		return
	}
	log := l.log.With("device", m.config.ID, "request", a.Name)
	switch {
	case v == codec.Fits:
		log.Info("the device answers again")
		a.refusal = ""
	case r.Instead != nil:
		if !m.schedule.parted {
			log.Info("the device refuses the whole request: it is polled in parts from now on", "reason", r.Refusal)
			m.schedule.parted = true
		}
		m.schedule.part(i, r.Instead, time.Now())
	case a.refusal != r.Refusal:
		log.Warn("the device refuses to answer", "fields", m.fieldsOf(q), "reason", r.Refusal, "hint", r.Hint)
		a.refusal = r.Refusal
	}
}
