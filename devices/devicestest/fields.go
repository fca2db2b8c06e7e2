package devicestest

import (
	"strings"

	"minirelay/devices/mapping"
	"minirelay/relay"
)

// Field is a field with the default keys but for what change changes.
func Field(id string, t relay.Type, change ...func(*mapping.FieldConfig)) mapping.FieldConfig {
	f := mapping.DefaultField()
	f.ID, f.Type = id, t
	for _, c := range change {
		c(&f)
	}
	return f
}

// Key sets the key of a field.
func Key(k string) func(*mapping.FieldConfig) { return func(f *mapping.FieldConfig) { f.Key = k } }

// Plausible sets the minimum and maximum of a field.
func Plausible(low, high float64) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Min, f.Max = low, high }
}

// Scaled sets the scale and offset of a field.
func Scaled(scale, offset float64) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Scale, f.Offset = scale, offset }
}

// Values sets the values of a field, as pairs of a value and its text on the wire.
func Values(pairs ...string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) {
		f.Values = map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			f.Values[pairs[i]] = pairs[i+1]
		}
	}
}

// Options sets the options of an enum.
func Options(words ...string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) {
		for _, w := range words {
			f.Options = append(f.Options, mapping.OptionConfig{Value: w})
		}
	}
}

// Match sets the match of a field, as pairs of a key and its text.
func Match(pairs ...string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) {
		f.Match = map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			f.Match[pairs[i]] = pairs[i+1]
		}
	}
}

// Asks sets the request of a field of codec at.
func Asks(request string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Request = request }
}

// Says sets the answer of a field of codec at.
func Says(answer string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Answer = answer }
}

// At sets the register and format of a field.
func At(register, format string, change ...func(*mapping.FormatConfig)) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) {
		f.Register, f.Format = register, format
		for _, c := range change {
			c(&f.FormatConfig)
		}
	}
}

// Lies sets the position and format of a field in a frame; a format may end in le.
func Lies(at int, format string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) {
		f.At = at
		if base, little := strings.CutSuffix(format, "le"); little {
			format, f.ByteOrder = base, "little"
		}
		f.Format = format
	}
}

// Long sets the length of a field.
func Long(length int) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Length = length }
}

// Bit sets the lowest bit and the number of bits of a field.
func Bit(bit, bits int) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Bit, f.Bits = bit, bits }
}

// OfRequest sets the request whose answer contains a field.
func OfRequest(id string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Request = id }
}

// Computes sets the expression of a field.
func Computes(expression string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Expr = expression }
}

// Column sets the column of a field, from 1.
func Column(n int) func(*mapping.FieldConfig) { return func(f *mapping.FieldConfig) { f.Column = n } }
