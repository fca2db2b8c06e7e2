package modbus

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// field is a compiled field.
type field struct {
	register
	n       int // registers, or bits of a table of bits
	every   time.Duration
	number  codec.NumberFormat
	swapped bool // of a text: the low byte of a register comes first
	wire    codec.WireField
}

func newField(c mapping.FieldConfig, poll time.Duration) field {
	r, _ := parseRegister(c.RegisterConfig)
	f := field{register: r, n: registersOf(r.table, c.Type, c.FormatConfig), every: c.Polled(poll),
		swapped: c.ByteOrder == "little", wire: codec.NewWireField(c)}
	if c.Type != relay.TypeText {
		f.number = codec.NumberOf(c.FormatConfig, "uint16")
	}
	f.wire.Words, _ = numberWords(c.Type, c.Values, c.Options)
	return f
}

// registersOf is the number of registers, or of bits in a table of bits, of a value.
func registersOf(t table, kind relay.Type, c mapping.FormatConfig) int {
	switch {
	case t.bits():
		return max(c.Bits, 1)
	case kind == relay.TypeText:
		return max(c.Length, 1)
	}
	return max(codec.NumberOf(c, "uint16").Size/2, 1)
}

// numberWords lists the numbers of the values of a bool or an enum. wrong is a value without a number.
func numberWords(kind relay.Type, values map[string]string, options []mapping.OptionConfig) (words []codec.WireWord, wrong string) {
	add := func(name, usual string, v relay.Value) {
		text, ok := values[name]
		if !ok {
			text = usual
		}
		n, err := wireNumber(text)
		if err != nil && wrong == "" {
			wrong = name
		}
		words = append(words, codec.WireWord{Text: text, Quoted: true, Number: n, Value: v})
	}
	switch kind {
	case relay.TypeBool:
		add("false", "0", relay.BoolValue(false))
		add("true", "1", relay.BoolValue(true))
	case relay.TypeEnum:
		for _, o := range mapping.EnumOptions(options, values) {
			add(o.Value, o.Value, relay.TextValue(o.Value))
		}
	}
	return words, wrong
}

// decode reads the field from data, at a register or bit counted from its beginning. An invalid value is null and
// counted.
func (f *field) decode(data []byte, at int, tap *wire.Tap) relay.Value {
	t, legible := f.token(data, at)
	if v, good := f.wire.Read(t); legible && good {
		return v
	}
	tap.Implausible.Add(1)
	if tap.Watched() {
		if t.Kind == codec.TokenNumber {
			t.Text = strconv.AppendFloat(nil, t.Number, 'g', -1, 64)
		}
		why := f.wire.Explain(codec.Fault{Value: t})
		if !legible {
			why = fmt.Sprintf("% X is not a text", data[2*at:2*(at+f.n)])
		}
		tap.Because(f.wire.ID + ": " + why)
	}
	return relay.Value{}
}

// token reads the registers. legible is false if they should contain a text and do not.
func (f *field) token(data []byte, at int) (t codec.Token, legible bool) {
	if f.wire.Kind == relay.TypeText {
		text := f.text(data[2*at : 2*(at+f.n)])
		return codec.Token{Kind: codec.TokenString, Text: text}, utf8.Valid(text) && bytes.IndexFunc(text, mapping.IsControl) < 0
	}
	t.Kind = codec.TokenNumber
	if f.table.bits() {
		t.Number = bitsAt(data, at, f.n)
	} else {
		t.Number = f.number.Get(data[2*at:])
	}
	return t, true
}

// bitsAt returns n bits from at on, the first as the lowest.
func bitsAt(data []byte, at, n int) float64 {
	var raw uint64
	for k := range n {
		raw |= uint64(data[(at+k)/8]>>((at+k)%8)&1) << k
	}
	return float64(raw)
}

// text returns a text of two bytes per register, which ends at a NUL and may be padded with blanks.
func (f *field) text(data []byte) []byte {
	b := make([]byte, len(data))
	for i := range data {
		b[i] = data[i]
		if f.swapped {
			b[i] = data[i^1]
		}
	}
	return codec.TextIn(b)
}

// textBytes returns the bytes of a text in registers.
func textBytes(text string, registers int, swapped bool) []byte {
	b := make([]byte, 2*registers)
	copy(b, text)
	if swapped {
		for i := 0; i < len(b); i += 2 {
			b[i], b[i+1] = b[i+1], b[i]
		}
	}
	return b
}
