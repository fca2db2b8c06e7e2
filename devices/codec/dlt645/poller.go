package dlt645

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// poller makes the requests for one meter. It serves the owner of the port.
type poller struct {
	config  mapping.DeviceConfig
	address address
	queries []*codec.Query
	byField []int // by field: its query
	tap     *wire.Tap
}

const (
	shortAnswer = 4 + overhead + 4 + 16  // bytes of a usual answer: wake-up bytes, identifier and a few more
	longAnswer  = 4 + overhead + 4 + 200 // bytes of the longest one (5.2.5)
	// pauseBefore is the silence before each request: a meter may take 20 ms to release the line (7.3.3).
	pauseBefore = 20 * time.Millisecond
	// maxFollowUps is the largest number of further frames of one answer.
	maxFollowUps = 16
)

// New returns the poller of a meter. tap receives what it drops.
func New(c mapping.DeviceConfig, tap *wire.Tap) codec.Poller {
	p := &poller{config: c, tap: tap}
	p.address, _ = parseAddress(c.Address)
	byID := map[uint32]int{}
	fields := map[uint32][]*field{}
	for i, f := range c.Fields {
		field := newField(i, f)
		id := field.quantity.id
		if _, ok := byID[id]; !ok {
			byID[id] = len(p.queries)
			p.queries = append(p.queries, nil)
		}
		fields[id] = append(fields[id], &field)
		p.byField = append(p.byField, byID[id])
	}
	for id, at := range byID {
		p.queries[at] = p.query(id, fields[id])
	}
	return p
}

// query makes the query of one data identifier.
func (p *poller) query(id uint32, fields []*field) *codec.Query {
	base := codec.Query{Name: fields[0].quantity.key, Every: p.every(fields), Length: shortAnswer}
	for _, f := range fields {
		base.Length = max(base.Length, shortAnswer+f.At+f.Value.Length)
	}
	if id == addressID {
		return p.complete(base, controlReadAddress, nil, fields, func(f frame) (r codec.Response, v codec.Verdict) {
			return p.readings(f.data, fields), codec.Fits
		})
	}
	di := binary.LittleEndian.AppendUint32(nil, id)
	base.Name = fmt.Sprintf("%s (%08X)", base.Name, id)
	return p.complete(base, controlRead, di, fields, func(f frame) (codec.Response, codec.Verdict) {
		return p.part(base, di, nil, 0, f, fields)
	})
}

// every is the polling interval of one identifier: the shortest of its fields.
func (p *poller) every(fields []*field) time.Duration {
	fastest := time.Duration(0)
	for _, f := range fields {
		if every := p.config.Fields[f.Index].Polled(p.config.Poll); fastest == 0 || every < fastest {
			fastest = every
		}
	}
	return fastest
}

// part judges one frame of an answer. before is the data of the earlier frames, and turn the number of the frame.
func (p *poller) part(base codec.Query, di, before []byte, turn byte, f frame, fields []*field) (codec.Response, codec.Verdict) {
	if len(f.data) < 4 || string(f.data[:4]) != string(di) {
		return codec.Response{}, codec.NoAnswer
	}
	data := f.data[4:]
	if turn > 0 {
		if len(data) < 1 || data[len(data)-1] != turn {
			return codec.Response{}, codec.NoAnswer
		}
		data = data[:len(data)-1]
	}
	data = append(slices.Clone(before), data...)
	if f.control&controlHasMore == 0 || turn == maxFollowUps {
		return p.readings(data, fields), codec.Fits
	}
	next := turn + 1
	base.Length = longAnswer
	then := p.complete(base, controlReadMore, append(slices.Clone(di), next), fields, func(f frame) (codec.Response, codec.Verdict) {
		return p.part(base, di, data, next, f, fields)
	})
	return codec.Response{Then: then}, codec.Fits
}

// complete adds the request to a query, and use as the judge of its answer. A refusal makes the fields null.
func (p *poller) complete(q codec.Query, control byte, data []byte, fields []*field, use func(frame) (codec.Response, codec.Verdict)) *codec.Query {
	address := p.address
	if control == controlReadAddress {
		address, _ = parseAddress(mapping.AnyMeter)
	}
	q.Request = appendFrame(bytes.Repeat([]byte{0xFE}, p.config.WakeUp), address, control, data)
	q.Timeout, q.Retries = p.config.PollConfig.Timeout, p.config.PollConfig.Retries
	q.Answer = func(got []byte, quiet bool) (codec.Response, codec.Verdict) {
		for {
			f, rest, ok, waiting := nextFrame(got)
			switch {
			case !ok && quiet && !waiting:
				p.tap.Because("it contains no intact frame that answers the request")
				return codec.Response{}, codec.Garbled
			case !ok:
				return codec.Response{}, codec.NoAnswer
			}
			got = rest
			if f.control&^(controlRefused|controlHasMore) != control|controlAnswer || !p.address.fits(f.address[:]) {
				continue
			}
			if f.control&controlRefused != 0 {
				r := codec.Response{Refusal: refusal(f.data), Hint: "remove the field if the meter has no such data"}
				for _, field := range fields {
					r.Readings = append(r.Readings, relay.Reading{Field: field.Index})
				}
				return r, codec.Refused
			}
			if r, v := use(f); v != codec.NoAnswer {
				return r, v
			}
		}
	}
	return &q
}

func (p *poller) readings(data []byte, fields []*field) (r codec.Response) {
	for _, f := range fields {
		r.Readings = append(r.Readings, f.read(data, p.tap))
	}
	return r
}

func (p *poller) Queries() []*codec.Query { return p.queries }

func (p *poller) Reads(field int) *codec.Query { return p.queries[p.byField[field]] }

func (p *poller) Write(*codec.Command, relay.Value) (*codec.Query, error) {
	return nil, errors.New("a meter is read-only")
}

func (p *poller) Timing(serial.Config) codec.Timing { return codec.Timing{Before: pauseBefore} }
