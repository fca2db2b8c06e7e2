package devices

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Bytes are written as hexadecimal digits in pairs: "AA 55". Spaces may stand between the pairs; a text in single
// quotes stands for its characters: "'R1' 0D". In a pattern ? stands for any digit: "A? ??".

// mask is bytes of which only some bits count.
type mask struct {
	bytes, bits []byte // equally long; bytes has zeros where bits has
}

// fits says whether b begins with m.
func (m mask) fits(b []byte) bool {
	if len(b) < len(m.bytes) {
		return false
	}
	for i, want := range m.bytes {
		if b[i]&m.bits[i] != want {
			return false
		}
	}
	return true
}

// add appends one byte.
func (m *mask) add(value, bits byte) {
	m.bytes, m.bits = append(m.bytes, value&bits), append(m.bits, bits)
}

var errOddDigits = errors.New("each byte has two hexadecimal digits")

// parseBytes reads bytes without placeholders.
func parseBytes(s string, wild bool) (m mask, err error) {
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
		digit, ok := hexDigit(s[i])
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

func hexDigit(c byte) (byte, bool) {
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

// places is bytes at positions by which frames are told apart.
type places []placed

type placed struct {
	at int // negative: from the end
	mask
}

// parsePlaces reads { 2 = "90", -3 = "0?" }.
func parsePlaces(match map[string]string) (all places, err error) {
	for key, text := range match {
		at, err := strconv.Atoi(key)
		if err != nil || at < -65536 || at > 65535 {
			return nil, fmt.Errorf("%q is no position", key)
		}
		m, err := parseBytes(text, true)
		if err != nil {
			return nil, err
		}
		if len(m.bytes) == 0 {
			return nil, fmt.Errorf("nothing is said about position %d", at)
		}
		all = append(all, placed{at, m})
	}
	slices.SortFunc(all, func(a, b placed) int { return a.at - b.at })
	return all, nil
}

// fit says whether the frame has all of the bytes.
func (p places) fit(frame []byte) bool {
	for _, one := range p {
		at := one.at
		if at < 0 {
			at += len(frame)
		}
		if at < 0 || at > len(frame) || !one.fits(frame[at:]) {
			return false
		}
	}
	return true
}
