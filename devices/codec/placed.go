package codec

import (
	"slices"

	"minirelay/relay"
)

// placedStream gives the readings of a stream, which knows only the fields on the wire, the indexes of the model.
type placedStream struct {
	Stream
	placement
}

func (p *placedStream) Decode(text []byte) ([]relay.Reading, bool) {
	readings, ok := p.Stream.Decode(text)
	return p.put(readings), ok
}

func (p *placedStream) ReadHeader(text []byte) bool {
	inner, ok := p.Stream.(HeaderReader)
	return ok && inner.ReadHeader(text)
}

func (p *placedStream) CarryOver(before Stream) { CarryOver(p.Stream, before) }

// placedPoller does the same for a poller.
type placedPoller struct {
	Poller
	placement
	wire []int // by index in the model: the field on the wire; -1: none
}

// PlacePoller returns a poller whose readings have the indexes of the model. places lists them by the index on the
// wire, as [mapping.DeviceConfig.OnTheWire] does; fields is the number of fields in the model.
func PlacePoller(inner Poller, places []int, fields int) Poller {
	p := &placedPoller{Poller: inner, placement: placement{places: places}, wire: make([]int, fields)}
	for i := range p.wire {
		p.wire[i] = slices.Index(places, i)
	}
	for _, q := range inner.Queries() {
		p.wrap(q)
	}
	return p
}

func (p *placedPoller) wrap(q *Query) {
	if parts := q.Parts; parts != nil {
		q.Parts = func() []*Query {
			all := parts()
			for _, part := range all {
				p.wrap(part)
			}
			return all
		}
	}
	answer := q.Answer
	q.Answer = func(got []byte, quiet bool) (Response, Verdict) {
		r, v := answer(got, quiet)
		r.Readings = p.put(r.Readings)
		for _, part := range r.Instead {
			p.wrap(part)
		}
		if r.Then != nil {
			p.wrap(r.Then)
		}
		return r, v
	}
}

// Recognize returns the query for a request that is not the mapping's own.
func (p *placedPoller) Recognize(request []byte) *Query {
	r, ok := p.Poller.(Recognizer)
	if !ok {
		return nil
	}
	q := r.Recognize(request)
	if q != nil {
		p.wrap(q)
	}
	return q
}

func (p *placedPoller) Reads(field int) *Query {
	if i := p.wire[field]; i >= 0 {
		return p.Poller.Reads(i)
	}
	return nil
}

// placement copies readings to a slice of its own, with the indexes of the model: protocols use theirs again.
type placement struct {
	places []int // by index on the wire: the index in the model
	placed []relay.Reading
}

func (p *placement) put(readings []relay.Reading) []relay.Reading {
	p.placed = p.placed[:0]
	for _, r := range readings {
		p.placed = append(p.placed, relay.Reading{Field: p.places[r.Field], Value: r.Value})
	}
	return p.placed
}

// PlaceStream returns a stream whose readings have the indexes of the model. places lists them by the index on the
// wire, as [mapping.DeviceConfig.OnTheWire] does.
func PlaceStream(inner Stream, places []int) Stream {
	return &placedStream{inner, placement{places: places}}
}
