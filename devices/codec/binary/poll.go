package binary

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// binaryAsker is a device that answers requests of bytes with frames of bytes. It serves the owner of the port.
type poller struct {
	rules   *frameRules
	match   codec.Places
	queries []*codec.Query
	byField []int // by field: the query whose answer carries it; -1: none
	config  mapping.DeviceConfig
	count   *wire.Counters
	seq     int
}

func NewPoller(c mapping.DeviceConfig, count *wire.Counters) codec.Poller {
	match, _ := codec.ParsePlaces(c.Match)
	b := &poller{rules: newFrameRules(c.Frame), match: match, config: c, count: count, seq: rand.IntN(codec.MaxSeq)}
	for _, r := range c.Requests {
		b.queries = append(b.queries, b.query(r))
	}
	for _, f := range c.Fields {
		b.byField = append(b.byField, c.RequestOf(f))
	}
	return b
}

// usualLength is how long an answer of unknown length is taken to be at most, when it is waited for.
const usualLength = 128

// afterCommand is how long a device is left alone with a command that the mapping does not expect it to answer: many
// do all the same, and would talk into the next request.
const afterCommand = 50 * time.Millisecond

// query makes what asks one request.
func (b *poller) query(r mapping.RequestConfig) *codec.Query {
	spec := b.rules
	if r.Length > 0 {
		of := b.config.Frame
		of.Length = r.Length
		spec = newFrameRules(of)
	}
	match, _ := codec.ParsePlaces(r.Match)
	var fields []codec.ByteField
	for i, f := range b.config.Fields {
		if b.config.RequestOf(f) >= 0 && b.config.Requests[b.config.RequestOf(f)].ID == r.ID {
			fields = append(fields, codec.NewByteField(i, f))
		}
	}
	template, _ := templateSyntax{frame: b.rules}.parse(r.Send)
	content, _ := template.Append(nil, "", 0)
	q := &codec.Query{Request: b.rules.stuffing.wrap(content), Name: r.ID, Every: r.Poll, Timeout: b.config.PollConfig.Timeout,
		Retries: b.config.PollConfig.Retries}
	if q.Every == 0 {
		q.Every = b.config.Poll
	}
	frames := max(r.Frames, 1)
	if q.Length = spec.length; q.Length == 0 {
		q.Length = usualLength
	}
	q.Length *= frames
	q.Shape = b.shape(r)
	var readings []relay.Reading
	q.Answer = func(got []byte, quiet bool) (codec.Response, codec.Verdict) {
		var answer [][]byte
		v := b.find(spec, got, quiet, func(frame []byte) codec.Verdict {
			if !match.Fits(frame) {
				return codec.NoAnswer
			}
			if answer = append(answer, bytes.Clone(frame)); len(answer) < frames {
				return codec.NoAnswer
			}
			return codec.Fits
		})
		if v != codec.Fits && !(quiet && len(answer) > 0) { // some of the frames are better than none
			return codec.Response{}, v
		}
		readings = readings[:0]
		for _, frame := range answer {
			for i := range fields {
				if fields[i].Match.Fits(frame) {
					readings = append(readings, fields[i].Read(frame, b.count))
				}
			}
		}
		return codec.Response{Readings: readings}, codec.Fits
	}
	return q
}

// shape tells answers apart by what the mapping says of them: by the device, and by the request if each has a match.
func (b *poller) shape(r mapping.RequestConfig) string {
	if slices.ContainsFunc(b.config.Requests, func(r mapping.RequestConfig) bool { return len(r.Match) == 0 }) {
		return fmt.Sprint("binary ", b.config.Match)
	}
	return fmt.Sprint("binary ", b.config.Match, r.Match)
}

// find gives each intact frame of the device that got holds to use, until one means something to it.
func (b *poller) find(spec *frameRules, got []byte, quiet bool, use func(frame []byte) codec.Verdict) codec.Verdict {
	v := codec.NoAnswer
	waiting := spec.each(got, quiet, min(b.config.MaxFrame, codec.MaxInbox), func(frame []byte) bool {
		if b.match.Fits(frame) {
			v = use(frame)
		}
		return v == codec.NoAnswer
	})
	if v == codec.NoAnswer && quiet && !waiting {
		b.count.Because("it contains no intact frame that answers the request")
		return codec.Garbled
	}
	return v
}

// each gives each intact frame in got to use, until use says that it is enough. waiting says that the rest may be
// the beginning of one. quiet says that nothing has come for a while: then what is unfinished holds up nothing.
func (s *frameRules) each(got []byte, quiet bool, limit int, use func(frame []byte) bool) (waiting bool) {
	if s.delimited() {
		return s.eachBlock(got, quiet, limit, use)
	}
	for at := 0; at < len(got); {
		switch verdict, n := s.judge(got[at:], limit); {
		case verdict == intact:
			if !use(got[at : at+n]) {
				return false
			}
			at += n
			continue
		case verdict == unfinished && !quiet:
			return true
		}
		at++
	}
	return false
}

// eachBlock is each for frames with something between them.
func (s *frameRules) eachBlock(got []byte, quiet bool, limit int, use func(frame []byte) bool) (waiting bool) {
	var scratch []byte
	for len(got) > 0 {
		n, skip := s.blockEnd(got)
		switch {
		case n < 0 && (s.gap == 0 || !quiet):
			return true
		case n < 0:
			n, skip = len(got), 0
		}
		if frame, ok := s.unblock(&scratch, got[:n], limit); ok && !use(frame) {
			return false
		}
		got = got[n+skip:]
	}
	return false
}

// blockEnd says how long the first block of b is, and how many bytes of a delimiter follow it; -1 if it has no end.
func (s *frameRules) blockEnd(b []byte) (n, skip int) {
	switch {
	case s.stuffing != stuffNone:
		return slices.Index(b, s.stuffing.delimiter()), 1
	case s.gap > 0:
		return -1, 0
	}
	for i := range len(b) - len(s.end) + 1 {
		if string(b[i:i+len(s.end)]) == string(s.end) {
			return i + len(s.end), 0
		}
	}
	return -1, 0
}

func (b *poller) Queries() []*codec.Query { return b.queries }

func (b *poller) Reads(field int) *codec.Query {
	if at := b.byField[field]; at >= 0 {
		return b.queries[at]
	}
	return nil
}

// Timing wants as much silence before a request as devices on RS-485 need to let go of the line.
func (b *poller) Timing(p serial.Config) codec.Timing {
	return codec.Timing{Before: max(b.rules.gap, p.Lasts(4)), Ends: b.rules.gap}
}

// Write makes the one query of a command.
func (b *poller) Write(c *codec.Command, v relay.Value) (*codec.Query, error) {
	text, err := c.Wire(v)
	if err != nil {
		return nil, err
	}
	b.seq = b.seq%codec.MaxSeq + 1
	seq := b.seq
	content, err := c.Template.Append(nil, text, seq)
	if err != nil {
		return nil, err
	}
	q := &codec.Query{Request: b.rules.stuffing.wrap(content), Name: c.ID, Timeout: c.Timeout, Length: usualLength,
		Nobody: c.Yes == nil && c.No == nil}
	switch {
	case q.Nobody:
		q.After = afterCommand
	case !c.Numbered():
		q.Shape = fmt.Sprint("binary command ", b.config.Match)
	}
	q.Answer = func(got []byte, quiet bool) (r codec.Response, v codec.Verdict) {
		v = b.find(b.rules, got, quiet, func(frame []byte) codec.Verdict {
			if said, _ := codec.Matching(c.No, frame, seq, text); said == codec.Fits {
				r.Refusal = "the hardware refused it"
				return codec.Refused
			}
			if said, _ := codec.Matching(c.Yes, frame, seq, text); said == codec.Fits {
				return codec.Fits
			}
			return codec.NoAnswer
		})
		return r, v
	}
	return q, nil
}
