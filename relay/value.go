package relay

import (
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// Kind is the kind of a [Value].
type Kind uint8

// The kinds of a Value. The zero Value is Null: "no good reading".
const (
	Null Kind = iota
	Number
	Bool
	Text
)

// Value is one decoded value: a number, a truth value, a text, or null. A value of an enumeration is a text. The zero
// Value is null. A Value is passed by copy and is never NaN or an infinity.
type Value struct {
	kind   Kind
	number float64
	text   string
}

// NumberValue makes a number of f. NaN and infinities become null: they cannot be readings.
func NumberValue(f float64) Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Value{}
	}
	return Value{kind: Number, number: f}
}

// BoolValue makes a truth value.
func BoolValue(b bool) Value {
	v := Value{kind: Bool}
	if b {
		v.number = 1
	}
	return v
}

// TextValue makes a text.
func TextValue(s string) Value { return Value{kind: Text, text: s} }

// Kind is the kind of v.
func (v Value) Kind() Kind { return v.kind }

// IsNull reports whether v is null.
func (v Value) IsNull() bool { return v.kind == Null }

// Number is the number in v; 0 if v is not a number.
func (v Value) Number() float64 {
	if v.kind != Number {
		return 0
	}
	return v.number
}

// Bool is the truth value in v; false if v is not one.
func (v Value) Bool() bool { return v.kind == Bool && v.number == 1 }

// Text is the text in v; "" if v is not a text.
func (v Value) Text() string { return v.text }

// Matches reports whether the reading v confirms the requested value want. Numbers may differ by tolerance.
func (v Value) Matches(want Value, tolerance float64) bool {
	if v.kind == Number && want.kind == Number {
		return math.Abs(v.number-want.number) <= tolerance
	}
	return v == want
}

// AppendText appends v as people write it: 21.5, true, auto. Null appends nothing. With decimals < 0 a number gets as
// many digits as it needs.
func (v Value) AppendText(b []byte, decimals int) []byte {
	switch v.kind {
	case Number:
		return appendNumber(b, v.number, decimals)
	case Bool:
		return strconv.AppendBool(b, v.Bool())
	case Text:
		return append(b, v.text...)
	}
	return b
}

// AppendJSON appends v as JSON, without reflection, because every reading passes through here. With decimals < 0 a
// number gets as many digits as it needs.
func (v Value) AppendJSON(b []byte, decimals int) []byte {
	switch v.kind {
	case Number:
		return appendNumber(b, v.number, decimals)
	case Bool:
		return strconv.AppendBool(b, v.Bool())
	case Text:
		return AppendJSONString(b, v.text)
	}
	return append(b, "null"...)
}

// String shows v in logs and messages.
func (v Value) String() string {
	if v.kind == Null {
		return "null"
	}
	return string(v.AppendText(nil, -1))
}

var powersOfTen = [...]float64{1, 10, 100, 1e3, 1e4, 1e5, 1e6}

func appendNumber(b []byte, f float64, decimals int) []byte {
	if decimals >= 0 && decimals < len(powersOfTen) && math.Abs(f) < 1e9 {
		// Rounding here and not with format 'f' drops trailing zeros: 21.50 is 21.5 in JSON.
		scaled := math.RoundToEven(f * powersOfTen[decimals])
		if scaled == 0 {
			return append(b, '0') // never -0
		}
		f = scaled / powersOfTen[decimals]
	}
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.AppendInt(b, int64(f), 10)
	}
	format := byte('f')
	if abs := math.Abs(f); abs < 1e-6 || abs >= 1e21 {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, 64)
}

const hexDigits = "0123456789abcdef"

// AppendJSONString appends s as a JSON string. Invalid UTF-8 becomes U+FFFD: RFC 8259, section 8.1, requires UTF-8, and
// MQTT clients in browsers accept nothing else.
func AppendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[start:i]...), `\ufffd`...)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

// Type is the type of a field or a command, as the model shows it to clients.
type Type string

// The types of the contract. TypeNone is for commands without a value.
const (
	TypeNumber Type = "number"
	TypeBool   Type = "bool"
	TypeEnum   Type = "enum"
	TypeText   Type = "text"
	TypeNone   Type = "none"
)

// UnmarshalText rejects an unknown type, so that a typo is found when the file is read.
func (t *Type) UnmarshalText(text []byte) error {
	switch v := Type(text); v {
	case TypeNumber, TypeBool, TypeEnum, TypeText, TypeNone:
		*t = v
		return nil
	}
	return fmt.Errorf("no such type %q", text)
}
