package devices

import (
	"io"
	"slices"
	"time"

	"minirelay/devices/answers"
	"minirelay/devices/codec"
	"minirelay/devices/schedule"
	"minirelay/devices/serial"
)

// session is one opened stream, from open to close.
type session struct {
	stream  io.ReadWriteCloser
	config  serial.Config // with which it was opened
	framing string        // how frames are cut; "polled" for polled devices
	opened  time.Time
	gone    chan struct{} // closed when the reading goroutine has ended
	err     error         // why it has ended; valid once gone is closed
	heard   time.Time     // when the last valid frame came; guarded by the line's mu
	good    bool          // a valid frame has come; guarded by the line's mu

	// For polled devices; only the owner touches these.
	quietFrom time.Time      // when the last written byte has left the port
	restUntil time.Time      // before this time the device that answered last accepts no request
	last      []byte         // the last request
	spoilt    bool           // since the last request, bytes have come that are not an answer
	contested bool           // since it, a request of another master was heard
	doubted   bool           // since it, an answer has come that may be a late one to another request
	echo      answers.Echo   // whether the adapter receives what it sends
	share     schedule.Share // from when on devices that do not answer may be polled
	row       int            // commands in a row, without a query that had its turn
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
func (l *line) read(s *session, framer codec.Framer) {
	defer close(s.gone)
	for {
		frame, err := framer.Next(int(l.limit.Load()))
		if err != nil {
			s.err = err
			return
		}
		l.take(s, frame)
	}
}

// take carries one frame to the device that accepts it. The devices of the line cannot change meanwhile.
func (l *line) take(s *session, frame codec.Frame) {
	l.mu.Lock()
	defer l.unlock()
	best := foreignFrame
	for _, m := range l.inTurn() {
		l.tap.Turn()
		if best = max(best, l.offer(s, m, frame)); best >= answerFrame {
			return
		}
	}
	l.judge.drop(frame, best)
}

// inTurn returns the devices in the order in which a frame is offered to them; mu is held. The device of the command in
// flight is first: boards on one line may answer alike.
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

// offer carries one frame to the relay, and to the command in flight, if the frame belongs to m; mu is held. The state
// goes before the result: a screen that receives done already shows the effect.
func (l *line) offer(s *session, m *device, frame codec.Frame) fate {
	sent := l.inFlight
	if sent != nil && sent.device != m.config.ID {
		sent = nil
	}
	f := l.judge.find(m, sent, frame)
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
		l.tellMissing(m)
		l.answerBesideReadings(m, sent, frame.At, f)
	}
	return f.fate
}

// answerBesideReadings gives a frame of readings to the command in flight of m, or nil; mu is held. The readings may
// show the effect of the command, and some boards answer in JSON, or put the answer beside their readings.
func (l *line) answerBesideReadings(m *device, sent *inFlight, at time.Time, f finding) {
	if len(f.readings) == 0 {
		if v, _ := m.answers(sent, f.text); v == codec.Foreign {
			l.lateAnswer(f.text)
		}
	} else if sent != nil {
		sent.read(at, &m.config, f.readings)
		if sent.answer(f.text) == codec.Foreign {
			l.tap.Late.Add(1)
		}
	}
}

// lateAnswer counts an answer for which no command waits; mu is held.
func (l *line) lateAnswer(text []byte) {
	l.late.Take(text)
	l.tap.Late.Add(1)
}

// heard notes that a valid frame has come; mu is held.
func (l *line) heard(s *session) {
	s.heard = time.Now()
	if !s.good {
		s.good = true
		if l.flapping {
			l.trouble, l.flapping = "", false
			l.said = append(l.said, func() { l.logOpen(s.config) })
		}
	}
}
