package devices

import (
	"time"

	"minirelay/devices/computed"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// preview computes the computed fields for the watchers of a wire and for [Decode]: their values come from frames
// alone, and no value becomes stale.
type preview struct {
	computation *computed.Computation
	values      []relay.Value
	readings    []relay.Reading
}

// shown returns the readings of a frame together with the computed fields that follow from them.
func (m *device) shown(readings []relay.Reading, tap *wire.Tap) []relay.Reading {
	if m.computed == nil || len(readings) == 0 || !tap.Watched() {
		return readings
	}
	p := m.preview
	if p == nil {
		p = &preview{m.newComputation(new(wire.Tap)), make([]relay.Value, len(m.config.Fields)), nil}
		m.preview = p
	}
	for _, r := range readings {
		p.values[r.Field] = r.Value
	}
	p.readings = append(p.readings[:0], readings...)
	p.computation.Derive(p.values, readings)
	for _, f := range p.computation.Fields {
		if f.Worked && (!f.Last.IsNull() || f.Was) {
			p.readings = append(p.readings, relay.Reading{Field: f.Place, Value: f.Last})
		}
	}
	return p.readings
}

// taken shows a frame of a device with its readings to watchers.
func taken(t *wire.Tap, at time.Time, c *mapping.DeviceConfig, request string, data []byte, readings []relay.Reading) {
	if !t.Watched() {
		return
	}
	f := wire.Frame{Device: c.ID, Request: request, OK: true}
	for _, r := range readings {
		f.Values = append(f.Values, wire.Value{Field: c.Fields[r.Field].ID, Value: r.Value, Decimals: c.Fields[r.Field].Decimals})
	}
	t.ShowFrame(at, f, data, "")
}
