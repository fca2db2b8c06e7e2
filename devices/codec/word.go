package codec

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"minirelay/relay"
)

// Token makes a token of a bare value in a line of text, by the type of the field. What is not of that type becomes a
// string, which is not a valid reading of a number. comma says that numbers have a decimal comma.
func (f *WireField) Token(text []byte, comma bool) Token {
	if f.Kind == relay.TypeText {
		return Token{Kind: TokenString, Text: text}
	}
	bare := text
	if f.Kind == relay.TypeNumber {
		var suffixed bool
		bare, suffixed = bytes.CutSuffix(text, f.suffix)
		bare = bytes.TrimSpace(bare)
		if n, ok := f.number(bare, comma); ok && suffixed {
			return Token{Kind: TokenNumber, Text: text, Number: n}
		}
	} else if t, ok := f.knownWord(text, comma); ok {
		return t
	}
	if isNoValue(bare) {
		return Token{Kind: TokenNull, Text: text}
	}
	return Token{Kind: TokenString, Text: text}
}

// number reads a number in the base of the field.
func (f *WireField) number(text []byte, comma bool) (float64, bool) {
	if f.hex {
		return ParseHex(text)
	}
	return ParseNumber(text, comma)
}

// ParseHex reads a number in hexadecimal digits, up to 13 of them, so that it is exact; with or without 0x before it. ok is
// false for anything else.
func ParseHex(text []byte) (n float64, ok bool) {
	if len(text) > 2 && text[0] == '0' && text[1]|0x20 == 'x' {
		text = text[2:]
	}
	for _, c := range text {
		digit, ok := HexDigit(c)
		if !ok {
			return 0, false
		}
		n = n*16 + float64(digit)
	}
	return n, len(text) > 0 && len(text) <= 13
}

// knownWord makes a token of text if it represents a value of a bool or an enum: as a string, as a literal, or as a
// number.
func (f *WireField) knownWord(text []byte, comma bool) (Token, bool) {
	tries := [3]Token{{Kind: TokenString, Text: text}}
	n := 1
	switch string(text) {
	case "true", "True", "TRUE":
		tries[1] = Token{Kind: TokenTrue, Text: text}
		n = 2
	case "false", "False", "FALSE":
		tries[1] = Token{Kind: TokenFalse, Text: text}
		n = 2
	}
	if number, ok := ParseNumber(text, comma); ok {
		tries[n] = Token{Kind: TokenNumber, Text: text, Number: number}
		n++
	}
	for _, t := range tries[:n] {
		for i := range f.Words {
			if f.Words[i].Is(t) {
				return t, true
			}
		}
	}
	return Token{}, false
}

// isNoValue says whether boards send text where they have no value: nothing, dashes, or a word for it.
func isNoValue(text []byte) bool {
	if len(bytes.Trim(text, "-")) == 0 {
		return true
	}
	for _, word := range [...]string{"nan", "null", "none", "n/a", "na", "inf", "+inf", "-inf", "-nan", "ovf"} {
		if len(text) == len(word) && bytes.EqualFold(text, []byte(word)) {
			return true
		}
	}
	return false
}

// ParseNumber reads a number as boards print it: +021.50, -  1.5, .5, 5., 1e-3; with a decimal comma 21,5. It reads neither
// separators between thousands nor hexadecimal numbers, not even those that look like an exponent. ok is false for anything else and for what overflows.
func ParseNumber(text []byte, comma bool) (n float64, ok bool) {
	point := byte('.')
	if comma {
		point = ','
	}
	i := 0
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		for i++; i < len(text)-1 && text[i] == ' '; i++ { // balances put the sign before the blanks that fill the digits
		}
	}
	var mantissa uint64
	digits, fraction, exponent, pointed := 0, 0, 0, false
	for ; i < len(text); i++ {
		c := text[i]
		switch {
		case c >= '0' && c <= '9':
			mantissa = mantissa*10 + uint64(c-'0')
			digits++
			if pointed {
				fraction++
			}
			continue
		case c == point && !pointed:
			pointed = true
			continue
		}
		break
	}
	if digits == 0 {
		return 0, false
	}
	if i < len(text) {
		e, ok := parseExponent(text[i:])
		signed := i+1 < len(text) && (text[i+1] == '-' || text[i+1] == '+')
		if !ok || !pointed && !signed && digits > 1 {
			return 0, false // 00e1 and 12e5 may be hexadecimal: what boards print with an exponent has a point, or a sign in it
		}
		exponent = e
	}
	exponent -= fraction
	if digits > 15 || exponent < -22 || exponent > 22 {
		return parseLongNumber(text)
	}
	n = float64(mantissa)
	if exponent < 0 {
		n /= ExactPowers[-exponent] // correctly rounded: see ExactPowers
	} else {
		n *= ExactPowers[exponent]
	}
	if text[0] == '-' {
		n = -n
	}
	return n, true
}

// parseExponent reads e-12. It stops counting where the number is out of the range of a float64.
func parseExponent(text []byte) (e int, ok bool) {
	if text[0]|0x20 != 'e' || len(text) < 2 {
		return 0, false
	}
	digits := text[1:]
	if digits[0] == '-' || digits[0] == '+' {
		digits = digits[1:]
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		if e < 1e6 {
			e = e*10 + int(c-'0')
		}
	}
	if text[1] == '-' {
		e = -e
	}
	return e, len(digits) > 0
}

// parseLongNumber reads a number that is not a product or quotient of two exact numbers.
func parseLongNumber(text []byte) (float64, bool) {
	n, _ := strconv.ParseFloat(strings.ReplaceAll(string(bytes.Replace(text, []byte(","), []byte("."), 1)), " ", ""), 64)
	if math.IsInf(n, 0) {
		return 0, false
	}
	return n, true
}
