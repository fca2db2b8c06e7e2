package devices

import (
	"io"
	"time"
)

// session is one opened stream, from open to close.
type session struct {
	stream io.ReadWriteCloser
	config PortConfig // it was opened with
	opened time.Time
	gone   chan struct{} // closed when the reading goroutine has ended
	err    error         // why; only to be read after gone
	good   bool          // a good frame has come; guarded by the line's mu
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
func (l *line) read(s *session) {
	defer close(s.gone)
	framer := NewFramer(s.stream, &l.count)
	for {
		frame, err := framer.Next(int(l.limit.Load()))
		if err != nil {
			s.err = err
			return
		}
		l.take(s, frame)
	}
}

// take carries one frame to the relay, and to the command that waits for it. The mapping cannot change on the
// way. The state goes before the result: a screen that hears done already shows the effect.
func (l *line) take(s *session, frame Frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.mapping
	text, ok := m.codec.Unseal(frame.Line)
	if !ok {
		l.count.damaged.Add(1)
		return
	}
	if !frame.Whole && !m.codec.Sealed() {
		// Perhaps half a line. But an answer that is waited for is whole: it began after the command was written.
		if l.exchange != nil && l.exchange.answer(text) == fits {
			l.heard(s)
			m.device.Seen(frame.At)
		}
		return
	}
	readings, ok := m.codec.Decode(text)
	if !ok {
		if l.answer(text) == noAnswer {
			l.count.noise.Add(1)
			return
		}
		l.heard(s)
		m.device.Seen(frame.At)
		return
	}
	l.heard(s)
	m.device.Update(frame.At, readings)
	if len(readings) == 0 {
		l.answer(text) // some boards answer in JSON
		return
	}
	if ex := l.exchange; ex != nil {
		ex.read(frame.At, &m.config, readings)
		if ex.answer(text) == foreign { // or put the answer beside their readings
			l.count.late.Add(1)
		}
	}
}

// heard notes a good frame; mu is held.
func (l *line) heard(s *session) {
	l.count.frames.Add(1)
	if !s.good {
		s.good = true
		if l.flapping {
			l.noteOpen()
		}
	}
}

// answer gives a line to the command on the wire; mu is held. What answers no command that waits is counted.
func (l *line) answer(text []byte) verdict {
	v := noAnswer
	if l.exchange != nil {
		if v = l.exchange.answer(text); v == fits {
			return v
		}
	}
	for _, c := range l.mapping.commands {
		if v != noAnswer {
			break
		}
		if r, _ := c.refuse.match(text, 0, ""); r != noAnswer {
			v = foreign
		} else if e, _ := c.expect.match(text, 0, ""); e != noAnswer {
			v = foreign
		}
	}
	if v == foreign {
		l.count.late.Add(1)
	}
	return v
}
