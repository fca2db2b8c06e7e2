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

// poller makes requests of bytes, which the device answers with frames of bytes. It serves the owner of the port.
type poller struct {
	rules   *frameRules
	match   codec.Places
	queries []*codec.Query
	byField []int // by field: the query whose answer carries it; -1: none
	config  mapping.DeviceConfig
	tap     *wire.Tap
	seq     int
}

// NewPoller returns the poller of a device with requests. tap receives what it drops.
func NewPoller(c mapping.DeviceConfig, tap *wire.Tap) codec.Poller {
	match, _ := codec.ParsePlaces(c.Match)
	p := &poller{rules: newFrameRules(c.Frame), match: match, config: c, tap: tap, seq: rand.IntN(codec.MaxSeq)}
	for _, r := range c.Requests {
		p.queries = append(p.queries, p.query(r))
	}
	for _, f := range c.Fields {
		p.byField = append(p.byField, c.RequestOf(f))
	}
	return p
}

// usualLength is the assumed longest answer in bytes, if its length is unknown.
const usualLength = 128

// afterCommand is the silence after a command for which the mapping expects no answer: many devices answer all the same,
// and would disturb the next request.
const afterCommand = 50 * time.Millisecond

// query makes the query of one request.
func (p *poller) query(r mapping.RequestConfig) *codec.Query {
	spec := p.rules
	if r.Length > 0 {
		of := p.config.Frame
		of.Length = r.Length
		spec = newFrameRules(of)
	}
	match, _ := codec.ParsePlaces(r.Match)
	var fields []codec.ByteField
	for i, f := range p.config.Fields {
		if p.config.RequestOf(f) >= 0 && p.config.Requests[p.config.RequestOf(f)].ID == r.ID {
			fields = append(fields, codec.NewByteField(i, f))
		}
	}
	template, _ := templateSyntax{frame: p.rules}.parse(r.Send)
	content, _ := template.Append(nil, "", 0)
	q := &codec.Query{Request: p.rules.stuffing.wrap(content), Name: r.ID, Every: r.Poll, Timeout: p.config.PollConfig.Timeout,
		Retries: p.config.PollConfig.Retries}
	if q.Every == 0 {
		q.Every = p.config.Poll
	}
	frames := max(r.Frames, 1)
	if q.Length = spec.length; q.Length == 0 {
		q.Length = usualLength
	}
	q.Length *= frames
	q.Shape = p.shape(r)
	var readings []relay.Reading
	q.Answer = func(got []byte, quiet bool) (codec.Response, codec.Verdict) {
		var answer [][]byte
		v := p.search(spec, got, quiet, func(frame []byte) codec.Verdict {
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
					readings = append(readings, fields[i].Read(frame, p.tap))
				}
			}
		}
		return codec.Response{Readings: readings}, codec.Fits
	}
	return q
}

// shape identifies answers by the match of the device, and by that of the request if every request has one.
func (p *poller) shape(r mapping.RequestConfig) string {
	if slices.ContainsFunc(p.config.Requests, func(r mapping.RequestConfig) bool { return len(r.Match) == 0 }) {
		return fmt.Sprint("binary ", p.config.Match)
	}
	return fmt.Sprint("binary ", p.config.Match, r.Match)
}

// search passes each intact frame of the device in got to use, until use returns a verdict other than NoAnswer.
func (p *poller) search(spec *frameRules, got []byte, quiet bool, use func(frame []byte) codec.Verdict) codec.Verdict {
	v := codec.NoAnswer
	waiting := spec.each(got, quiet, min(p.config.MaxFrame, codec.MaxInbox), func(frame []byte) bool {
		if p.match.Fits(frame) {
			v = use(frame)
		}
		return v == codec.NoAnswer
	})
	if v == codec.NoAnswer && quiet && !waiting {
		p.tap.Because("it contains no intact frame that answers the request")
		return codec.Garbled
	}
	return v
}

// each passes each intact frame in got to use, until use returns false. waiting says that the rest may be the beginning
// of a frame. quiet says that nothing more has come: then an incomplete frame does not hold back those after it.
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
		case verdict == incomplete && !quiet:
			return true
		}
		at++
	}
	return false
}

// eachBlock is each for delimited frames.
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

// blockEnd returns the length of the first block of b, and that of the delimiter after it, in bytes; -1 if it has no end.
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

func (p *poller) Queries() []*codec.Query { return p.queries }

func (p *poller) Reads(field int) *codec.Query {
	if at := p.byField[field]; at >= 0 {
		return p.queries[at]
	}
	return nil
}

// Timing is the silence before a request in which devices on RS-485 release the line: four characters.
func (p *poller) Timing(port serial.Config) codec.Timing {
	return codec.Timing{Before: max(p.rules.gap, port.Lasts(4)), Ends: p.rules.gap}
}

// Write returns the query of a command.
func (p *poller) Write(c *codec.Command, v relay.Value) (*codec.Query, error) {
	text, err := c.Wire(v)
	if err != nil {
		return nil, err
	}
	p.seq = p.seq%codec.MaxSeq + 1
	seq := p.seq
	content, err := c.Template.Append(nil, text, seq)
	if err != nil {
		return nil, err
	}
	q := &codec.Query{Request: p.rules.stuffing.wrap(content), Name: c.ID, Timeout: c.Timeout, Length: usualLength,
		Nobody: c.Yes == nil && c.No == nil}
	switch {
	case q.Nobody:
		q.After = afterCommand
	case !c.Numbered():
		q.Shape = fmt.Sprint("binary command ", p.config.Match)
	}
	q.Answer = func(got []byte, quiet bool) (r codec.Response, v codec.Verdict) {
		v = p.search(p.rules, got, quiet, func(frame []byte) codec.Verdict {
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
