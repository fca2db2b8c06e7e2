package devices

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"minirelay/devices/mapping"

	"minirelay/devices/wire"

	"minirelay/devices/serial"

	"minirelay/relay"
)

// binaryAsker is a device that answers requests of bytes with frames of bytes. It serves the owner of the port.
type binaryAsker struct {
	spec   *frameSpec
	match  places
	all    []*query
	places []int // by field: the query whose answer carries it; -1: none
	config mapping.DeviceConfig
	count  *wire.Counters
	seq    int
}

func askBinary(c mapping.DeviceConfig, count *wire.Counters) asker {
	match, _ := parsePlaces(c.Match)
	b := &binaryAsker{spec: newFrameSpec(c.Frame), match: match, config: c, count: count, seq: rand.IntN(maxSeq)}
	for _, r := range c.Requests {
		b.all = append(b.all, b.query(r))
	}
	for _, f := range c.Fields {
		b.places = append(b.places, c.RequestOf(f))
	}
	return b
}

// usualLength is how long an answer of unknown length is taken to be at most, when it is waited for.
const usualLength = 128

// afterCommand is how long a device is left alone with a command that the mapping does not expect it to answer: many
// do all the same, and would talk into the next request.
const afterCommand = 50 * time.Millisecond

// query makes what asks one request.
func (b *binaryAsker) query(r mapping.RequestConfig) *query {
	spec := b.spec
	if r.Length > 0 {
		of := b.config.Frame
		of.Length = r.Length
		spec = newFrameSpec(of)
	}
	match, _ := parsePlaces(r.Match)
	var fields []byteField
	for i, f := range b.config.Fields {
		if b.config.RequestOf(f) >= 0 && b.config.Requests[b.config.RequestOf(f)].ID == r.ID {
			fields = append(fields, newByteField(i, f))
		}
	}
	template, _ := templateKind{frame: b.spec}.parse(r.Send)
	content, _ := template.fill(nil, "", 0)
	q := &query{request: b.spec.stuffing.wrap(content), name: r.ID, every: r.Poll, timeout: b.config.PollConfig.Timeout,
		retries: b.config.PollConfig.Retries}
	if q.every == 0 {
		q.every = b.config.Poll
	}
	frames := max(r.Frames, 1)
	if q.length = spec.length; q.length == 0 {
		q.length = usualLength
	}
	q.length *= frames
	q.shape = b.shape(r)
	var readings []relay.Reading
	q.answer = func(got []byte, quiet bool) (response, verdict) {
		var answer [][]byte
		v := b.find(spec, got, quiet, func(frame []byte) verdict {
			if !match.fit(frame) {
				return noAnswer
			}
			if answer = append(answer, bytes.Clone(frame)); len(answer) < frames {
				return noAnswer
			}
			return fits
		})
		if v != fits && !(quiet && len(answer) > 0) { // some of the frames are better than none
			return response{}, v
		}
		readings = readings[:0]
		for _, frame := range answer {
			for i := range fields {
				if fields[i].match.fit(frame) {
					readings = append(readings, fields[i].read(frame, b.count))
				}
			}
		}
		return response{readings: readings}, fits
	}
	return q
}

// shape tells answers apart by what the mapping says of them: by the device, and by the request if each has a match.
func (b *binaryAsker) shape(r mapping.RequestConfig) string {
	if slices.ContainsFunc(b.config.Requests, func(r mapping.RequestConfig) bool { return len(r.Match) == 0 }) {
		return fmt.Sprint("binary ", b.config.Match)
	}
	return fmt.Sprint("binary ", b.config.Match, r.Match)
}

// find gives each intact frame of the device that got holds to use, until one means something to it.
func (b *binaryAsker) find(spec *frameSpec, got []byte, quiet bool, use func(frame []byte) verdict) verdict {
	v := noAnswer
	waiting := spec.each(got, quiet, min(b.config.MaxFrame, maxInbox), func(frame []byte) bool {
		if b.match.fit(frame) {
			v = use(frame)
		}
		return v == noAnswer
	})
	if v == noAnswer && quiet && !waiting {
		b.count.Because("there is no intact frame in it that answers the request")
		return garbled
	}
	return v
}

// each gives each intact frame in got to use, until use says that it is enough. waiting says that the rest may be
// the beginning of one. quiet says that nothing has come for a while: then what is unfinished holds up nothing.
func (s *frameSpec) each(got []byte, quiet bool, limit int, use func(frame []byte) bool) (waiting bool) {
	if s.delimited() {
		return s.eachBlock(got, quiet, limit, use)
	}
	for at := 0; at < len(got); {
		switch verdict, n := s.judge(got[at:], limit); {
		case verdict == intactOne:
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
func (s *frameSpec) eachBlock(got []byte, quiet bool, limit int, use func(frame []byte) bool) (waiting bool) {
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
func (s *frameSpec) blockEnd(b []byte) (n, skip int) {
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

func (b *binaryAsker) queries() []*query { return b.all }

func (b *binaryAsker) reads(field int) *query {
	if at := b.places[field]; at >= 0 {
		return b.all[at]
	}
	return nil
}

// timing wants as much silence before a request as devices on RS-485 need to let go of the line.
func (b *binaryAsker) timing(p serial.Config) timing {
	return timing{before: max(b.spec.gap, p.Lasts(4)), ends: b.spec.gap}
}

// write makes the one query of a command.
func (b *binaryAsker) write(c *command, v relay.Value) (*query, error) {
	text, err := c.wire(v)
	if err != nil {
		return nil, err
	}
	b.seq = b.seq%maxSeq + 1
	seq := b.seq
	content, err := c.template.fill(nil, text, seq)
	if err != nil {
		return nil, err
	}
	q := &query{request: b.spec.stuffing.wrap(content), name: c.ID, timeout: c.Timeout, length: usualLength,
		nobody: c.expect == nil && c.refuse == nil}
	switch {
	case q.nobody:
		q.after = afterCommand
	case !numbered(c.expect) || !numbered(c.refuse):
		q.shape = fmt.Sprint("binary command ", b.config.Match)
	}
	q.answer = func(got []byte, quiet bool) (r response, v verdict) {
		v = b.find(b.spec, got, quiet, func(frame []byte) verdict {
			if said, _ := matching(c.refuse, frame, seq, text); said == fits {
				r.refusal = "the hardware refused it"
				return refused
			}
			if said, _ := matching(c.expect, frame, seq, text); said == fits {
				return fits
			}
			return noAnswer
		})
		return r, v
	}
	return q, nil
}
