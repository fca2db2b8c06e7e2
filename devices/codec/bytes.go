package codec

import (
	"errors"
	"fmt"
	"strings"
)

// Mask is bytes of which only some bits are compared.
type Mask struct {
	Bytes, bits []byte // of equal length; Bytes is zero where bits is
}

// Fits says whether b begins with the bytes of the mask.
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

// ParseBytes reads bytes as people write them: AA 55, or 'text'. wild allows ? for any hexadecimal digit. The error is
// a sentence for a person.
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

// parsePair reads the two digits at the beginning of s.
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
			return 0, 0, errors.New("? means any digit: it is allowed in a pattern, but not in bytes to write")
		case !ok:
			return 0, 0, fmt.Errorf("%q is not a hexadecimal digit", s[i])
		default:
			value, bits = value<<4|digit, bits<<4|0xF
		}
	}
	return value, bits, nil
}

// HexDigit returns the value of a hexadecimal digit, 0 to 15; ok is false if c is none.
func HexDigit(c byte) (value byte, ok bool) {
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

// AppendHex appends b to out as upper-case hexadecimal digits.
func AppendHex(out, b []byte) []byte {
	for _, c := range b {
		out = append(out, "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
	}
	return out
}
