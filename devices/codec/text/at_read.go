package text

import (
	"bytes"
	"fmt"
	"regexp"
	"unicode"
	"unicode/utf8"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// atField finds the value of a field in a line of an answer.
type atField struct {
	answer *regexp.Regexp // nil: the whole line, or one of its columns
	group  int            // of answer
	column int            // from 0; -1: the whole line
}

func newATField(f mapping.FieldConfig) atField {
	field := atField{answer: expressionOf(f.Answer), column: f.Column - 1}
	if field.answer != nil {
		field.group = max(field.answer.SubexpIndex("value"), min(1, field.answer.NumSubexp()))
	}
	return field
}

// in returns the text of the value in a line; ok is false if the line cannot contain it.
func (f *atField) in(line []byte, separator byte) (text []byte, ok bool) {
	if f.answer != nil {
		at := f.answer.FindSubmatchIndex(line)
		if at == nil || at[2*f.group] < 0 {
			return nil, false
		}
		return line[at[2*f.group]:at[2*f.group+1]], true
	}
	if f.column < 0 {
		return unquoted(line), true
	}
	for range f.column {
		i := bytes.IndexByte(line, separator)
		if i < 0 {
			return nil, false
		}
		line = line[i+1:]
	}
	if i := bytes.IndexByte(line, separator); i >= 0 {
		line = line[:i]
	}
	return unquoted(line), true
}

// unquoted removes the quotes around a text.
func unquoted(text []byte) []byte {
	text = bytes.TrimSpace(text)
	if n := len(text); n >= 2 && text[0] == '"' && text[n-1] == '"' {
		return text[1 : n-1]
	}
	return text
}

// read looks for the values of fields in an answer. Where an answer is one line, it is the first one in which any of
// the fields can be read: unsolicited lines are skipped.
func (a *atPoller) read(q *codec.Query, of []int, got []byte, quiet bool) (codec.Response, codec.Verdict) {
	lines, r, v := a.lines(q, got, quiet)
	switch {
	case v == codec.NoAnswer && a.until != nil:
		return r, v
	case v == codec.Refused:
		r.Readings = a.nulls(of)
		return r, v
	case a.until == nil:
		for i := range lines {
			if a.values(of, lines[i:i+1]) {
				return a.result()
			}
		}
		if line := legible(lines); quiet && a.config.Silence == 0 && line != nil {
			// A balance that is overloaded says so in the place of the weight: the last one no longer holds.
			return codec.Response{Readings: a.nulls(of), Refusal: fmt.Sprintf("the answer %q contains no value", codec.ForPeople(string(line))),
				Hint: "check answer; what the device says instead of a value belongs in error"}, codec.Refused
		}
		return codec.Response{}, codec.NoAnswer
	}
	if !a.values(of, lines) {
		a.nulls(of)
		a.tap.Because("no line of the answer contains it")
	}
	return a.result()
}

// nulls makes the fields null.
func (a *atPoller) nulls(of []int) []relay.Reading {
	a.begin()
	for _, i := range of {
		a.Set(i, codec.Token{Kind: codec.TokenNull})
	}
	readings, _ := a.end()
	return readings
}

// legible returns the first line that is text and not noise; nil: none.
func legible(lines [][]byte) []byte {
	for _, line := range lines {
		if utf8.Valid(line) && bytes.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) && r != '\t' }) < 0 {
			return line
		}
	}
	return nil
}

func (a *atPoller) result() (codec.Response, codec.Verdict) {
	readings, _ := a.end()
	return codec.Response{Readings: readings}, codec.Fits
}

// values sets the fields from the lines. It returns false if none can be read.
func (a *atPoller) values(of []int, lines [][]byte) bool {
	a.begin()
	found := false
	for _, i := range of {
		t, ok := a.value(i, lines)
		found = found || ok
		a.Set(i, t)
	}
	return found
}

// value is the token of a field in the first line in which it can be read, otherwise what is in its place.
func (a *atPoller) value(i int, lines [][]byte) (t codec.Token, ok bool) {
	field, wire := &a.fields[i], a.Field(i)
	instead := codec.Token{Kind: codec.TokenNull}
	for _, line := range lines {
		text, ok := field.in(line, a.separator)
		if !ok {
			continue
		}
		t := a.Token(i, text)
		if field.answer != nil || wire.Legible(t) {
			return t, true
		}
		instead = t
	}
	return instead, false
}

// Write returns the query of a command. It is done when a line matches expect, or without expect when the answer is
// complete. A command without expect, to a device whose answers have no last line, has no answer.
func (a *atPoller) Write(c *codec.Command, v relay.Value) (*codec.Query, error) {
	text, err := c.Wire(v)
	if err != nil {
		return nil, err
	}
	a.seq = a.seq%codec.MaxSeq + 1
	seq := a.seq
	q := a.query("", mapping.FieldConfig{})
	q.Name, q.Timeout = "command "+c.ID, c.Timeout
	q.Request = c.Append(nil, text, seq)
	if n := len(q.Request); n > 0 && q.Request[n-1] != '\n' && q.Request[n-1] != '\r' {
		q.Request = append(q.Request, a.config.LineEnd...)
	}
	a.remember(q.Request)
	q.Nobody = c.Yes == nil && a.until == nil
	q.Answer = func(got []byte, quiet bool) (codec.Response, codec.Verdict) {
		return a.acknowledged(q, c, seq, text, got, quiet)
	}
	return q, nil
}

// acknowledged looks for the answer to a command. Where answers have a last line, it waits for that line too, which would
// otherwise end the answer to the next request.
func (a *atPoller) acknowledged(q *codec.Query, c *codec.Command, seq int, text string, got []byte, quiet bool) (codec.Response, codec.Verdict) {
	lines, r, v := a.lines(q, got, quiet)
	done := c.Yes == nil
	for _, line := range lines {
		if no, message := codec.Matching(c.No, line, seq, text); no == codec.Fits {
			if message == "" {
				message = "the hardware refused it"
			}
			return codec.Response{Refusal: message}, codec.Refused
		}
		if yes, _ := codec.Matching(c.Yes, line, seq, text); yes == codec.Fits {
			done = true
		}
	}
	switch {
	case v == codec.Refused:
		return r, v
	case !done:
		return codec.Response{}, codec.NoAnswer
	case v == codec.Fits || a.until == nil || quiet && c.Yes != nil:
		return codec.Response{}, codec.Fits
	}
	return codec.Response{}, codec.NoAnswer
}
