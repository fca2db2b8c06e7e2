package devices

import (
	"bytes"
	"fmt"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// judge decides what has become of what came over a port, counts it, and shows it with the words that people read. A
// line has one, and so has Decode: a recording is judged as the line that made it would have done.
type judge struct {
	tap     *wire.Tap
	half    string // why a first frame may be half of one
	unknown string // why a frame that no device takes is noise
	// lenient takes a first frame that makes sense, though it may be half of one.
	lenient bool
}

// fate is what became of a frame.
type fate uint8

const (
	foreignFrame fate = iota // it is none of this device's
	damagedFrame             // its checksum is wrong
	answerFrame              // it answers a command, or is whole and holds no reading
	readingFrame
)

// finding is what a frame is to one device.
type finding struct {
	fate     fate
	text     []byte          // of the frame, without its checksum
	readings []relay.Reading // valid until the next frame
	answers  codec.Verdict   // of an answer: does it fit the command that waits, or is it foreign?
	command  *codec.Command  // of a foreign one: which it may answer
}

// find says what a frame is to m, and counts it if it is m's. ex is the command of m's that waits for an answer, or
// nil: it hears of an answer.
func (j *judge) find(m *device, ex *inFlight, frame codec.Frame) finding {
	text, ok := m.stream.CheckSum(frame.Bytes)
	if !ok {
		return finding{fate: damagedFrame}
	}
	half := !frame.Whole && !m.stream.HasSum()
	if half && !j.lenient {
		// But an answer that is waited for is whole: it began after the command was written.
		p, ok := m.stream.(codec.HeaderReader)
		if !(ok && p.ReadHeader(text)) && (ex == nil || ex.answer(text) != codec.Fits) {
			return finding{}
		}
		return j.good(finding{fate: answerFrame, text: text, answers: codec.Fits})
	}
	if readings, ok := m.stream.Decode(text); ok {
		return j.good(finding{fate: readingFrame, text: text, readings: readings})
	}
	if v, c := m.answers(ex, text); v != codec.NoAnswer {
		return j.good(finding{fate: answerFrame, text: text, answers: v, command: c})
	}
	if half {
		j.tap.Forget() // that is why it makes no sense
	}
	return finding{}
}

func (j *judge) good(f finding) finding {
	j.tap.Frames.Add(1)
	return f
}

// answers says what a frame is to the command that waits, if one does, and else which of m's commands it may answer.
func (m *device) answers(ex *inFlight, text []byte) (codec.Verdict, *codec.Command) {
	if ex != nil {
		if v := ex.answer(text); v != codec.NoAnswer {
			return v, ex.command
		}
	}
	for _, c := range m.commands {
		if mayAnswer(c, text, "") {
			return codec.Foreign, c
		}
	}
	return codec.NoAnswer, nil
}

// took shows the readings of a frame; request is what it answers, of a device that is asked.
func (j *judge) took(m *device, request string, at time.Time, frame []byte, readings []relay.Reading) {
	taken(j.tap, at, &m.config, request, frame, m.shown(readings, j.tap))
}

// answered shows an answer to a command; why is empty, or why it is of no use.
func (j *judge) answered(m *device, request string, frame codec.Frame, why string) {
	j.tap.Forget() // it is no reading, which was to be expected
	j.tap.ShowFrame(frame.At, wire.Frame{Device: m.config.ID, Request: request, OK: why == ""}, frame.Bytes, why)
}

// drop counts and shows a frame that no device has taken. best is the best that it was to one of them.
func (j *judge) drop(frame codec.Frame, best fate) {
	var why string
	switch {
	case best == damagedFrame:
		j.tap.Damaged.Add(1)
		why = "its checksum is wrong or missing"
	case frame.Whole:
		j.tap.Noise.Add(1)
		why = j.unknown
	default:
		why = j.half
	}
	j.tap.ShowFrame(frame.At, wire.Frame{}, frame.Bytes, why)
}

// answer judges what has come since q was written, as Query.Answer does, and counts and shows it. What is Garbled can
// become the answer no more: the caller drops it, as the rest of the time belongs to whatever still comes.
func (j *judge) answer(m *device, q *codec.Query, at time.Time, got []byte, quiet bool) (codec.Response, codec.Verdict) {
	if len(got) == 0 {
		return codec.Response{}, codec.NoAnswer
	}
	j.tap.Forget() // what was said when less had come
	r, v := q.Answer(got, quiet)
	f := wire.Frame{Device: m.config.ID, Request: q.Name}
	switch v {
	case codec.NoAnswer:
	case codec.Garbled:
		j.tap.Damaged.Add(1)
		m.polls.damaged.Add(1)
		j.tap.ShowFrame(at, f, got, "it can never become the answer")
	case codec.Refused, codec.Unreached:
		j.tap.Frames.Add(1)
		f.OK = true
		j.tap.ShowFrame(at, f, got, "the answer is no: "+r.Refusal)
	default:
		j.tap.Frames.Add(1)
		j.took(m, q.Name, at, got, r.Readings)
	}
	return r, v
}

// unanswered counts and shows a query whose time is over. got is what has come instead of an answer; within is how long
// was waited, or 0 where nobody did.
func (j *judge) unanswered(m *device, q *codec.Query, at time.Time, got []byte, within time.Duration) {
	j.tap.Unanswered.Add(1)
	why := "no answer"
	if within > 0 {
		why = fmt.Sprintf("no answer in %v", within)
	}
	if len(got) > 0 {
		j.tap.Damaged.Add(1)
		m.polls.damaged.Add(1)
		why = "the bytes received are not an answer to it"
		if within > 0 {
			why = fmt.Sprintf("the bytes received in %v are not an answer to it", within)
		}
	}
	j.tap.ShowFrame(at, wire.Frame{Device: m.config.ID, Request: q.Name}, got, why)
}

// unasked counts and shows what has come while no answer was waited for.
func (j *judge) unasked(got []byte) {
	if len(got) > 0 {
		j.tap.Drop(&j.tap.Noise, got, "no request was waiting when it came: too late, or from another device")
	}
}

// behindEcho gives what has come besides the echo of a request, on a line that echoes. An adapter may put a spoilt byte
// from its change of direction before the echo.
func behindEcho(c serial.Config, request, got []byte) []byte {
	if !c.Echo {
		return got
	}
	if i := bytes.Index(got, request); i >= 0 {
		return got[i+len(request):]
	}
	return nil
}
