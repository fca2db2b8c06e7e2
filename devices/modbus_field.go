package devices

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"minirelay/relay"
)

// modbusField is what is needed to read a field.
type modbusField struct {
	register
	n     int // registers, or bits
	every time.Duration

	kind          relay.Type
	number        numberFormat
	swapped       bool // of a text: the lesser byte of a register comes first
	scale, offset float64
	plausible     relay.Range
	words         []numberWord // of a bool or an enum
	last          relay.Value  // the newest text
}

// numberWord is a value of a bool or an enum and the number that stands for it.
type numberWord struct {
	number float64
	value  relay.Value
}

func newModbusField(c FieldConfig, poll time.Duration) modbusField {
	r, _ := c.RegisterConfig.parse()
	f := modbusField{register: r, n: registersOf(r.table, c.Type, c.FormatConfig), every: c.polled(poll), kind: c.Type,
		swapped: c.ByteOrder == "little", scale: c.Scale, offset: c.Offset, plausible: relay.Range{Min: c.Min, Max: c.Max}}
	if c.Type != relay.TypeText {
		f.number = c.FormatConfig.number("uint16")
	}
	f.words, _ = numberWords(c.Type, c.Values, c.Options)
	return f
}

// registersOf is how many registers, or bits of the tables of bits, a value takes.
func registersOf(t table, kind relay.Type, c FormatConfig) int {
	switch {
	case t.bits():
		return max(c.Bits, 1)
	case kind == relay.TypeText:
		return max(c.Length, 1)
	}
	return max(c.number("uint16").size/2, 1)
}

// numberWords lists what stands for the values of a bool or an enum. wrong is a value for which no number stands.
func numberWords(kind relay.Type, values map[string]string, options []OptionConfig) (words []numberWord, wrong string) {
	add := func(name, usual string, v relay.Value) {
		text, ok := values[name]
		if !ok {
			text = usual
		}
		n, err := wireNumber(text)
		if err != nil && wrong == "" {
			wrong = name
		}
		words = append(words, numberWord{n, v})
	}
	switch kind {
	case relay.TypeBool:
		add("false", "0", relay.BoolValue(false))
		add("true", "1", relay.BoolValue(true))
	case relay.TypeEnum:
		for _, o := range enumOptions(options, values) {
			add(o.Value, o.Value, relay.TextValue(o.Value))
		}
	}
	return words, wrong
}

// decode reads the field from data, where it begins at a register or bit. A value that is not good is null.
func (f *modbusField) decode(data []byte, at int) (v relay.Value, good bool) {
	if f.kind == relay.TypeText {
		return f.text(data[2*at : 2*(at+f.n)])
	}
	var raw float64
	if f.table.bits() {
		raw = bitsAt(data, at, f.n)
	} else {
		raw = f.number.get(data[2*at:])
	}
	if f.kind == relay.TypeNumber {
		n := raw*f.scale + f.offset
		if math.IsInf(n, 0) || !f.plausible.Holds(n) { // NaN lies in no range
			return v, false
		}
		return relay.NumberValue(n), true
	}
	for _, w := range f.words {
		if w.number == raw {
			return w.value, true
		}
	}
	return v, false
}

// bitsAt gives n bits from at on; the first is the least.
func bitsAt(data []byte, at, n int) float64 {
	var raw uint64
	for k := range n {
		raw |= uint64(data[(at+k)/8]>>((at+k)%8)&1) << k
	}
	return float64(raw)
}

// text reads a text of two bytes a register, which ends at a NUL and is filled up with blanks.
func (f *modbusField) text(data []byte) (v relay.Value, good bool) {
	b := make([]byte, 0, 2*maxReadRegisters)
	for i := range data {
		if f.swapped {
			i ^= 1
		}
		if data[i] == 0 {
			break
		}
		b = append(b, data[i])
	}
	if !utf8.Valid(b) || strings.ContainsFunc(string(b), isControl) {
		return v, false
	}
	if text := strings.TrimSpace(string(b)); f.last.IsNull() || f.last.Text() != text {
		f.last = relay.TextValue(text) // kept, so that a text that stays costs no memory each time
	}
	return f.last, true
}

// wireOrder puts the bytes of a text into registers.
func wireOrder(text string, registers int, swapped bool) []byte {
	b := make([]byte, 2*registers)
	copy(b, text)
	if swapped {
		for i := 0; i < len(b); i += 2 {
			b[i], b[i+1] = b[i+1], b[i]
		}
	}
	return b
}
