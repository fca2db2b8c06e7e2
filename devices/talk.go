package devices

import (
	"io"
	"slices"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/serial"
)

// session is one opened stream, from open to close.
type session struct {
	stream  io.ReadWriteCloser
	config  serial.Config // it was opened with
	framing string        // how frames are cut, or "asked"; see framingOf
	opened  time.Time
	gone    chan struct{} // closed when the reading goroutine has ended
	err     error         // why; only to be read after gone
	good    bool          // a good frame has come; guarded by the line's mu

	// For devices that are asked; only the owner touches it.
	quietFrom time.Time // what was written has left
	restUntil time.Time // the device that spoke last wants no request before
	spoilt    bool      // something has come since the last request that is no answer
	spare     share     // when there is time for what is not answered
}

func (s *session) ended() bool {
	select {
	case <-s.gone:
		return true
	default:
		return false
	}
}

// read is the reading goroutine of a session. It ends with the stream.
func (l *line) read(s *session, cutter codec.Framer) {
	defer close(s.gone)
	for {
		frame, err := cutter.Next(int(l.limit.Load()))
		if err != nil {
			s.err = err
			return
		}
		l.take(s, frame)
	}
}

// take carries one frame to the device that knows it. The mappings cannot change on the way.
func (l *line) take(s *session, frame codec.Frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	best := foreignFrame
	for _, m := range l.inTurn() {
		l.tap.Turn()
		if best = max(best, l.offer(s, m, frame)); best >= answerFrame {
			return
		}
	}
	l.judge.drop(frame, best)
}

// inTurn gives the mappings in the order in which frames are offered to them; mu is held. Whose command waits comes
// first: boards on one line may answer alike.
func (l *line) inTurn() []*device {
	if l.inFlight == nil || len(l.devices) < 2 || l.devices[0].config.ID == l.inFlight.device {
		return l.devices
	}
	waits := func(m *device) bool { return m.config.ID == l.inFlight.device }
	i := slices.IndexFunc(l.devices, waits)
	if i < 0 {
		return l.devices
	}
	return slices.Concat(l.devices[i:i+1], l.devices[:i], l.devices[i+1:])
}

// offer carries one frame to the relay, and to the command that waits for it, if it is one of m's; mu is held. The
// state goes before the result: a screen that hears done already shows the effect.
func (l *line) offer(s *session, m *device, frame codec.Frame) fate {
	ex := l.inFlight
	if ex != nil && ex.device != m.config.ID {
		ex = nil
	}
	f := l.judge.find(m, ex, frame)
	switch f.fate {
	case answerFrame:
		l.heard(s)
		m.device.Seen(frame.At)
		why := ""
		if f.answers == codec.Foreign {
			l.lateAnswer(f.text)
			why = "it answers no waiting command: too late, repeated, or with another number"
		}
		l.judge.answered(m, "command", frame, why)
	case readingFrame:
		l.heard(s)
		m.device.Update(frame.At, f.readings)
		l.judge.took(m, "", frame.At, frame.Bytes, f.readings)
		l.answerBesideReadings(m, ex, frame.At, f)
	}
	return f.fate
}

// answerBesideReadings gives a frame of readings to the command that waits for one of m's; mu is held. They may show its
// effect, and some boards answer in JSON, or put the answer beside their readings.
func (l *line) answerBesideReadings(m *device, ex *inFlight, at time.Time, f finding) {
	if len(f.readings) == 0 {
		if v, _ := m.answers(ex, f.text); v == codec.Foreign {
			l.lateAnswer(f.text)
		}
	} else if ex != nil {
		ex.read(at, &m.config, f.readings)
		if ex.answer(f.text) == codec.Foreign {
			l.tap.Late.Add(1)
		}
	}
}

// lateAnswer counts an answer that no command waits for; mu is held.
func (l *line) lateAnswer(text []byte) {
	l.late.take(text)
	l.tap.Late.Add(1)
}

// heard notes that a good frame has come; mu is held.
func (l *line) heard(s *session) {
	if !s.good {
		s.good = true
		if l.flapping {
			l.noteOpen()
		}
	}
}
