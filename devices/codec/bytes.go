package codec

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// ByteField is a field that lies in a frame of bytes.
type ByteField struct {
	Index int // in the model
	At    int // negative: from the end
	Match Places
	Value ByteValue
	Wire  WireField
}

func NewByteField(index int, f mapping.FieldConfig) ByteField {
	match, _ := ParsePlaces(f.Match)
	f.Values = plainNumbers(f.Values)
	return ByteField{Index: index, At: f.At, Match: match, Value: ValueIn(f.FormatConfig, f.Type), Wire: NewWireField(f)}
}

// Read gives the field's value in a frame that carries it; null if it is no good reading.
func (f *ByteField) Read(frame []byte, count *wire.Counters) relay.Reading {
	at := FromEnd(f.At, len(frame))
	why := f.Wire.Id + ": the frame ends before it"
	if at >= 0 && at+f.Value.Length <= len(frame) {
		raw := frame[at : at+f.Value.Length]
		t, ok := f.Value.Token(raw)
		if v, good := f.Wire.Read(t); ok && good {
			return relay.Reading{Field: f.Index, Value: v}
		}
		if count.Watched() {
			if why = fmt.Sprintf("%s: %X is no %s", f.Wire.Id, raw, f.Value.Digits); ok {
				if t.Kind == TokenNumber {
					t.Text = strconv.AppendFloat(nil, t.Number, 'g', -1, 64)
				}
				why = f.Wire.Id + ": " + f.Wire.Fault(Fault{Value: t})
			}
		}
	}
	count.Implausible.Add(1)
	count.Because(why)
	return relay.Reading{Field: f.Index}
}

// CheckValueFormat checks how a field lies in its bytes.
func CheckValueFormat(k *mapping.Checker, f mapping.FormatConfig, t relay.Type) {
	v := ValueIn(f, t)
	switch {
	case v.Digits == "":
		if t == relay.TypeText {
			k.Add("format", fmt.Sprintf("a text cannot have the format %q", f.Format), "use string, hex or bcd")
			return
		}
		CheckFormatIn(k, ByteFormats(), f, "uint8")
		if f.Length != 0 {
			k.Add("length", "the format says how long it is", "leave it out")
		}
	case t == relay.TypeText && v.Digits == FormatASCII, t == relay.TypeText && v.Digits == FormatSignedBCD,
		t == relay.TypeNumber && (v.Digits == FormatString || v.Digits == formatHex), t == relay.TypeBool && v.Digits != FormatBCD:
		k.Add("format", fmt.Sprintf("a %s cannot have the format %q", t, v.Digits), "use a format of numbers, or another type")
	case f.Length <= 0 || f.Length > 256:
		k.Add("length", "how many bytes it has is missing", "write length = 1 to 256")
	case f.Bit >= 0:
		k.Add("bit", "only numbers have bits", `leave it out, or use format = "uint8"`)
	}
}

// FromEnd makes a position that counts from the end of n bytes one that counts from their beginning.
func FromEnd(at, n int) int {
	if at < 0 {
		return at + n
	}
	return at
}

// Append appends what stands on the wire for text: the value as command.wire gives it.
func (v ByteValue) Append(b []byte, text string) ([]byte, error) {
	from := len(b)
	switch v.Digits {
	case FormatString:
		if v.Length > 0 && len(text) > v.Length {
			return b, fmt.Errorf("the text has %d bytes; the hardware takes %d", len(text), v.Length)
		}
		return append(append(b, text...), make([]byte, max(0, v.Length-len(text)))...), nil
	case FormatASCII:
		if v.Length > 0 && len(text) > v.Length {
			return b, fmt.Errorf("the hardware cannot hold %s: it has %d digits", text, v.Length)
		}
		sign := strings.HasPrefix(text, "-")
		if sign {
			b, text = append(b, '-'), text[1:]
		}
		for range v.Length - len(text) - (len(b) - from) {
			b = append(b, '0')
		}
		return append(b, text...), nil
	}
	n, err := rawNumber(text)
	if err != nil {
		return b, err
	}
	if v.Digits == "" {
		return v.Number.Append(b, n)
	}
	b, ok := appendBCD(b, n, v.Length)
	if !ok {
		return b, fmt.Errorf("the hardware cannot hold %v: it has %d digits", n, 2*v.Length)
	}
	if v.Little {
		for i, j := from, len(b)-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
	return b, nil
}

// rawNumber is the number that a text stands for: true and false are 1 and 0, 0x10 is 16.
func rawNumber(text string) (float64, error) {
	switch text {
	case "true":
		return 1, nil
	case "false":
		return 0, nil
	}
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		return float64(n), nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, fmt.Errorf("%q is no number, which is what the hardware takes", text)
	}
	return n, nil
}

// Mask is bytes of which only some bits count.
type Mask struct {
	Bytes, bits []byte // equally long; bytes has zeros where bits has
}

// Fits says whether b begins with m.
func (m Mask) Fits(b []byte) bool {
	if len(b) < len(m.Bytes) {
		return false
	}
	for i, want := range m.Bytes {
		if b[i]&m.bits[i] != want {
			return false
		}
	}
	return true
}

// add appends one byte.
func (m *Mask) add(value, bits byte) {
	m.Bytes, m.bits = append(m.Bytes, value&bits), append(m.bits, bits)
}

var errOddDigits = errors.New("each byte has two hexadecimal digits")

// ParseBytes reads bytes without placeholders.
func ParseBytes(s string, wild bool) (m Mask, err error) {
	for s != "" {
		switch {
		case s[0] == ' ' || s[0] == ',':
			s = s[1:]
		case s[0] == '\'':
			text, rest, closed := strings.Cut(s[1:], "'")
			if !closed || text == "" {
				return m, errors.New("a text in single quotes is empty or has no end")
			}
			for i := range len(text) {
				m.add(text[i], 0xFF)
			}
			s = rest
		default:
			value, bits, err := parsePair(s, wild)
			if err != nil {
				return m, err
			}
			m.add(value, bits)
			s = s[2:]
		}
	}
	return m, nil
}

// parsePair reads the two digits that s begins with.
func parsePair(s string, wild bool) (value, bits byte, err error) {
	for i := range 2 {
		if i >= len(s) || s[i] == ' ' {
			return 0, 0, errOddDigits
		}
		digit, ok := HexDigit(s[i])
		switch {
		case s[i] == '?' && wild:
			value, bits = value<<4, bits<<4
		case s[i] == '?':
			return 0, 0, errors.New("? stands for any digit: that can be expected, but not written")
		case !ok:
			return 0, 0, fmt.Errorf("%q is no hexadecimal digit", s[i])
		default:
			value, bits = value<<4|digit, bits<<4|0xF
		}
	}
	return value, bits, nil
}

func HexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// Places is bytes at positions by which frames are told apart.
type Places []placed

type placed struct {
	at int // negative: from the end
	Mask
}

// ParsePlaces reads { 2 = "90", -3 = "0?" }.
func ParsePlaces(match map[string]string) (all Places, err error) {
	for key, text := range match {
		at, err := strconv.Atoi(key)
		if err != nil || at < -65536 || at > 65535 {
			return nil, fmt.Errorf("%q is no position", key)
		}
		m, err := ParseBytes(text, true)
		if err != nil {
			return nil, err
		}
		if len(m.Bytes) == 0 {
			return nil, fmt.Errorf("nothing is said about position %d", at)
		}
		all = append(all, placed{at, m})
	}
	slices.SortFunc(all, func(a, b placed) int { return a.at - b.at })
	return all, nil
}

// Fit says whether the frame has all of the bytes.
func (p Places) Fit(frame []byte) bool {
	for _, one := range p {
		at := one.at
		if at < 0 {
			at += len(frame)
		}
		if at < 0 || at > len(frame) || !one.Fits(frame[at:]) {
			return false
		}
	}
	return true
}

// ByteFormats lists the formats of numbers that can lie at any byte of a frame: those of registers, and odd sizes.
func ByteFormats() map[string]NumberFormat {
	all := numberFormats()
	maps.Copy(all, map[string]NumberFormat{
		"uint8": {Size: 1}, "int8": {Size: 1, Kind: signedFormat},
		"uint24": {Size: 3}, "int24": {Size: 3, Kind: signedFormat},
	})
	return all
}

// NamedFormat gives the format of a name that ends in be or le, for the greater or the lesser byte first: uint16le.
func NamedFormat(name string) (NumberFormat, bool) {
	c := mapping.DefaultFormat()
	if base, ok := strings.CutSuffix(name, "le"); ok {
		name, c.ByteOrder = base, "little"
	}
	c.Format = strings.TrimSuffix(name, "be")
	f := numberIn(c, ByteFormats(), "uint8")
	return f, f.Size > 0 && c.Format != ""
}

// The formats that are no numbers in two's complement or IEEE 754.
const (
	FormatString    = "string"
	FormatBCD       = "bcd"        // two digits a byte
	FormatSignedBCD = "signed-bcd" // the same, the highest bit is the sign
	FormatASCII     = "ascii"      // a number as people write it
	formatHex       = "hex"        // any bytes, as a text of hexadecimal digits
)

// ByteValue is a compiled FormatConfig of a field in a frame.
type ByteValue struct {
	Number NumberFormat
	Digits string // one of the formats above; "": it is a number
	Length int    // bytes
	Little bool   // of digits: the lesser byte comes first
	text   bool   // the field is a text
}

// ValueIn compiles the format of a field. A config without problems has a length.
func ValueIn(c mapping.FormatConfig, t relay.Type) ByteValue {
	v := ByteValue{Digits: c.Format, Length: c.Length, Little: c.ByteOrder == "little", text: t == relay.TypeText}
	if c.Format == "" && v.text {
		v.Digits = FormatString
	}
	switch v.Digits {
	case FormatString, FormatBCD, FormatSignedBCD, FormatASCII, formatHex:
		return v
	}
	v.Digits, v.Number = "", numberIn(c, ByteFormats(), "uint8")
	v.Length = v.Number.Size
	return v
}

// Token reads the value that lies in b, which is length long. It says no if there is none.
func (v *ByteValue) Token(b []byte) (t Token, ok bool) {
	switch v.Digits {
	case "":
		return Token{Kind: TokenNumber, Number: v.Number.Get(b)}, true
	case FormatString:
		text, _, _ := bytes.Cut(b, []byte{0})
		text = bytes.TrimSpace(text)
		return Token{Kind: TokenString, Text: text}, utf8.Valid(text) && bytes.IndexFunc(text, isUnprintable) < 0
	case FormatASCII:
		n, ok := ParseNumber(bytes.TrimFunc(b, isPadding), false)
		return Token{Kind: TokenNumber, Number: n}, ok
	}
	var sorted [256]byte
	digits := sorted[:copy(sorted[:], b)]
	if v.Little {
		for i, c := range b {
			digits[len(b)-1-i] = c
		}
	}
	if v.Digits == formatHex {
		return Token{Kind: TokenString, Text: AppendHex(nil, digits)}, true
	}
	sign := 1.0
	if v.Digits == FormatSignedBCD && digits[0]&0x80 != 0 {
		digits[0] &^= 0x80
		sign = -1
	}
	n, ok := BCD(digits)
	if v.text {
		return Token{Kind: TokenString, Text: AppendHex(nil, digits)}, ok
	}
	return Token{Kind: TokenNumber, Number: sign * n}, ok
}

func isUnprintable(r rune) bool { return !unicode.IsPrint(r) }

func isPadding(r rune) bool { return r == 0 || r == ' ' }

func AppendHex(out, b []byte) []byte {
	for _, c := range b {
		out = append(out, "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
	}
	return out
}

// BCD gives the number that binary-coded decimal digits stand for, the greatest first.
func BCD(b []byte) (n float64, ok bool) {
	for _, c := range b {
		if c>>4 > 9 || c&15 > 9 {
			return 0, false
		}
		n = n*100 + float64(c>>4*10+c&15)
	}
	return n, true
}

// appendBCD appends a whole number of 0 or more in so many bytes, the greatest digits first; false if it needs more.
func appendBCD(b []byte, n float64, size int) ([]byte, bool) {
	n = math.Round(n)
	if n < 0 || n >= math.Pow(100, float64(size)) || n >= 1<<53 {
		return b, false
	}
	rest := uint64(n)
	from := len(b)
	b = append(b, make([]byte, size)...)
	for i := size - 1; i >= 0; i-- {
		two := byte(rest % 100)
		b[from+i] = two/10<<4 | two%10
		rest /= 100
	}
	return b, true
}

// plainNumbers writes the hexadecimal numbers among the texts of values as decimal ones.
func plainNumbers(values map[string]string) map[string]string {
	plain := maps.Clone(values)
	for value, text := range plain {
		if n, err := strconv.ParseInt(text, 0, 64); err == nil && strings.HasPrefix(text, "0x") {
			plain[value] = strconv.FormatInt(n, 10)
		}
	}
	return plain
}
