package codec

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"minirelay/relay"
)

// Explain returns a sentence for a person about what is wrong with a value.
func (f *WireField) Explain(x Fault) string {
	value := x.Value.String()
	switch {
	case x.Twice:
		return "it occurs twice"
	case f.Kind == relay.TypeNumber && x.Value.Kind == TokenString && !bytes.HasSuffix(x.Value.Text, f.suffix):
		return fmt.Sprintf("%s does not end in %q", value, f.suffix)
	case f.Kind == relay.TypeNumber && x.Value.Kind != TokenNumber:
		return value + " is not a number"
	case f.Kind == relay.TypeNumber:
		return f.explainRange(value, f.scaled(x.Value.Number))
	case f.Kind == relay.TypeText && x.Value.Kind == TokenString:
		return value + " is not UTF-8: write encoding = \"gbk\" or \"latin1\" in the device if it is one of these"
	case f.Kind == relay.TypeText:
		return value + " is not a text"
	}
	var words []string
	for _, w := range f.Words {
		words = append(words, w.String())
	}
	return value + " is not one of " + strings.Join(words, ", ")
}

func (f *WireField) explainRange(value string, n float64) string {
	switch {
	case n < f.plausible.Min:
		return fmt.Sprintf("%v is less than its min = %v", relay.NumberValue(n), relay.NumberValue(f.plausible.Min))
	case n > f.plausible.Max:
		return fmt.Sprintf("%v is greater than its max = %v", relay.NumberValue(n), relay.NumberValue(f.plausible.Max))
	}
	return value + " is not a usable number"
}

// String is the word as people read it.
func (w *WireWord) String() string {
	switch {
	case w.Quoted:
		return strconv.Quote(w.Text)
	case w.literal == TokenTrue:
		return "true or 1"
	}
	return "false or 0"
}

// String is the token as people read it, shortened.
func (t Token) String() string {
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

// quotedAtMost bounds what is quoted of a frame, in bytes.
const quotedAtMost = 40

func quoteShort(text []byte) string { return strconv.Quote(short(text)) }

func short(text []byte) string {
	if len(text) <= quotedAtMost {
		return string(text)
	}
	end := quotedAtMost
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return string(text[:end]) + "…"
}

// UnexpectedAt says, to a person, what is wrong with text at byte i, counted from 0.
func UnexpectedAt(text []byte, i int) string {
	if i >= len(text) {
		return "it ends too early"
	}
	r, _ := utf8.DecodeRune(text[i:])
	return fmt.Sprintf("unexpected %q at byte %d", r, i+1)
}
