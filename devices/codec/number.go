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

// FormatKind is the meaning of the bits of a number.
type FormatKind uint8

const (
	unsigned FormatKind = iota
	signed              // two's complement
	Float               // IEEE 754
)

// NumberFormat is a compiled [mapping.FormatConfig] of a number. The zero NumberFormat is none.
type NumberFormat struct {
	name  string
	Size  int // bytes
	Kind  FormatKind
	bytes bool // the low byte of a word comes first
	words bool // the low word comes first
	Shift int  // number of bits below the value
	Width int  // number of bits of the value
}

// numberFormats lists the formats of numbers by name.
func numberFormats() map[string]NumberFormat {
	return map[string]NumberFormat{
		"uint16": {Size: 2}, "int16": {Size: 2, Kind: signed},
		"uint32": {Size: 4}, "int32": {Size: 4, Kind: signed}, "float32": {Size: 4, Kind: Float},
		"uint64": {Size: 8}, "int64": {Size: 8, Kind: signed}, "float64": {Size: 8, Kind: Float},
	}
}

// NumberOf compiles the format of a number in registers; usual is the name of the format where c has none. It returns
// the zero NumberFormat if [CheckFormat] would report the format as unknown.
func NumberOf(c mapping.FormatConfig, usual string) NumberFormat {
	return numberIn(c, numberFormats(), usual)
}

// numberIn is NumberOf with other formats.
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

// CheckFormat checks the format of a number in registers; usual is the name of the format where c has none.
func CheckFormat(k *mapping.Checker, c mapping.FormatConfig, usual string) {
	CheckFormatIn(k, numberFormats(), c, usual)
}

// CheckFormatIn is [CheckFormat] with other formats, as those of [ByteFormats].
func CheckFormatIn(k *mapping.Checker, formats map[string]NumberFormat, c mapping.FormatConfig, usual string) {
	f := numberIn(c, formats, usual)
	if f.Size == 0 {
		k.Add("format", fmt.Sprintf("a number cannot have the format %q", c.Format),
			"use "+strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
		return
	}
	for key, order := range map[string]string{"byte_order": c.ByteOrder, "word_order": c.WordOrder} {
		if order != "" && order != "big" && order != "little" {
			k.Add(key, fmt.Sprintf("unknown order %q", order), "use big or little")
		}
	}
	if c.WordOrder != "" && (f.Size <= 2 || f.Size%2 == 1) {
		k.Add("word_order", "a "+f.name+" has no words of 16 bits", "leave it out, or use byte_order")
	}
	switch {
	case c.Bit < 0 && c.Bits != 0:
		k.Add("bits", "bit is missing: bits counts from it", "add bit = 0, or leave bits out")
	case c.Bit >= 0 && f.Kind == Float:
		k.Add("bit", "single bits of a "+f.name+" have no meaning", "leave it out, or use format = \"uint32\"")
	case f.Shift+f.Width > 8*f.Size:
		k.Add("bit", fmt.Sprintf("a %s has the bits 0 to %d", f.name, 8*f.Size-1), "use a lower one, or fewer bits, or a longer format")
	}
}

// at returns the position on the wire of byte i of a number, counted from the high byte.
func (f NumberFormat) at(i int) int {
	if f.Size%2 == 1 { // no words
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

// Raw returns the bits of the value. b has at least Size bytes.
func (f NumberFormat) Raw(b []byte) uint64 {
	var raw uint64
	for i := range f.Size {
		raw = raw<<8 | uint64(b[f.at(i)])
	}
	return raw >> f.Shift & (1<<f.Width - 1)
}

// Get returns the number, which may be NaN or infinite. b has at least Size bytes.
func (f NumberFormat) Get(b []byte) float64 {
	raw := f.Raw(b)
	switch {
	case f.Kind == Float && f.Size == 4:
		return shortest(math.Float32frombits(uint32(raw)))
	case f.Kind == Float:
		return math.Float64frombits(raw)
	case f.Kind == signed:
		return float64(int64(raw<<(64-f.Width)) >> (64 - f.Width))
	}
	return float64(raw)
}

// Append appends the bytes of a number, rounded to the precision of the format; bits outside the value are zero. An
// error is a number that does not fit, as a sentence for a person.
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

// encode returns the bits of a number, not shifted.
func (f NumberFormat) encode(v float64) (uint64, error) {
	tooLarge := fmt.Errorf("the hardware cannot hold %v: it does not fit into %s", v, f)
	if f.Kind == Float {
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
	if f.Kind == signed {
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

// String is the name of the format for people.
func (f NumberFormat) String() string {
	if f.Width < 8*f.Size {
		return fmt.Sprintf("%d bits of a %s", f.Width, f.name)
	}
	return f.name
}

// shortest returns f with as few decimal digits as identify it: 21.1, not 21.100000381469727. From 2^24 on, where the
// steps of a float32 are whole numbers, it returns f itself.
func shortest(f float32) float64 {
	if math.Abs(float64(f)) >= 1<<24 {
		return float64(f)
	}
	var digits [32]byte
	v, _ := strconv.ParseFloat(string(strconv.AppendFloat(digits[:0], float64(f), 'g', -1, 32)), 64)
	return v
}

// ByteFormats returns the number formats in frames of bytes, by name: those of registers, and those of 1 and 3 bytes.
func ByteFormats() map[string]NumberFormat {
	all := numberFormats()
	maps.Copy(all, map[string]NumberFormat{
		"uint8": {Size: 1}, "int8": {Size: 1, Kind: signed},
		"uint24": {Size: 3}, "int24": {Size: 3, Kind: signed},
	})
	return all
}

// NamedFormat returns the format of a name that may end in be or le for the high or the low byte first, for example uint16le.
// ok is false if the name is unknown.
func NamedFormat(name string) (f NumberFormat, ok bool) {
	c := mapping.DefaultFormat()
	if base, ok := strings.CutSuffix(name, "le"); ok {
		name, c.ByteOrder = base, "little"
	}
	c.Format = strings.TrimSuffix(name, "be")
	f = numberIn(c, ByteFormats(), "uint8")
	return f, f.Size > 0 && c.Format != ""
}
