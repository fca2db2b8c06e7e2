package devices

import (
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// maxDepth is how deep objects and arrays may be nested; a board has no use for more, and each costs stack.
const maxDepth = 32

type tokenKind uint8

const (
	tokenNull tokenKind = iota
	tokenTrue
	tokenFalse
	tokenNumber // also what C and Arduino print for floats that are none: nan, inf, ovf
	tokenString
	tokenObject // skipped as a whole
	tokenArray
)

// token is one JSON value.
type token struct {
	kind   tokenKind
	text   []byte  // as written; of a string its contents, of objects and arrays nothing. Valid until the next token.
	number float64 // NaN or an infinity if it is none that can be used
}

// scanner reads strict JSON (RFC 8259) from UTF-8 text, in place and without reflection. It is more lenient than
// the RFC in one thing only: boards print nan and inf where a sensor failed, and one failed sensor must not cost
// the readings of the others.
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

// peek gives the next byte, 0 at the end.
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
func (s *scanner) value(depth int) (token, bool) {
	start := s.i
	switch c := s.peek(); {
	case c == '"':
		text, ok := s.str()
		return token{kind: tokenString, text: text}, ok
	case c == '-' || c >= '0' && c <= '9':
		return s.numeral()
	case c == '{':
		return token{kind: tokenObject}, s.skipObject(depth)
	case c == '[':
		return token{kind: tokenArray}, s.skipArray(depth)
	}
	return s.word(start)
}

// word reads true, false, null, and the words for numbers that are none.
func (s *scanner) word(start int) (token, bool) {
	for s.i < len(s.b) && (s.b[s.i]|0x20 >= 'a' && s.b[s.i]|0x20 <= 'z') {
		s.i++
	}
	t := token{text: s.b[start:s.i]}
	switch string(t.text) {
	case "null":
		return t, true
	case "true":
		t.kind = tokenTrue
		return t, true
	case "false":
		t.kind = tokenFalse
		return t, true
	case "nan", "NaN", "NAN", "inf", "Inf", "INF", "infinity", "Infinity", "ovf",
		"-nan", "-NaN", "-NAN", "-inf", "-Inf", "-INF", "-infinity", "-Infinity", "-ovf":
		s.lenient = true
		t.kind, t.number = tokenNumber, math.NaN()
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

// key reads `"key" :` and the space behind it.
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

// str reads a string, the opening quote included. The text is in place if it holds no escape.
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

// exactPowers are the powers of ten that a float64 holds exactly.
var exactPowers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// numeral reads a number. What boards send (few digits, small exponents) is worked out on the way: a quotient or
// product of two exact numbers is correctly rounded (Clinger 1990). Everything else goes through strconv.
func (s *scanner) numeral() (token, bool) {
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
		return token{}, false
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
			return token{}, false
		}
		count -= exponent
	}
	if s.peek()|0x20 == 'e' {
		e, ok := s.exponent()
		if !ok {
			return token{}, false
		}
		exponent += e
	}
	t := token{kind: tokenNumber, text: s.b[start:s.i]}
	if count > 15 || exponent < -22 || exponent > 22 {
		// On a range error ParseFloat gives an infinity, which is what the caller is promised.
		t.number, _ = strconv.ParseFloat(unsafe.String(&t.text[0], len(t.text)), 64)
		return t, true
	}
	t.number = float64(mantissa)
	if exponent < 0 {
		t.number /= exactPowers[-exponent]
	} else {
		t.number *= exactPowers[exponent]
	}
	if negative {
		t.number = -t.number
	}
	return t, true
}

// exponent reads e-12. It stops counting where the number is beyond every float64.
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
