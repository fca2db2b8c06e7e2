package codec

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

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
