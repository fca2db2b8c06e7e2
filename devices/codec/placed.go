package codec

import (
	"slices"

	"minirelay/relay"
)

// placedStream puts the readings of a codec, which sees only the fields on the wire, into their places.
type placedStream struct {
	Stream
	Placement
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

// placedPoller does the same for an asker.
type placedPoller struct {
	Poller
	Placement
	wire []int // by place: the field on the wire; -1: none
}

func PlacePoller(a Poller, places []int, fields int) *placedPoller {
	p := &placedPoller{Poller: a, Placement: Placement{Places: places}, wire: make([]int, fields)}
	for i := range p.wire {
		p.wire[i] = slices.Index(places, i)
	}
	for _, q := range a.Queries() {
		p.wrap(q)
	}
	return p
}

func (p *placedPoller) wrap(q *Query) {
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

// Recognize passes on a request that is not the mapping's own.
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

// Placement puts readings into their places, in a slice of its own: codecs may use theirs again.
type Placement struct {
	Places []int
	placed []relay.Reading
}

func (p *Placement) put(readings []relay.Reading) []relay.Reading {
	p.placed = p.placed[:0]
	for _, r := range readings {
		p.placed = append(p.placed, relay.Reading{Field: p.Places[r.Field], Value: r.Value})
	}
	return p.placed
}

// PlaceStream gives a codec whose readings are put into those places.
func PlaceStream(c Stream, places []int) Stream {
	return &placedStream{c, Placement{Places: places}}
}
