package devices

import (
	"io"
	"slices"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
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
	quietFrom time.Time             // what was written has left
	restUntil time.Time             // the device that spoke last wants no request before
	spoilt    bool                  // something has come since the last request that is no answer
	spare     spare                 // when there is time for what is not answered
	late      map[string]lateAnswer // by shape of the query
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

// fate is what became of a frame.
type fate uint8

const (
	foreignFrame fate = iota // it is none of this device's
	damagedFrame             // its checksum is wrong
	takenFrame
)

// take carries one frame to the device that knows it. The mappings cannot change on the way.
func (l *line) take(s *session, frame codec.Frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	best := foreignFrame
	for _, m := range l.inTurn() {
		l.count.Tap.Turn()
		if best = max(best, l.offer(s, m, frame)); best == takenFrame {
			return
		}
	}
	why := "it may be half a frame: the port has just been opened"
	switch {
	case best == damagedFrame:
		l.count.Damaged.Add(1)
		why = "its checksum is wrong or missing"
	case frame.Whole:
		l.count.Noise.Add(1)
		why = "no device on this port knows such a frame"
	}
	l.count.Tap.Frame(frame.At, wire.Frame{}, frame.Bytes, why)
}

// inTurn gives the mappings in the order in which frames are offered to them; mu is held. Whose command waits comes
// first: boards on one line may answer alike.
func (l *line) inTurn() []*attached {
	if l.exchange == nil || len(l.mappings) < 2 || l.mappings[0].config.ID == l.exchange.device {
		return l.mappings
	}
	waits := func(m *attached) bool { return m.config.ID == l.exchange.device }
	i := slices.IndexFunc(l.mappings, waits)
	if i < 0 {
		return l.mappings
	}
	return slices.Concat(l.mappings[i:i+1], l.mappings[:i], l.mappings[i+1:])
}

// offer carries one frame to the relay, and to the command that waits for it, if it is one of m's; mu is held. The
// state goes before the result: a screen that hears done already shows the effect.
func (l *line) offer(s *session, m *attached, frame codec.Frame) fate {
	text, ok := m.codec.CheckSum(frame.Bytes)
	if !ok {
		return damagedFrame
	}
	ex := l.exchange
	if ex != nil && ex.device != m.config.ID {
		ex = nil
	}
	if !frame.Whole && !m.codec.HasSum() {
		// Perhaps half a line. But an answer that is waited for is whole: it began after the command was written.
		p, ok := m.codec.(codec.HeaderReader)
		if !(ok && p.ReadHeader(text)) && (ex == nil || ex.answer(text) != codec.Fits) {
			return foreignFrame
		}
		l.heard(s)
		m.device.Seen(frame.At)
		l.tellAnswer(m, frame, codec.Fits)
		return takenFrame
	}
	readings, ok := m.codec.Decode(text)
	if !ok {
		v := l.answer(m, ex, text)
		if v == codec.NoAnswer {
			return foreignFrame
		}
		l.heard(s)
		m.device.Seen(frame.At)
		l.tellAnswer(m, frame, v)
		return takenFrame
	}
	l.heard(s)
	m.device.Update(frame.At, readings)
	taken(&l.count.Tap, frame.At, &m.config, "", frame.Bytes, m.shown(readings, &l.count))
	if len(readings) == 0 {
		l.answer(m, ex, text) // some boards answer in JSON
	} else if ex != nil {
		ex.read(frame.At, &m.config, readings)
		if ex.answer(text) == codec.Foreign { // or put the answer beside their readings
			l.count.Late.Add(1)
		}
	}
	return takenFrame
}

// tellAnswer shows the answer to a command; mu is held.
func (l *line) tellAnswer(m *attached, frame codec.Frame, v codec.Verdict) {
	if !l.count.Watched() {
		return
	}
	l.count.Tap.Forget() // it is no reading, which was to be expected
	f := wire.Frame{Device: m.config.ID, Request: "command", OK: v == codec.Fits}
	if v == codec.Fits {
		l.count.Tap.Frame(frame.At, f, frame.Bytes, "")
	} else {
		l.count.Tap.Frame(frame.At, f, frame.Bytes, "it answers no command that waits: too late, doubled, or with a foreign number")
	}
}

// heard notes a good frame; mu is held.
func (l *line) heard(s *session) {
	l.count.Frames.Add(1)
	if !s.good {
		s.good = true
		if l.flapping {
			l.noteOpen()
		}
	}
}

// answer gives a frame to the command that waits for one of m's; mu is held. What answers none is counted.
func (l *line) answer(m *attached, ex *exchange, text []byte) codec.Verdict {
	v := codec.NoAnswer
	if ex != nil {
		if v = ex.answer(text); v == codec.Fits {
			return v
		}
	}
	for _, c := range m.commands {
		if v != codec.NoAnswer {
			break
		}
		if r, _ := codec.Matching(c.No, text, 0, ""); r != codec.NoAnswer {
			v = codec.Foreign
		} else if e, _ := codec.Matching(c.Yes, text, 0, ""); e != codec.NoAnswer {
			v = codec.Foreign
		}
	}
	if v == codec.Foreign {
		l.pay(text)
		l.count.Late.Add(1)
	}
	return v
}
