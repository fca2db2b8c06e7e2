package devices

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"minirelay/devices/mapping"
)

// formatKind says what the bits of a number mean.
type formatKind uint8

const (
	unsignedFormat formatKind = iota
	signedFormat              // two's complement
	floatFormat               // IEEE 754
)

// numberFormat is a compiled FormatConfig of a number.
type numberFormat struct {
	name  string
	size  int // bytes
	kind  formatKind
	bytes bool // the lesser byte of a word comes first
	words bool // the lesser word comes first
	shift int  // below the bits that are meant
	width int  // bits that are meant
}

// numberFormats lists the formats of numbers by name.
func numberFormats() map[string]numberFormat {
	return map[string]numberFormat{
		"uint16": {size: 2}, "int16": {size: 2, kind: signedFormat},
		"uint32": {size: 4}, "int32": {size: 4, kind: signedFormat}, "float32": {size: 4, kind: floatFormat},
		"uint64": {size: 8}, "int64": {size: 8, kind: signedFormat}, "float64": {size: 8, kind: floatFormat},
	}
}

// number compiles c; without a format in it, it is the one called usual. A config without problems gives no zero
// format.
func numberOf(c mapping.FormatConfig, usual string) numberFormat {
	return numberIn(c, numberFormats(), usual)
}

// numberIn is number with a list of formats of its own.
func numberIn(c mapping.FormatConfig, formats map[string]numberFormat, usual string) numberFormat {
	name := c.Format
	if name == "" {
		name = usual
	}
	f, ok := formats[name]
	if !ok {
		return numberFormat{}
	}
	f.name, f.width = name, 8*f.size
	f.bytes = c.ByteOrder == "little"
	f.words = c.WordOrder == "little" || c.WordOrder == "" && f.bytes
	if c.Bit >= 0 {
		f.shift, f.width = c.Bit, max(c.Bits, 1)
	}
	return f
}

// checkFormat checks the keys of a number's format. usual is the format of one that names none.
func checkFormat(k *mapping.Checker, c mapping.FormatConfig, usual string) {
	checkFormatIn(k, numberFormats(), c, usual)
}

// checkFormatIn is format with a list of formats of its own.
func checkFormatIn(k *mapping.Checker, formats map[string]numberFormat, c mapping.FormatConfig, usual string) {
	f := numberIn(c, formats, usual)
	if f.size == 0 {
		k.Add("format", fmt.Sprintf("a number cannot have the format %q", c.Format),
			"use "+strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
		return
	}
	for key, order := range map[string]string{"byte_order": c.ByteOrder, "word_order": c.WordOrder} {
		if order != "" && order != "big" && order != "little" {
			k.Add(key, fmt.Sprintf("there is no order %q", order), "use big or little")
		}
	}
	if c.WordOrder != "" && (f.size <= 2 || f.size%2 == 1) {
		k.Add("word_order", "a "+f.name+" has no words of 16 bits", "leave it out, or use byte_order")
	}
	switch {
	case c.Bit < 0 && c.Bits != 0:
		k.Add("bits", "it counts from bit, which is missing", "add bit = 0, or leave bits out")
	case c.Bit >= 0 && f.kind == floatFormat:
		k.Add("bit", "the bits of a "+f.name+" mean nothing one by one", "leave it out, or use format = \"uint32\"")
	case f.shift+f.width > 8*f.size:
		k.Add("bit", fmt.Sprintf("a %s has the bits 0 to %d", f.name, 8*f.size-1), "use a lower one, or fewer bits, or a longer format")
	}
}

// at gives where on the wire the byte i of a number is, counted from the greatest.
func (f numberFormat) at(i int) int {
	if f.size%2 == 1 { // it has no words
		if f.bytes {
			i = f.size - 1 - i
		}
		return i
	}
	if f.words {
		i = f.size - 2 - i&^1 + i&1
	}
	if f.bytes {
		i ^= 1
	}
	return i
}

// raw gives the bits that are meant. b holds at least size bytes.
func (f numberFormat) raw(b []byte) uint64 {
	var raw uint64
	for i := range f.size {
		raw = raw<<8 | uint64(b[f.at(i)])
	}
	return raw >> f.shift & (1<<f.width - 1)
}

// get reads a number; it may be NaN or infinite. b holds at least size bytes.
func (f numberFormat) get(b []byte) float64 {
	raw := f.raw(b)
	switch {
	case f.kind == floatFormat && f.size == 4:
		return shortest(math.Float32frombits(uint32(raw)))
	case f.kind == floatFormat:
		return math.Float64frombits(raw)
	case f.kind == signedFormat:
		return float64(int64(raw<<(64-f.width)) >> (64 - f.width))
	}
	return float64(raw)
}

// append appends a number to the bytes of the wire, rounded to what the format can hold. The other bits are zero.
func (f numberFormat) append(b []byte, v float64) ([]byte, error) {
	raw, err := f.encode(v)
	if err != nil {
		return b, err
	}
	from := len(b)
	b = append(b, make([]byte, f.size)...)
	for i := range f.size {
		b[from+f.at(i)] = byte(raw << f.shift >> (8 * (f.size - 1 - i)))
	}
	return b, nil
}

// encode gives the bits of a number, not shifted.
func (f numberFormat) encode(v float64) (uint64, error) {
	tooLarge := fmt.Errorf("the hardware cannot hold %v: it does not fit into %s", v, f)
	if f.kind == floatFormat {
		if f.size == 8 {
			return math.Float64bits(v), nil
		}
		if math.Abs(v) > math.MaxFloat32 {
			return 0, tooLarge
		}
		return uint64(math.Float32bits(float32(v))), nil
	}
	v = math.Round(v)
	low, high := 0.0, math.Ldexp(1, f.width)
	if f.kind == signedFormat {
		low, high = -high/2, high/2
	}
	switch {
	case !(v >= low && v < high):
		return 0, tooLarge
	case v < 0:
		return uint64(int64(v)) & (1<<f.width - 1), nil
	}
	return uint64(v), nil
}

// String names the format to people.
func (f numberFormat) String() string {
	if f.width < 8*f.size {
		return fmt.Sprintf("%d bits of a %s", f.width, f.name)
	}
	return f.name
}

// shortest gives f as people write it: 21.1, and not 21.100000381469727. From 2^24 on, where a float32 counts in
// whole numbers and more, every digit that it has is told.
func shortest(f float32) float64 {
	if math.Abs(float64(f)) >= 1<<24 {
		return float64(f)
	}
	var digits [32]byte
	v, _ := strconv.ParseFloat(string(strconv.AppendFloat(digits[:0], float64(f), 'g', -1, 32)), 64)
	return v
}
