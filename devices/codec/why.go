package codec

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"minirelay/relay"
)

// Fault says what is wrong with a value.
func (f *WireField) Fault(x Fault) string {
	said := x.Value.said()
	switch {
	case x.Twice:
		return "it stands there twice"
	case f.Kind == relay.TypeNumber && x.Value.Kind == TokenString && !bytes.HasSuffix(x.Value.Text, f.suffix):
		return fmt.Sprintf("%s does not end in %q", said, f.suffix)
	case f.Kind == relay.TypeNumber && x.Value.Kind != TokenNumber:
		return said + " is no number"
	case f.Kind == relay.TypeNumber:
		return f.outOfRange(said, f.scaled(x.Value.Number))
	case f.Kind == relay.TypeText:
		return said + " is no text"
	}
	var words []string
	for _, w := range f.Words {
		words = append(words, w.said())
	}
	return said + " is none of " + strings.Join(words, ", ")
}

func (f *WireField) outOfRange(said string, n float64) string {
	switch {
	case n < f.plausible.Min:
		return fmt.Sprintf("%v is less than its min of %v", relay.NumberValue(n), relay.NumberValue(f.plausible.Min))
	case n > f.plausible.Max:
		return fmt.Sprintf("%v is more than its max of %v", relay.NumberValue(n), relay.NumberValue(f.plausible.Max))
	}
	return said + " is no number that a sensor can mean"
}

// said is what may stand on the wire.
func (w *WireWord) said() string {
	switch {
	case w.Quoted:
		return strconv.Quote(w.Text)
	case w.literal == TokenTrue:
		return "true or 1"
	}
	return "false or 0"
}

// said is a token as people read it.
func (t Token) said() string {
	switch t.Kind {
	case TokenNull:
		return "null"
	case TokenTrue:
		return "true"
	case TokenFalse:
		return "false"
	case TokenObject:
		return "an object"
	case TokenArray:
		return "an array"
	case TokenString:
		return quoteShort(t.Text)
	}
	return short(t.Text)
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

// UnexpectedAt says where a text stops to be what it should be.
func UnexpectedAt(text []byte, i int) string {
	if i >= len(text) {
		return "it ends too early"
	}
	r, _ := utf8.DecodeRune(text[i:])
	return fmt.Sprintf("unexpected %q at byte %d", r, i+1)
}
