package devices

import (
	"minirelay/devices/wire"
	"minirelay/relay"
)

// preview works out computed fields for who watches a wire, or decodes a recording: there the values come from frames
// alone, and nothing becomes too old.
type preview struct {
	computation *computation
	values      []relay.Value
	readings    []relay.Reading
}

// shown gives the readings of a frame with the computed fields that have followed from them.
func (m *attached) shown(readings []relay.Reading, count *wire.Counters) []relay.Reading {
	if m.computed == nil || len(readings) == 0 || !count.Watched() {
		return readings
	}
	p := m.preview
	if p == nil {
		p = &preview{newComputation(m.config, new(wire.Counters)), make([]relay.Value, len(m.config.Fields)), nil}
		m.preview = p
	}
	for _, r := range readings {
		p.values[r.Field] = r.Value
	}
	p.readings = append(p.readings[:0], readings...)
	for i := range p.computation.fields {
		f := &p.computation.fields[i]
		if before := f.last; f.fresh(p.values) {
			if f.last = p.computation.work(f); !f.last.IsNull() || !before.IsNull() {
				p.readings = append(p.readings, relay.Reading{Field: f.place, Value: f.last})
			}
		}
		p.values[f.place] = f.last
	}
	return p.readings
}
