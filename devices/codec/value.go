package codec

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"minirelay/devices/mapping"
	"minirelay/relay"
)

// CheckValueFormat checks the format of a value of type t in a frame of bytes; see [ValueIn].
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
			k.Add("length", "the format determines the length", "leave it out")
		}
	case t == relay.TypeText && (v.Digits == FormatASCII || v.Digits == formatASCIIHex), t == relay.TypeText && v.Digits == FormatSignedBCD,
		t == relay.TypeNumber && (v.Digits == FormatString || v.Digits == formatHex), t == relay.TypeBool && v.Digits != FormatBCD:
		k.Add("format", fmt.Sprintf("a %s cannot have the format %q", t, v.Digits), "use a number format, or another type")
	case f.Length <= 0 || f.Length > 256:
		k.Add("length", "the number of bytes is missing", "write length = 1 to 256")
	case f.Bit >= 0:
		k.Add("bit", "only numbers have bits", `leave it out, or use format = "uint8"`)
	}
}

// Append appends the bytes for a value as [Command.Wire] returns it. An error is a value that the format cannot hold, as
// a sentence for a person.
func (v ByteValue) Append(b []byte, text string) ([]byte, error) {
	from := len(b)
	switch v.Digits {
	case FormatString:
		if v.Length > 0 && len(text) > v.Length {
			return b, fmt.Errorf("the text has %d bytes; the hardware accepts at most %d", len(text), v.Length)
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

// rawNumber is the number that a text represents: true and false are 1 and 0, 0x10 is 16.
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
		return 0, fmt.Errorf("%q is not a number, and the hardware accepts only numbers", text)
	}
	return n, nil
}

// The formats of values that are neither integers nor IEEE 754 numbers.
const (
	FormatString    = "string"
	FormatBCD       = "bcd"        // binary-coded decimal: two digits per byte
	FormatSignedBCD = "signed-bcd" // the same, with the highest bit as the sign
	FormatASCII     = "ascii"      // a number in ASCII characters
	formatASCIIHex  = "ascii-hex"  // the same, in hexadecimal digits
	formatHex       = "hex"        // any bytes, read as a text of hexadecimal digits
)

// ByteValue is a compiled [mapping.FormatConfig] of a value in a frame of bytes.
type ByteValue struct {
	Number NumberFormat
	Digits string // one of the formats above; "": the value has the format Number
	Length int    // bytes
	Little bool   // of digits: the low byte comes first
	text   bool   // the field is a text
}

// ValueIn compiles the format of a value of type t. If [CheckValueFormat] has found no problem, its Length is set.
func ValueIn(c mapping.FormatConfig, t relay.Type) ByteValue {
	v := ByteValue{Digits: c.Format, Length: c.Length, Little: c.ByteOrder == "little", text: t == relay.TypeText}
	if c.Format == "" && v.text {
		v.Digits = FormatString
	}
	switch v.Digits {
	case FormatString, FormatBCD, FormatSignedBCD, FormatASCII, formatASCIIHex, formatHex:
		return v
	}
	v.Digits, v.Number = "", numberIn(c, ByteFormats(), "uint8")
	v.Length = v.Number.Size
	return v
}

// Token reads the value in b, which is Length bytes long. ok is false if b is not of the format.
func (v *ByteValue) Token(b []byte) (t Token, ok bool) {
	switch v.Digits {
	case "":
		return Token{Kind: TokenNumber, Number: v.Number.Get(b)}, true
	case FormatString:
		text := TextIn(b)
		return Token{Kind: TokenString, Text: text}, utf8.Valid(text) && bytes.IndexFunc(text, isUnprintable) < 0
	case FormatASCII:
		n, ok := ParseNumber(bytes.TrimFunc(b, isPadding), false)
		return Token{Kind: TokenNumber, Number: n}, ok
	}
	if v.Digits == formatASCIIHex {
		n, ok := ParseHex(bytes.TrimFunc(b, isPadding))
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

// TextIn returns the text in bytes that are padded with zeros, blanks or, as erased memory is, with FF.
func TextIn(b []byte) []byte {
	b, _, _ = bytes.Cut(b, []byte{0})
	for len(b) > 0 && b[len(b)-1] == 0xFF {
		b = b[:len(b)-1]
	}
	return bytes.TrimSpace(b)
}

func isUnprintable(r rune) bool { return !unicode.IsPrint(r) }

func isPadding(r rune) bool { return r == 0 || r == ' ' }

// BCD returns the number in binary-coded decimal digits, the high ones first. ok is false if a digit is above 9.
func BCD(b []byte) (n float64, ok bool) {
	for _, c := range b {
		if c>>4 > 9 || c&15 > 9 {
			return 0, false
		}
		n = n*100 + float64(c>>4*10+c&15)
	}
	return n, true
}

// appendBCD appends a number of 0 or more, rounded, in size bytes, the high digits first; false if it does not fit.
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
