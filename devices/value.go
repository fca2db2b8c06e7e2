package devices

import (
	"math"
	"strconv"

	"minirelay/devices/mapping"

	"minirelay/relay"
)

// wireField is what codecs that read tokens need to know of a field.
type wireField struct {
	id            string
	suffix        []byte // of a number, in lines of text
	kind          relay.Type
	scale, offset float64
	plausible     relay.Range
	words         []wireWord // bool and enum: what may stand on the wire
	last          relay.Value
}

// wireWord is one value of a bool or enum as it stands on the wire.
type wireWord struct {
	text    string    // in quotes
	quoted  bool      // text may stand for it
	number  float64   // NaN if no number stands for it
	literal tokenKind // tokenTrue, tokenFalse, or anything else if neither stands for it
	value   relay.Value
}

func newWireField(f mapping.FieldConfig) wireField {
	return wireField{id: f.ID, suffix: []byte(f.Suffix), kind: f.Type, scale: f.Scale, offset: f.Offset,
		plausible: relay.Range{Min: f.Min, Max: f.Max}, words: fieldWords(f)}
}

// fieldWords lists what may stand on the wire for a bool or an enum. A bool without a map of values is true or
// false, 1 or 0; an enum without one is the option itself.
func fieldWords(f mapping.FieldConfig) []wireWord {
	var words []wireWord
	switch f.Type {
	case relay.TypeBool:
		if f.Values == nil {
			return []wireWord{
				{number: 0, literal: tokenFalse, value: relay.BoolValue(false)},
				{number: 1, literal: tokenTrue, value: relay.BoolValue(true)},
			}
		}
		for _, b := range []bool{false, true} {
			words = append(words, newWord(f.Values[strconv.FormatBool(b)], relay.BoolValue(b)))
		}
	case relay.TypeEnum:
		for _, o := range mapping.EnumOptions(f.Options, f.Values) {
			words = append(words, newWord(mapping.WireText(f.Values, o.Value), relay.TextValue(o.Value)))
		}
	}
	return words
}

// newWord lets text stand for v, in quotes or, if it is a number, true or false, without.
func newWord(text string, v relay.Value) wireWord {
	w := wireWord{text: text, quoted: true, number: math.NaN(), value: v}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		w.number = n
	}
	switch text {
	case "true":
		w.literal = tokenTrue
	case "false":
		w.literal = tokenFalse
	}
	return w
}

// read gives the field's value for t. A value that is not good is null.
func (f *wireField) read(t token) (v relay.Value, good bool) {
	if t.kind == tokenNull {
		return v, true
	}
	switch f.kind {
	case relay.TypeNumber:
		n := f.scaled(t.number)
		// NaN lies in no range.
		if t.kind != tokenNumber || math.IsInf(n, 0) || !f.plausible.Holds(n) {
			return v, false
		}
		return relay.NumberValue(n), true
	case relay.TypeText:
		if t.kind != tokenString {
			return v, false
		}
		if f.last.IsNull() || f.last.Text() != string(t.text) {
			f.last = relay.TextValue(string(t.text)) // kept, so that a text that stays costs no memory each time
		}
		return f.last, true
	}
	for i := range f.words {
		if f.words[i].is(t) {
			return f.words[i].value, true
		}
	}
	return v, false
}

// scaled gives the value for a raw number. Fifteen significant digits of what it is made of drop what binary fractions
// add: 528 × 0.1 is 52.8, not 52.800000000000004.
func (f *wireField) scaled(raw float64) float64 {
	n := raw*f.scale + f.offset
	if f.scale == 1 && f.offset == 0 {
		return n
	}
	size := math.Ceil(math.Log10(max(math.Abs(raw*f.scale), math.Abs(f.offset))))
	if !(size > -8 && size < 15) { // nor if it is no number
		return n
	}
	var digits [40]byte
	n, _ = strconv.ParseFloat(string(strconv.AppendFloat(digits[:0], n, 'f', 15-int(size), 64)), 64)
	return n + 0 // and no minus zero
}

// legible says whether t is of the field's type, however implausible, or says that there is no value.
func (f *wireField) legible(t token) bool {
	switch {
	case t.kind == tokenNull:
		return true
	case f.kind == relay.TypeNumber:
		return t.kind == tokenNumber
	case f.kind == relay.TypeText:
		return t.kind == tokenString
	}
	for i := range f.words {
		if f.words[i].is(t) {
			return true
		}
	}
	return false
}

// is says whether t stands for w. A number counts by its value: 1.0 is 1.
func (w *wireWord) is(t token) bool {
	switch t.kind {
	case tokenString:
		return w.quoted && w.text == string(t.text)
	case tokenNumber:
		return w.number == t.number
	case tokenTrue, tokenFalse:
		return w.literal == t.kind
	}
	return false
}
