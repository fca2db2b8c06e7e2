package computed

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/expr-lang/expr/vm"

	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// maxText is the longest computed text in bytes: each may be made of others.
const maxText = 1024

// Computation computes the computed fields of one device. It serves one goroutine.
type Computation struct {
	Fields []Field // each after those it uses
	tap    *wire.Tap
	vm     vm.VM
}

// Field is one computed field.
type Field struct {
	Place     int // index in the model
	id        string
	program   *vm.Program
	inputs    []input
	env       map[string]any // the values of the inputs by their IDs
	plausible relay.Range
	options   []string    // of an enum
	Last      relay.Value // as last computed
	Worked    bool        // the last Derive has computed it
	Was       bool        // it had a value before that
	known     bool        // Last is the value for the inputs
	round     round       // of the fields on the wire that it depends on
}

// input is a field that a computed one uses.
type input struct {
	place int
	id    string
	value relay.Value // as last seen
}

// New compiles the computed fields of a device without problems; nil if there are none. tap receives invalid results.
func New(c mapping.DeviceConfig, tap *wire.Tap) *Computation {
	order, _ := dependencyOrder(c)
	if len(order) == 0 {
		return nil
	}
	m := &Computation{tap: tap}
	for _, i := range order {
		f := c.Fields[i]
		program, inputs, _, _ := compileExpression(c, f)
		field := Field{Place: i, id: f.ID, program: program, env: map[string]any{}, plausible: relay.Range{Min: f.Min, Max: f.Max}}
		for _, id := range inputs {
			field.inputs = append(field.inputs, input{place: c.FieldIndex(id), id: id})
		}
		if f.Type == relay.TypeEnum {
			for _, o := range mapping.EnumOptions(f.Options, f.Values) {
				field.options = append(field.options, o.Value)
			}
		}
		m.Fields = append(m.Fields, field)
	}
	for i, places := range m.onTheWire() {
		m.Fields[i].round.places = places
	}
	return m
}

// Derive sets the computed fields among values, which are in the order of the model. read are the readings by which they
// have changed; none if values have become too old. A field in rounds keeps its value until its round is complete.
func (m *Computation) Derive(values []relay.Value, read []relay.Reading) {
	now := time.Now()
	for i := range m.Fields {
		f := &m.Fields[i]
		f.Worked = false
		switch {
		case f.round.every > 0 && !f.round.take(read, now):
			if f.anyNull(values) {
				f.Last, f.known = relay.Value{}, false
			}
		case f.fresh(values):
			f.Was = !f.Last.IsNull()
			f.Last, f.Worked = m.work(f), true
		}
		values[f.Place] = f.Last
	}
}

// anyNull reports whether an input has no value.
func (f *Field) anyNull(values []relay.Value) bool {
	return slices.ContainsFunc(f.inputs, func(in input) bool { return values[in.place].IsNull() })
}

// fresh reads the inputs from values, and says whether one of them has changed.
func (f *Field) fresh(values []relay.Value) bool {
	changed := !f.known
	for i := range f.inputs {
		in := &f.inputs[i]
		if v := values[in.place]; v != in.value || !f.known {
			in.value, changed = v, true
			switch v.Kind() {
			case relay.Number:
				f.env[in.id] = v.Number()
			case relay.Bool:
				f.env[in.id] = v.Bool()
			case relay.Text:
				f.env[in.id] = v.Text()
			}
		}
	}
	f.known = true
	return changed
}

// work computes one field. It is null if an input is; an invalid result is null and counted.
func (m *Computation) work(f *Field) relay.Value {
	for _, in := range f.inputs {
		if in.value.IsNull() {
			return relay.Value{}
		}
	}
	out, err := m.vm.Run(f.program, f.env)
	if err == nil {
		if v, good := f.value(out); good {
			return v
		}
	}
	m.tap.Implausible.Add(1)
	return relay.Value{}
}

// value is the result, if it is a valid reading.
func (f *Field) value(out any) (v relay.Value, good bool) {
	switch out := out.(type) {
	case float64:
		if out, _ = strconv.ParseFloat(strconv.FormatFloat(out, 'g', 15, 64), 64); math.IsInf(out, 0) || !f.plausible.Holds(out) {
			return v, false // NaN lies in no range
		}
		return relay.NumberValue(out), true
	case bool:
		return relay.BoolValue(out), true
	case string:
		if len(out) > maxText || f.options != nil && !slices.Contains(f.options, out) {
			return v, false
		}
		return relay.TextValue(out), true
	}
	return v, false
}
