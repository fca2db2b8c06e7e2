package codec

import (
	"bytes"
	"maps"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"minirelay/devices/mapping"

	"minirelay/relay"
)

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
	n, ok := Bcd(digits)
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

// Bcd gives the number that binary-coded decimal digits stand for, the greatest first.
func Bcd(b []byte) (n float64, ok bool) {
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
