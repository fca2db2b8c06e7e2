package devices

import (
	"bytes"
	"fmt"
	"time"
	"unicode/utf8"

	"minirelay/devices/codec"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// judge decides what each frame of a port is, counts it, and shows it with a reason for people. A line has one, and so
// has [Decode]: it judges a recording as the line that recorded it would have done.
type judge struct {
	tap     *wire.Tap
	half    string // why a first frame may be half of one
	unknown string // why a frame that no device takes is noise
	// doubts reports whether an answer to q may be a late one to another request; nil: it cannot.
	doubts func(q *codec.Query, v codec.Verdict) bool
	// lenient accepts a first frame that can be decoded, though it may be half of one.
	lenient bool
}

// fate is what a frame was found to be. A later constant is the better match.
type fate uint8

const (
	foreignFrame fate = iota // the frame belongs to another device, or to none
	damagedFrame             // the checksum is wrong
	answerFrame              // the frame answers a command, or is a header without readings
	readingFrame
)

// finding is the relation of a frame to one device.
type finding struct {
	fate     fate
	text     []byte          // the frame without its checksum
	readings []relay.Reading // valid until the next frame
	answers  codec.Verdict   // of an answer: Fits the command in flight, or Foreign
	command  *codec.Command  // of a foreign answer: the command that it may answer
}

// find judges a frame for m, and counts it if it belongs to m. sent is the command of m in flight, or nil; it receives
// its answer here.
func (j *judge) find(m *device, sent *inFlight, frame codec.Frame) finding {
	j.looksFor(m)
	text, ok := m.stream.CheckSum(frame.Bytes)
	if !ok {
		return finding{fate: damagedFrame}
	}
	half := !frame.Whole && !m.stream.HasSum()
	if half && !j.lenient {
		// An expected answer is whole nevertheless: it began after the command was written.
		p, ok := m.stream.(codec.HeaderReader)
		if !(ok && p.ReadHeader(text)) && (sent == nil || sent.answer(text) != codec.Fits) {
			return finding{}
		}
		return j.good(finding{fate: answerFrame, text: text, answers: codec.Fits})
	}
	if readings, ok := m.stream.Decode(text); ok {
		return j.good(finding{fate: readingFrame, text: text, readings: readings})
	}
	if v, c := m.answers(sent, text); v != codec.NoAnswer {
		return j.good(finding{fate: answerFrame, text: text, answers: v, command: c})
	}
	if half {
		j.tap.Forget() // the codec's reasons do not apply to half of a frame
	}
	return finding{}
}

func (j *judge) good(f finding) finding {
	j.tap.Frames.Add(1)
	return f
}

// answers judges a frame as an answer to the command in flight, or else finds the command of m that it may answer.
func (m *device) answers(sent *inFlight, text []byte) (codec.Verdict, *codec.Command) {
	if sent != nil {
		if v := sent.answer(text); v != codec.NoAnswer {
			return v, sent.command
		}
	}
	for _, c := range m.commands {
		if mayAnswer(c, text, "") {
			return codec.Foreign, c
		}
	}
	return codec.NoAnswer, nil
}

// took shows the readings of a frame; request is the request that it answers, "" for a device that talks by itself.
func (j *judge) took(m *device, request string, at time.Time, frame []byte, readings []relay.Reading) {
	m.missing.Took(at, readings, j.tap, "")
	j.misses(m, at)
	taken(j.tap, at, &m.config, request, frame, m.shown(readings, j.tap))
}

// answered shows an answer to a command; why is the reason why it is not used, or "".
func (j *judge) answered(m *device, request string, frame codec.Frame, why string) {
	j.tap.Forget() // an answer need not be a reading
	j.tap.ShowFrame(frame.At, wire.Frame{Device: m.config.ID, Request: request, OK: why == ""}, frame.Bytes, why)
}

// drop counts and shows a frame that no device has accepted. best is its best match among the devices.
func (j *judge) drop(frame codec.Frame, best fate) {
	var why string
	switch {
	case best == damagedFrame:
		j.tap.Damaged.Add(1)
		why = "its checksum is wrong or missing"
	case frame.Whole:
		j.tap.Noise.Add(1)
		why = j.unknown
		if frame.Line && !utf8.Valid(frame.Bytes) {
			j.tap.Forget()
			why = "it is not UTF-8, so it is not text: is the baud rate right?"
		}
	default:
		why = j.half
	}
	j.tap.ShowFrame(frame.At, wire.Frame{}, frame.Bytes, why)
}

// answer judges the bytes received since q was written, as [codec.Query.Answer] does, and counts and shows them.
// Garbled bytes can no longer become the answer: the caller drops them and waits for further bytes until the timeout.
func (j *judge) answer(m *device, q *codec.Query, at time.Time, got []byte, quiet bool) (codec.Response, codec.Verdict) {
	if len(got) == 0 {
		return codec.Response{}, codec.NoAnswer
	}
	j.tap.Forget() // the reason for the incomplete answer no longer holds
	j.looksFor(m)
	r, v := q.Answer(got, quiet)
	f := wire.Frame{Device: m.config.ID, Request: q.Name}
	if (v == codec.Fits || v == codec.Refused) && j.doubts != nil && j.doubts(q, v) {
		j.tap.Late.Add(1)
		j.tap.Forget()
		j.tap.ShowFrame(at, f, got, "it may be the late answer to another request")
		return codec.Response{}, codec.Garbled
	}
	switch v {
	case codec.NoAnswer:
	case codec.Foreign:
		j.tap.ShowFrame(at, f, got, "another master sends requests: what it is answered cannot be distinguished from an answer to this one")
	case codec.Garbled:
		j.tap.Damaged.Add(1)
		m.polls.damaged.Add(1)
		j.tap.ShowFrame(at, f, got, "it can never become the answer")
	case codec.Refused, codec.Unreached:
		m.missing.Took(at, r.Readings, j.tap, r.Refusal)
		j.tap.Frames.Add(1)
		f.OK = true
		j.tap.ShowFrame(at, f, got, "the device refused: "+r.Refusal)
	default:
		j.tap.Frames.Add(1)
		j.took(m, q.Name, at, got, r.Readings)
	}
	return r, v
}

// unanswered counts and shows a query whose timeout has passed. got are the bytes received instead of an answer; within
// is the timeout, or 0 in a recording.
func (j *judge) unanswered(m *device, q *codec.Query, at time.Time, got []byte, within time.Duration) {
	j.tap.Unanswered.Add(1)
	m.missing.Unanswered(func(field int) bool { return m.poller.Reads(field) == q })
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

// unasked counts and shows bytes that arrived while no request was waiting.
func (j *judge) unasked(got []byte) {
	if len(got) > 0 {
		j.tap.Drop(&j.tap.Noise, got, "no request was waiting when it came: too late, or from another device")
	}
}

// behindEcho returns the bytes after the echo of a request, on a line that echoes by its settings. An adapter may put a damaged byte
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

// looksFor begins a frame of m: the codec remarks on it if fields are missed.
func (j *judge) looksFor(m *device) { j.tap.Ask(m.missing.Asks()) }

// misses shows, with every so many frames, the fields of m that are missed.
func (j *judge) misses(m *device, at time.Time) {
	if !m.missing.Due() || !j.tap.Watched() {
		return
	}
	for _, f := range m.missing.List(at, m.poller != nil) {
		j.tap.Because(f.Why)
	}
}
