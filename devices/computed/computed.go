package computed

import (
	"math"
	"slices"
	"strconv"

	"github.com/expr-lang/expr/vm"

	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// maxComputedText bounds a computed text: each may be made of others.
const maxText = 1024

// Computation works out the computed fields of one device. It serves one goroutine.
type Computation struct {
	Fields []Field // in the order in which they depend on each other
	count  *wire.Counters
	vm     vm.VM
}

// computedField is one of them.
type Field struct {
	Place     int
	id        string
	program   *vm.Program
	inputs    []input
	env       map[string]any // the values of the inputs by their ids
	plausible relay.Range
	options   []string // of an enum
	Last      relay.Value
	known     bool // last is the value for the inputs
}

// computedInput is a field that a computed one is made of.
type input struct {
	place int
	id    string
	value relay.Value // as last seen
}

// New compiles the computed fields of a device without faults; nil if there are none.
func New(c mapping.DeviceConfig, count *wire.Counters) *Computation {
	order, _ := dependencyOrder(c)
	if len(order) == 0 {
		return nil
	}
	m := &Computation{count: count}
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
	return m
}

// Derive sets the computed fields among values: see relay.Model.Derive.
func (m *Computation) Derive(values []relay.Value) {
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.Fresh(values) {
			f.Last = m.Work(f)
		}
		values[f.Place] = f.Last
	}
}

// Fresh takes the values of the inputs, and says whether one of them has changed.
func (f *Field) Fresh(values []relay.Value) bool {
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

// Work works out one field. It is null while an input is, and counted if what comes out is no good reading.
func (m *Computation) Work(f *Field) relay.Value {
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
	m.count.Implausible.Add(1)
	return relay.Value{}
}

// value is what came out, if it is a good reading.
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
