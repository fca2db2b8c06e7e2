package devices

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"minirelay/relay"
)

// fault says what is wrong with a value.
func (f *wireField) fault(x fault) string {
	said := x.value.said()
	switch {
	case x.twice:
		return "it stands there twice"
	case f.kind == relay.TypeNumber && x.value.kind == tokenString && !bytes.HasSuffix(x.value.text, f.suffix):
		return fmt.Sprintf("%s does not end in %q", said, f.suffix)
	case f.kind == relay.TypeNumber && x.value.kind != tokenNumber:
		return said + " is no number"
	case f.kind == relay.TypeNumber:
		return f.outOfRange(said, f.scaled(x.value.number))
	case f.kind == relay.TypeText:
		return said + " is no text"
	}
	var words []string
	for _, w := range f.words {
		words = append(words, w.said())
	}
	return said + " is none of " + strings.Join(words, ", ")
}

func (f *wireField) outOfRange(said string, n float64) string {
	switch {
	case n < f.plausible.Min:
		return fmt.Sprintf("%v is less than its min of %v", relay.NumberValue(n), relay.NumberValue(f.plausible.Min))
	case n > f.plausible.Max:
		return fmt.Sprintf("%v is more than its max of %v", relay.NumberValue(n), relay.NumberValue(f.plausible.Max))
	}
	return said + " is no number that a sensor can mean"
}

// said is what may stand on the wire.
func (w *wireWord) said() string {
	switch {
	case w.quoted:
		return strconv.Quote(w.text)
	case w.literal == tokenTrue:
		return "true or 1"
	}
	return "false or 0"
}

// said is a token as people read it.
func (t token) said() string {
	switch t.kind {
	case tokenNull:
		return "null"
	case tokenTrue:
		return "true"
	case tokenFalse:
		return "false"
	case tokenObject:
		return "an object"
	case tokenArray:
		return "an array"
	case tokenString:
		return quoteShort(t.text)
	}
	return short(t.text)
}

// saidAtMost bounds what is repeated of a frame.
const saidAtMost = 40

func quoteShort(text []byte) string { return strconv.Quote(short(text)) }

func short(text []byte) string {
	if len(text) <= saidAtMost {
		return string(text)
	}
	end := saidAtMost
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return string(text[:end]) + "…"
}

// unexpectedAt says where a text stops to be what it should be.
func unexpectedAt(text []byte, i int) string {
	if i >= len(text) {
		return "it ends too early"
	}
	r, _ := utf8.DecodeRune(text[i:])
	return fmt.Sprintf("unexpected %q at byte %d", r, i+1)
}
