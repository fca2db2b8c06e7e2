package codec

import (
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// Readings collects the readings of one frame, for a codec that finds the values of fields one by one: [Readings.Begin],
// [Readings.Set] or [Readings.SetText] for each value, [Readings.End]. A codec embeds it. It serves one goroutine.
type Readings struct {
	Tap *wire.Tap

	fields []WireField
	comma  bool // numbers have a decimal comma

	frame    uint32   // number of the frame
	given    []uint32 // by field: the last frame with a value
	place    []int    // by field: its index in readings
	readings []relay.Reading
	faults   []Fault // values that are neither null nor valid
}

// NewReadings returns the collector for the fields of c. tap receives what is wrong with values.
func NewReadings(c mapping.DeviceConfig, tap *wire.Tap) Readings {
	r := Readings{Tap: tap, comma: c.DecimalComma, given: make([]uint32, len(c.Fields)), place: make([]int, len(c.Fields)),
		fields: make([]WireField, 0, len(c.Fields)), readings: make([]relay.Reading, 0, len(c.Fields))}
	for _, f := range c.Fields {
		r.fields = append(r.fields, NewWireField(f))
	}
	return r
}

// Field returns a field by its index.
func (r *Readings) Field(i int) *WireField { return &r.fields[i] }

// Begin begins a frame.
func (r *Readings) Begin() {
	r.frame++
	r.readings, r.faults = r.readings[:0], r.faults[:0]
}

// Token makes a token of a bare value in a line, in the notation of numbers of the mapping.
func (r *Readings) Token(field int, text []byte) Token { return r.fields[field].Token(text, r.comma) }

// SetText makes a bare value in a line the reading of a field.
func (r *Readings) SetText(field int, text []byte) { r.Set(field, r.Token(field, text)) }

// Set makes t the reading of a field; an invalid value becomes null. A field that occurs twice in a frame becomes null
// too: noise has joined two frames, and nothing shows which value is true.
func (r *Readings) Set(field int, t Token) {
	if r.given[field] == r.frame {
		r.readings[r.place[field]].Value = relay.Value{}
		r.faults = append(r.faults, Fault{Field: field, Value: t, Twice: true})
		return
	}
	v, good := r.fields[field].Read(t)
	if !good {
		r.faults = append(r.faults, Fault{Field: field, Value: t})
	}
	r.given[field], r.place[field] = r.frame, len(r.readings)
	r.readings = append(r.readings, relay.Reading{Field: field, Value: v})
}

// None says whether no field has a value yet, not even an invalid one.
func (r *Readings) None() bool { return len(r.readings) == 0 }

// Unreadable says whether no value of the frame can be read: then it is not a frame of values, even if it has the form.
func (r *Readings) Unreadable() bool {
	for _, f := range r.faults {
		if f.Twice || r.fields[f.Field].Legible(f.Value) {
			return false
		}
	}
	return len(r.faults) > 0 && len(r.faults) == len(r.readings)
}

// Keep drops the values of all fields that allowed rejects.
func (r *Readings) Keep(allowed func(field int) bool) {
	readings, faults := r.readings[:0], r.faults[:0]
	for _, reading := range r.readings {
		if allowed(reading.Field) {
			readings = append(readings, reading)
		}
	}
	for _, f := range r.faults {
		if allowed(f.Field) {
			faults = append(faults, f)
		}
	}
	r.readings, r.faults = readings, faults
}

// End returns the readings of the frame, for [Stream].Decode. It counts invalid values and explains them to people who
// watch. The readings are valid until the next Begin.
func (r *Readings) End() (readings []relay.Reading, ok bool) {
	if n := len(r.faults); n > 0 {
		r.Tap.Implausible.Add(uint64(n))
	}
	if r.Tap.Watched() { // otherwise the words are not worth composing
		for _, f := range r.faults {
			field := &r.fields[f.Field]
			r.Tap.Because(field.ID + ": " + field.Explain(f))
		}
	}
	return r.readings, true
}

// Reject is what [Stream].Decode returns for a frame that is not one of the device. why explains it to people who watch.
func (r *Readings) Reject(why string) (readings []relay.Reading, ok bool) {
	r.Tap.Because(why)
	return nil, false
}

// NoSum is the part of a [Stream] about checksums, for a protocol without any. A codec embeds it.
type NoSum struct{}

// CheckSum returns the frame.
func (NoSum) CheckSum(frame []byte) (text []byte, ok bool) { return frame, true }

// HasSum returns false.
func (NoSum) HasSum() bool { return false }

// AddSum returns the command.
func (NoSum) AddSum(b []byte) []byte { return b }
