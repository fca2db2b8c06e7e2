package text

import (
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"minirelay/devices/codec"
)

// maxDepth is the deepest nesting of objects and arrays; boards need no more, and each level costs stack.
const maxDepth = 32

// scanner reads strict JSON (RFC 8259) from UTF-8 text, in place and without reflection. It has one exception: boards
// print nan and inf where a sensor failed, and one failed sensor must not cost the readings of the others.
type scanner struct {
	b       []byte
	i       int
	scratch []byte // for strings with escapes
	lenient bool   // a nan or inf has been seen
}

func (s *scanner) reset(b []byte) {
	s.b, s.i, s.lenient = b, 0, false
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\r', '\n':
			s.i++
		default:
			return
		}
	}
}

// peek returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *scanner) take(c byte) bool {
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// value reads any value. depth is the number of objects and arrays around it.
func (s *scanner) value(depth int) (codec.Token, bool) {
	start := s.i
	switch c := s.peek(); {
	case c == '"':
		text, ok := s.str()
		return codec.Token{Kind: codec.TokenString, Text: text}, ok
	case c == '-' || c >= '0' && c <= '9':
		return s.numeral()
	case c == '{':
		return codec.Token{Kind: codec.TokenObject}, s.skipObject(depth)
	case c == '[':
		return codec.Token{Kind: codec.TokenArray}, s.skipArray(depth)
	}
	return s.word(start)
}

// word reads true, false, null, and the words for floats that are not numbers.
func (s *scanner) word(start int) (codec.Token, bool) {
	for s.i < len(s.b) && (s.b[s.i]|0x20 >= 'a' && s.b[s.i]|0x20 <= 'z') {
		s.i++
	}
	t := codec.Token{Text: s.b[start:s.i]}
	switch string(t.Text) {
	case "null":
		return t, true
	case "true":
		t.Kind = codec.TokenTrue
		return t, true
	case "false":
		t.Kind = codec.TokenFalse
		return t, true
	case "nan", "NaN", "NAN", "inf", "Inf", "INF", "infinity", "Infinity", "ovf",
		"-nan", "-NaN", "-NAN", "-inf", "-Inf", "-INF", "-infinity", "-Infinity", "-ovf":
		s.lenient = true
		t.Kind, t.Number = codec.TokenNumber, math.NaN()
		return t, true
	}
	return t, false
}

func (s *scanner) skipObject(depth int) bool {
	if depth >= maxDepth {
		return false
	}
	s.i++
	s.space()
	if s.take('}') {
		return true
	}
	for {
		if _, ok := s.key(); !ok {
			return false
		}
		if _, ok := s.value(depth + 1); !ok {
			return false
		}
		s.space()
		if s.take('}') {
			return true
		}
		if !s.take(',') {
			return false
		}
		s.space()
	}
}

// key reads `"key" :` and the space after it.
func (s *scanner) key() ([]byte, bool) {
	if s.peek() != '"' {
		return nil, false
	}
	key, ok := s.str()
	if !ok {
		return nil, false
	}
	s.space()
	ok = s.take(':')
	s.space()
	return key, ok
}

func (s *scanner) skipArray(depth int) bool {
	if depth >= maxDepth {
		return false
	}
	s.i++
	s.space()
	if s.take(']') {
		return true
	}
	for {
		if _, ok := s.value(depth + 1); !ok {
			return false
		}
		s.space()
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
		s.space()
	}
}

// str reads a string, the opening quote included. The text is in place if it contains no escape.
func (s *scanner) str() ([]byte, bool) {
	s.i++
	start := s.i
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return s.b[start : s.i-1], true
		case c == '\\':
			s.scratch = append(s.scratch[:0], s.b[start:s.i]...)
			return s.escaped()
		case c < ' ':
			return nil, false
		}
		s.i++
	}
	return nil, false
}

// escaped reads the rest of a string from its first backslash on.
func (s *scanner) escaped() ([]byte, bool) {
	for s.i < len(s.b) {
		c := s.b[s.i]
		s.i++
		switch {
		case c == '"':
			return s.scratch, true
		case c < ' ':
			return nil, false
		case c != '\\':
			s.scratch = append(s.scratch, c)
			continue
		}
		if s.i == len(s.b) {
			return nil, false
		}
		c = s.b[s.i]
		s.i++
		switch c {
		case '"', '\\', '/':
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r, ok := s.hex()
			if !ok {
				return nil, false
			}
			s.scratch = utf8.AppendRune(s.scratch, s.surrogate(r))
			continue
		default:
			return nil, false
		}
		s.scratch = append(s.scratch, c)
	}
	return nil, false
}

// surrogate joins r with the second half of its pair, if both are there. A half alone becomes U+FFFD.
func (s *scanner) surrogate(r rune) rune {
	if !utf16.IsSurrogate(r) {
		return r
	}
	back := s.i
	if s.take('\\') && s.take('u') {
		if second, ok := s.hex(); ok {
			if joined := utf16.DecodeRune(r, second); joined != utf8.RuneError {
				return joined
			}
		}
	}
	s.i = back
	return utf8.RuneError
}

// hex reads four hexadecimal digits.
func (s *scanner) hex() (rune, bool) {
	if s.i+4 > len(s.b) {
		return 0, false
	}
	var r rune
	for _, c := range s.b[s.i : s.i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	s.i += 4
	return r, true
}

// numeral reads a number. Few digits and small exponents, which are what boards send, are computed at once: see
// [codec.ExactPowers]. Everything else goes through strconv.
func (s *scanner) numeral() (codec.Token, bool) {
	start := s.i
	negative := s.take('-')
	if c := s.peek() | 0x20; negative && c >= 'a' && c <= 'z' {
		return s.word(start)
	}
	var mantissa uint64
	digits := s.i
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		mantissa = mantissa*10 + uint64(c-'0')
		s.i++
	}
	count := s.i - digits
	if count == 0 || count > 1 && s.b[digits] == '0' {
		return codec.Token{}, false
	}
	exponent := 0
	if s.take('.') {
		fraction := s.i
		for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
			mantissa = mantissa*10 + uint64(c-'0')
			s.i++
		}
		exponent = fraction - s.i
		if exponent == 0 {
			return codec.Token{}, false
		}
		count -= exponent
	}
	if s.peek()|0x20 == 'e' {
		e, ok := s.exponent()
		if !ok {
			return codec.Token{}, false
		}
		exponent += e
	}
	t := codec.Token{Kind: codec.TokenNumber, Text: s.b[start:s.i]}
	if count > 15 || exponent < -22 || exponent > 22 {
		// On a range error ParseFloat returns an infinity, as the caller expects.
		t.Number, _ = strconv.ParseFloat(unsafe.String(&t.Text[0], len(t.Text)), 64)
		return t, true
	}
	t.Number = float64(mantissa)
	if exponent < 0 {
		t.Number /= codec.ExactPowers[-exponent]
	} else {
		t.Number *= codec.ExactPowers[exponent]
	}
	if negative {
		t.Number = -t.Number
	}
	return t, true
}

// exponent reads e-12. It stops counting where the number is out of the range of a float64.
func (s *scanner) exponent() (int, bool) {
	s.i++
	negative := s.take('-')
	if !negative {
		s.take('+')
	}
	start, e := s.i, 0
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		if e < 1e6 {
			e = e*10 + int(c-'0')
		}
		s.i++
	}
	if negative {
		e = -e
	}
	return e, s.i > start
}
