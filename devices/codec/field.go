package codec

import (
	"math"
	"strconv"
	"unicode/utf8"

	"minirelay/devices/mapping"
	"minirelay/relay"
)

// WireField is a compiled [mapping.FieldConfig]: it makes a reading of a [Token]. It serves one goroutine.
type WireField struct {
	ID            string
	suffix        []byte // of a number, in lines of text
	hex           bool   // a number has hexadecimal digits there
	Kind          relay.Type
	scale, offset float64
	plausible     relay.Range
	Words         []WireWord // of a bool or an enum: the forms of its values on the wire
	last          relay.Value
}

// WireWord is the form of one value of a bool or an enum on the wire.
type WireWord struct {
	Text    string    // as a string
	Quoted  bool      // the string Text represents it
	Number  float64   // the number that represents it; NaN: none
	literal TokenKind // TokenTrue or TokenFalse if that represents it
	Value   relay.Value
}

// NewWireField compiles the config of a field.
func NewWireField(f mapping.FieldConfig) WireField {
	return WireField{ID: f.ID, suffix: []byte(f.Suffix), hex: f.Base == 16, Kind: f.Type, scale: f.Scale, offset: f.Offset,
		plausible: relay.Range{Min: f.Min, Max: f.Max}, Words: fieldWords(f)}
}

// fieldWords lists the forms of a bool or an enum on the wire. A bool without a map of values is true or false, 1 or 0;
// an enum without one is the option itself.
func fieldWords(f mapping.FieldConfig) []WireWord {
	var words []WireWord
	switch f.Type {
	case relay.TypeBool:
		if f.Values == nil {
			return []WireWord{
				{Number: 0, literal: TokenFalse, Value: relay.BoolValue(false)},
				{Number: 1, literal: TokenTrue, Value: relay.BoolValue(true)},
			}
		}
		for _, b := range []bool{false, true} {
			words = append(words, NewWord(f.Values[strconv.FormatBool(b)], relay.BoolValue(b)))
		}
	case relay.TypeEnum:
		for _, o := range mapping.EnumOptions(f.Options, f.Values) {
			words = append(words, NewWord(mapping.WireText(f.Values, o.Value), relay.TextValue(o.Value)))
		}
	}
	return words
}

// NewWord returns the word by which text represents v: as a string and, if it is a number, true or false, also without
// quotes.
func NewWord(text string, v relay.Value) WireWord {
	w := WireWord{Text: text, Quoted: true, Number: math.NaN(), Value: v}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		w.Number = n
	}
	switch text {
	case "true":
		w.literal = TokenTrue
	case "false":
		w.literal = TokenFalse
	}
	return w
}

// Read returns the field's value for t, scaled, in the unit of the field. good is false, and v null, if t is implausible
// or of another type.
func (f *WireField) Read(t Token) (v relay.Value, good bool) {
	if t.Kind == TokenNull {
		return v, true
	}
	switch f.Kind {
	case relay.TypeNumber:
		n := f.scaled(t.Number)
		// NaN lies in no range.
		if t.Kind != TokenNumber || math.IsInf(n, 0) || !f.plausible.Holds(n) {
			return v, false
		}
		return relay.NumberValue(n), true
	case relay.TypeText:
		if t.Kind != TokenString || !utf8.Valid(t.Text) {
			return v, false
		}
		if f.last.IsNull() || f.last.Text() != string(t.Text) {
			f.last = relay.TextValue(string(t.Text)) // kept, so that an unchanged text costs no memory
		}
		return f.last, true
	}
	for i := range f.Words {
		if f.Words[i].Is(t) {
			return f.Words[i].Value, true
		}
	}
	return v, false
}

// scaled returns the value for a raw number. It rounds to fifteen significant digits of its larger part, which removes
// the error of binary fractions: 528 × 0.1 is 52.8, not 52.800000000000004.
func (f *WireField) scaled(raw float64) float64 {
	n := raw*f.scale + f.offset
	if f.scale == 1 && f.offset == 0 {
		return n
	}
	size := math.Ceil(math.Log10(max(math.Abs(raw*f.scale), math.Abs(f.offset))))
	if !(size > -8 && size < 15) { // also if it is not a number
		return n
	}
	var digits [40]byte
	n, _ = strconv.ParseFloat(string(strconv.AppendFloat(digits[:0], n, 'f', 15-int(size), 64)), 64)
	return n + 0 // not minus zero
}

// Legible says whether t is of the field's type, however implausible, or null.
func (f *WireField) Legible(t Token) bool {
	switch {
	case t.Kind == TokenNull:
		return true
	case f.Kind == relay.TypeNumber:
		return t.Kind == TokenNumber
	case f.Kind == relay.TypeText:
		return t.Kind == TokenString
	}
	for i := range f.Words {
		if f.Words[i].Is(t) {
			return true
		}
	}
	return false
}

// Is says whether t represents w. Numbers are compared by value: 1.0 is 1.
func (w *WireWord) Is(t Token) bool {
	switch t.Kind {
	case TokenString:
		return w.Quoted && w.Text == string(t.Text)
	case TokenNumber:
		return w.Number == t.Number
	case TokenTrue, TokenFalse:
		return w.literal == t.Kind
	}
	return false
}

// Fault is a value that is not a valid reading.
type Fault struct {
	Field int   // index
	Value Token // valid as long as the frame
	Twice bool  // the field occurs in the frame more than once
}
