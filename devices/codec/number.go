package codec

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
	FloatFormat               // IEEE 754
)

// NumberFormat is a compiled FormatConfig of a number.
type NumberFormat struct {
	name  string
	Size  int // bytes
	Kind  formatKind
	bytes bool // the lesser byte of a word comes first
	words bool // the lesser word comes first
	Shift int  // below the bits that are meant
	Width int  // bits that are meant
}

// numberFormats lists the formats of numbers by name.
func numberFormats() map[string]NumberFormat {
	return map[string]NumberFormat{
		"uint16": {Size: 2}, "int16": {Size: 2, Kind: signedFormat},
		"uint32": {Size: 4}, "int32": {Size: 4, Kind: signedFormat}, "float32": {Size: 4, Kind: FloatFormat},
		"uint64": {Size: 8}, "int64": {Size: 8, Kind: signedFormat}, "float64": {Size: 8, Kind: FloatFormat},
	}
}

// NumberOf compiles c; without a format in it, it is the one called usual. A config without problems gives no zero
// format.
func NumberOf(c mapping.FormatConfig, usual string) NumberFormat {
	return numberIn(c, numberFormats(), usual)
}

// numberIn is number with a list of formats of its own.
func numberIn(c mapping.FormatConfig, formats map[string]NumberFormat, usual string) NumberFormat {
	name := c.Format
	if name == "" {
		name = usual
	}
	f, ok := formats[name]
	if !ok {
		return NumberFormat{}
	}
	f.name, f.Width = name, 8*f.Size
	f.bytes = c.ByteOrder == "little"
	f.words = c.WordOrder == "little" || c.WordOrder == "" && f.bytes
	if c.Bit >= 0 {
		f.Shift, f.Width = c.Bit, max(c.Bits, 1)
	}
	return f
}

// CheckFormat checks the keys of a number's format. usual is the format of one that names none.
func CheckFormat(k *mapping.Checker, c mapping.FormatConfig, usual string) {
	CheckFormatIn(k, numberFormats(), c, usual)
}

// CheckFormatIn is format with a list of formats of its own.
func CheckFormatIn(k *mapping.Checker, formats map[string]NumberFormat, c mapping.FormatConfig, usual string) {
	f := numberIn(c, formats, usual)
	if f.Size == 0 {
		k.Add("format", fmt.Sprintf("a number cannot have the format %q", c.Format),
			"use "+strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
		return
	}
	for key, order := range map[string]string{"byte_order": c.ByteOrder, "word_order": c.WordOrder} {
		if order != "" && order != "big" && order != "little" {
			k.Add(key, fmt.Sprintf("there is no order %q", order), "use big or little")
		}
	}
	if c.WordOrder != "" && (f.Size <= 2 || f.Size%2 == 1) {
		k.Add("word_order", "a "+f.name+" has no words of 16 bits", "leave it out, or use byte_order")
	}
	switch {
	case c.Bit < 0 && c.Bits != 0:
		k.Add("bits", "it counts from bit, which is missing", "add bit = 0, or leave bits out")
	case c.Bit >= 0 && f.Kind == FloatFormat:
		k.Add("bit", "the bits of a "+f.name+" mean nothing one by one", "leave it out, or use format = \"uint32\"")
	case f.Shift+f.Width > 8*f.Size:
		k.Add("bit", fmt.Sprintf("a %s has the bits 0 to %d", f.name, 8*f.Size-1), "use a lower one, or fewer bits, or a longer format")
	}
}

// at gives where on the wire the byte i of a number is, counted from the greatest.
func (f NumberFormat) at(i int) int {
	if f.Size%2 == 1 { // it has no words
		if f.bytes {
			i = f.Size - 1 - i
		}
		return i
	}
	if f.words {
		i = f.Size - 2 - i&^1 + i&1
	}
	if f.bytes {
		i ^= 1
	}
	return i
}

// Raw gives the bits that are meant. b holds at least size bytes.
func (f NumberFormat) Raw(b []byte) uint64 {
	var raw uint64
	for i := range f.Size {
		raw = raw<<8 | uint64(b[f.at(i)])
	}
	return raw >> f.Shift & (1<<f.Width - 1)
}

// Get reads a number; it may be NaN or infinite. b holds at least size bytes.
func (f NumberFormat) Get(b []byte) float64 {
	raw := f.Raw(b)
	switch {
	case f.Kind == FloatFormat && f.Size == 4:
		return shortest(math.Float32frombits(uint32(raw)))
	case f.Kind == FloatFormat:
		return math.Float64frombits(raw)
	case f.Kind == signedFormat:
		return float64(int64(raw<<(64-f.Width)) >> (64 - f.Width))
	}
	return float64(raw)
}

// Append appends a number to the bytes of the wire, rounded to what the format can hold. The other bits are zero.
func (f NumberFormat) Append(b []byte, v float64) ([]byte, error) {
	raw, err := f.encode(v)
	if err != nil {
		return b, err
	}
	from := len(b)
	b = append(b, make([]byte, f.Size)...)
	for i := range f.Size {
		b[from+f.at(i)] = byte(raw << f.Shift >> (8 * (f.Size - 1 - i)))
	}
	return b, nil
}

// encode gives the bits of a number, not shifted.
func (f NumberFormat) encode(v float64) (uint64, error) {
	tooLarge := fmt.Errorf("the hardware cannot hold %v: it does not fit into %s", v, f)
	if f.Kind == FloatFormat {
		if f.Size == 8 {
			return math.Float64bits(v), nil
		}
		if math.Abs(v) > math.MaxFloat32 {
			return 0, tooLarge
		}
		return uint64(math.Float32bits(float32(v))), nil
	}
	v = math.Round(v)
	low, high := 0.0, math.Ldexp(1, f.Width)
	if f.Kind == signedFormat {
		low, high = -high/2, high/2
	}
	switch {
	case !(v >= low && v < high):
		return 0, tooLarge
	case v < 0:
		return uint64(int64(v)) & (1<<f.Width - 1), nil
	}
	return uint64(v), nil
}

// String names the format to people.
func (f NumberFormat) String() string {
	if f.Width < 8*f.Size {
		return fmt.Sprintf("%d bits of a %s", f.Width, f.name)
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
