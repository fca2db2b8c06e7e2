package codec

import (
	"slices"

	"minirelay/relay"
)

// PlacedCodec puts the readings of a codec, which sees only the fields on the wire, into their places.
type PlacedCodec struct {
	Codec
	Placement
}

func (p *PlacedCodec) Decode(text []byte) ([]relay.Reading, bool) {
	readings, ok := p.Codec.Decode(text)
	return p.put(readings), ok
}

func (p *PlacedCodec) Preface(text []byte) bool {
	inner, ok := p.Codec.(Prefacer)
	return ok && inner.Preface(text)
}

func (p *PlacedCodec) LearnFrom(before Codec) { LearnFrom(p.Codec, before) }

// placedAsker does the same for an asker.
type placedAsker struct {
	Asker
	Placement
	wire []int // by place: the field on the wire; -1: none
}

func NewPlacedAsker(a Asker, places []int, fields int) *placedAsker {
	p := &placedAsker{Asker: a, Placement: Placement{Places: places}, wire: make([]int, fields)}
	for i := range p.wire {
		p.wire[i] = slices.Index(places, i)
	}
	for _, q := range a.Queries() {
		p.wrap(q)
	}
	return p
}

func (p *placedAsker) wrap(q *Query) {
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

// recognize passes on a request that is not the mapping's own.
func (p *placedAsker) Recognize(request []byte) *Query {
	r, ok := p.Asker.(Recognizer)
	if !ok {
		return nil
	}
	q := r.Recognize(request)
	if q != nil {
		p.wrap(q)
	}
	return q
}

func (p *placedAsker) Reads(field int) *Query {
	if i := p.wire[field]; i >= 0 {
		return p.Asker.Reads(i)
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

// Place gives a codec whose readings are put into those places.
func Place(c Codec, places []int) Codec {
	return &PlacedCodec{c, Placement{Places: places}}
}
