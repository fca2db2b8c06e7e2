package devices

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

// byteFormats lists the formats of numbers that can lie at any byte of a frame: those of registers, and odd sizes.
func byteFormats() map[string]numberFormat {
	all := numberFormats()
	maps.Copy(all, map[string]numberFormat{
		"uint8": {size: 1}, "int8": {size: 1, kind: signedFormat},
		"uint24": {size: 3}, "int24": {size: 3, kind: signedFormat},
	})
	return all
}

// namedFormat gives the format of a name that ends in be or le, for the greater or the lesser byte first: uint16le.
func namedFormat(name string) (numberFormat, bool) {
	c := mapping.DefaultFormat()
	if base, ok := strings.CutSuffix(name, "le"); ok {
		name, c.ByteOrder = base, "little"
	}
	c.Format = strings.TrimSuffix(name, "be")
	f := numberIn(c, byteFormats(), "uint8")
	return f, f.size > 0 && c.Format != ""
}

// The formats that are no numbers in two's complement or IEEE 754.
const (
	formatString    = "string"
	formatBCD       = "bcd"        // two digits a byte
	formatSignedBCD = "signed-bcd" // the same, the highest bit is the sign
	formatASCII     = "ascii"      // a number as people write it
	formatHex       = "hex"        // any bytes, as a text of hexadecimal digits
)

// byteValue is a compiled FormatConfig of a field in a frame.
type byteValue struct {
	number numberFormat
	digits string // one of the formats above; "": it is a number
	length int    // bytes
	little bool   // of digits: the lesser byte comes first
	text   bool   // the field is a text
}

// valueIn compiles the format of a field. A config without problems has a length.
func valueIn(c mapping.FormatConfig, t relay.Type) byteValue {
	v := byteValue{digits: c.Format, length: c.Length, little: c.ByteOrder == "little", text: t == relay.TypeText}
	if c.Format == "" && v.text {
		v.digits = formatString
	}
	switch v.digits {
	case formatString, formatBCD, formatSignedBCD, formatASCII, formatHex:
		return v
	}
	v.digits, v.number = "", numberIn(c, byteFormats(), "uint8")
	v.length = v.number.size
	return v
}

// token reads the value that lies in b, which is length long. It says no if there is none.
func (v *byteValue) token(b []byte) (t token, ok bool) {
	switch v.digits {
	case "":
		return token{kind: tokenNumber, number: v.number.get(b)}, true
	case formatString:
		text, _, _ := bytes.Cut(b, []byte{0})
		text = bytes.TrimSpace(text)
		return token{kind: tokenString, text: text}, utf8.Valid(text) && bytes.IndexFunc(text, isUnprintable) < 0
	case formatASCII:
		n, ok := parseNumber(bytes.TrimFunc(b, isPadding), false)
		return token{kind: tokenNumber, number: n}, ok
	}
	var sorted [256]byte
	digits := sorted[:copy(sorted[:], b)]
	if v.little {
		for i, c := range b {
			digits[len(b)-1-i] = c
		}
	}
	if v.digits == formatHex {
		return token{kind: tokenString, text: appendHex(nil, digits)}, true
	}
	sign := 1.0
	if v.digits == formatSignedBCD && digits[0]&0x80 != 0 {
		digits[0] &^= 0x80
		sign = -1
	}
	n, ok := bcd(digits)
	if v.text {
		return token{kind: tokenString, text: appendHex(nil, digits)}, ok
	}
	return token{kind: tokenNumber, number: sign * n}, ok
}

func isUnprintable(r rune) bool { return !unicode.IsPrint(r) }

func isPadding(r rune) bool { return r == 0 || r == ' ' }

func appendHex(out, b []byte) []byte {
	for _, c := range b {
		out = append(out, "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
	}
	return out
}

// bcd gives the number that binary-coded decimal digits stand for, the greatest first.
func bcd(b []byte) (n float64, ok bool) {
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
