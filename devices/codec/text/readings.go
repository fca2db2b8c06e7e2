package text

import (
	"fmt"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// readings collects the readings of one frame, for decoders that find the values of fields by name or position.
type readings struct {
	fields []codec.WireField
	match  matcher
	tap    *wire.Tap
	comma  bool // numbers have a decimal comma

	frame    uint32   // number of the frame
	given    []uint32 // by field: the last frame with a value
	place    []int    // by field: its index in readings
	readings []relay.Reading
	faults   []codec.Fault // values that are neither null nor valid
}

func newReadings(c mapping.DeviceConfig, tap *wire.Tap) readings {
	g := readings{match: newMatcher(c), tap: tap, comma: c.DecimalComma, given: make([]uint32, len(c.Fields)), place: make([]int, len(c.Fields)),
		fields: make([]codec.WireField, 0, len(c.Fields)), readings: make([]relay.Reading, 0, len(c.Fields))}
	for _, f := range c.Fields {
		g.fields = append(g.fields, codec.NewWireField(f))
	}
	return g
}

// begin begins a frame.
func (g *readings) begin() {
	g.frame++
	g.readings, g.faults = g.readings[:0], g.faults[:0]
	g.match.begin()
}

// set makes t the reading of a field. A field that occurs twice in a frame becomes null: noise has joined two frames, and
// nothing shows which value is true.
func (g *readings) set(field int, t codec.Token) {
	if g.given[field] == g.frame {
		g.readings[g.place[field]].Value = relay.Value{}
		g.faults = append(g.faults, codec.Fault{Field: field, Value: t, Twice: true})
		return
	}
	v, good := g.fields[field].Read(t)
	if !good {
		g.faults = append(g.faults, codec.Fault{Field: field, Value: t})
	}
	g.given[field], g.place[field] = g.frame, len(g.readings)
	g.readings = append(g.readings, relay.Reading{Field: field, Value: v})
}

// end returns the readings of the frame, and counts invalid values. ok is false if the frame does not meet match. The
// readings are valid until the next begin.
func (g *readings) end() (readings []relay.Reading, ok bool) {
	if !g.match.none() && !g.sift() {
		return nil, false
	}
	if n := len(g.faults); n > 0 {
		g.tap.Implausible.Add(uint64(n))
		g.noteFaults()
	}
	return g.readings, true
}

// unreadable says whether no value of the frame can be read: then it is not a line of values, even if it has the form.
func (g *readings) unreadable() bool {
	for _, f := range g.faults {
		if f.Twice || g.fields[f.Field].Legible(f.Value) {
			return false
		}
	}
	return len(g.faults) > 0 && len(g.faults) == len(g.readings)
}

// noteFaults notes, for a view of the wire, what is wrong with values.
func (g *readings) noteFaults() {
	if !g.tap.Watched() {
		return
	}
	for _, f := range g.faults {
		field := &g.fields[f.Field]
		g.tap.Because(field.ID + ": " + field.Explain(f))
	}
}

// sift drops the values of fields whose match the frame does not meet.
func (g *readings) sift() (ok bool) {
	if i := g.match.failed(); i >= 0 {
		if g.tap.Watched() {
			c := &g.match.conditions[i]
			g.tap.Because(fmt.Sprintf("%s is not %q", c.key, c.word.Text))
		}
		return false
	}
	readings := g.readings[:0]
	for _, r := range g.readings {
		if g.match.allows(r.Field) {
			readings = append(readings, r)
		}
	}
	faults := g.faults[:0]
	for _, f := range g.faults {
		if g.match.allows(f.Field) {
			faults = append(faults, f)
		}
	}
	g.readings, g.faults = readings, faults
	return true
}
