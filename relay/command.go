package relay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxID is the longest command id, in characters.
const maxID = 64

// request is a command as a client wrote it.
type request struct {
	id      string // "" if it carries none
	command string
	value   json.RawMessage // nil if absent or null
	expires int64           // Unix milliseconds; 0: none
}

// parseRequest reads {"id":…,"command":…,"value":…,"expires":…}. Keys are case-sensitive, and a duplicate key is
// refused, because the intended value would be ambiguous. Unknown keys are ignored, for clients that are newer than
// this gateway. Valid parts are kept even if another part is invalid, so that the answer can carry the id.
func parseRequest(payload []byte) (request, error) {
	var q request
	dec := json.NewDecoder(bytes.NewReader(payload))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return q, errors.New("a command is a JSON object")
	}
	seen := map[string]bool{}
	var first error
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return q, errors.New("the command is not valid JSON")
		}
		key, _ := t.(string)
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return q, errors.New("the command is not valid JSON")
		}
		if err := q.set(key, raw, seen); err != nil && first == nil {
			first = err
		}
	}
	if _, err := dec.Token(); err != nil {
		return q, errors.New("the command is not valid JSON")
	}
	if _, err := dec.Token(); err != io.EOF {
		return q, errors.New("there is extra text after the command")
	}
	if first == nil && !utf8.Valid(payload) {
		first = errors.New("the command is not UTF-8 text")
	}
	return q, first
}

func (q *request) set(key string, raw json.RawMessage, seen map[string]bool) error {
	switch key {
	case "id", "command", "value", "expires":
	default:
		return nil
	}
	if seen[key] {
		return fmt.Errorf("the key %q occurs twice", key)
	}
	seen[key] = true
	null := string(raw) == "null"
	switch key {
	case "id":
		var id string
		if null || json.Unmarshal(raw, &id) != nil {
			return errors.New("the id is not a text")
		}
		if n := utf8.RuneCountInString(id); n == 0 || n > maxID {
			return fmt.Errorf("the id has %d characters; 1 to %d are allowed", n, maxID)
		}
		// Invalid UTF-8 was replaced on reading. The client would not recognise its own id in the answer.
		if strings.ContainsRune(id, utf8.RuneError) {
			return errors.New("the id is not valid text")
		}
		q.id = id
	case "command":
		if null || json.Unmarshal(raw, &q.command) != nil {
			return errors.New("the command's name is not a text")
		}
	case "value":
		if !null {
			q.value = raw
		}
	case "expires":
		if null {
			return nil
		}
		ms, err := strconv.ParseFloat(string(raw), 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return errors.New("expires is a time in Unix milliseconds")
		}
		// Anything before 1970 is as late as 1970, and 285,000 years are as good as for ever.
		q.expires = int64(min(max(ms, 1), 1<<53))
	}
	return nil
}

// parse checks a JSON value against the command and returns it as an absolute Value.
func (c *Command) parse(raw json.RawMessage) (Value, *Outcome) {
	if c.Type == TypeNone {
		if raw != nil {
			return bad("this command takes no value")
		}
		return Value{}, nil
	}
	if raw == nil {
		return bad("the value is missing")
	}
	switch c.Type {
	case TypeNumber:
		if raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
			return bad("the value must be a number")
		}
		return c.parseNumber(string(raw))
	case TypeBool:
		switch string(raw) {
		case "true":
			return BoolValue(true), nil
		case "false":
			return BoolValue(false), nil
		}
		return bad("the value must be true or false")
	}
	var text string
	if raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		return bad("the value must be a text")
	}
	return c.parseText(text)
}

// parseBare checks a value as users' own topics carry it: 1, on, 21.5, auto.
func (c *Command) parseBare(payload []byte) (Value, *Outcome) {
	if !utf8.Valid(payload) {
		return bad("the value is not UTF-8 text")
	}
	s := strings.TrimSpace(string(payload))
	switch c.Type {
	case TypeNone:
		switch strings.ToLower(s) {
		case "false", "0", "off":
			return bad("this command takes no value; send 1 or any word to execute it") // the other half of a switch widget
		}
		return Value{}, nil
	case TypeNumber:
		if strings.ContainsAny(s, "_xX") {
			return bad("the value must be a number") // 1_0 and 0x1p3 are numbers only in Go
		}
		return c.parseNumber(s)
	case TypeBool:
		switch strings.ToLower(s) {
		case "true", "1", "on":
			return BoolValue(true), nil
		case "false", "0", "off":
			return BoolValue(false), nil
		}
		return bad("the value must be true or false, 1 or 0, on or off")
	}
	return c.parseText(s)
}

func (c *Command) parseNumber(s string) (Value, *Outcome) {
	f, err := strconv.ParseFloat(s, 64)
	if errors.Is(err, strconv.ErrRange) {
		return refuse(CodeOutOfRange, "the number is too large")
	}
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return bad("the value must be a number")
	}
	if !c.Range.Holds(f) {
		return refuse(CodeOutOfRange, "the value must be "+c.Range.words(c.Unit))
	}
	if c.Step > 0 {
		base := c.Range.Min
		if math.IsInf(base, 0) {
			base = 0
		}
		// A step such as 0.1 has no exact binary form: rounding errors are accepted, and nothing more.
		if steps := (f - base) / c.Step; math.Abs(steps-math.Round(steps)) > 1e-6+math.Abs(steps)*1e-15 {
			return bad(fmt.Sprintf("the value must go in steps of %v from %v", c.Step, base))
		}
	}
	return NumberValue(f), nil
}

func (c *Command) parseText(s string) (Value, *Outcome) {
	if c.Type == TypeEnum {
		for _, o := range c.Options {
			if o.Value == s {
				return TextValue(s), nil
			}
		}
		return bad("the value must be one of " + optionWords(c.Options))
	}
	if len(s) > c.MaxLength {
		return refuse(CodeOutOfRange, fmt.Sprintf("the text has %d bytes; at most %d are allowed", len(s), c.MaxLength))
	}
	// A line end inside the text would be a second command for the board.
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }) {
		return bad("the text must not contain control characters")
	}
	if c.Allow != nil && !c.Allow.MatchString(s) {
		return bad("the text must contain only " + strings.TrimSuffix(strings.TrimPrefix(c.Allow.String(), "^"), "*$"))
	}
	return TextValue(s), nil
}

func bad(message string) (Value, *Outcome) { return refuse(CodeBadValue, message) }

func refuse(code Code, message string) (Value, *Outcome) {
	o := Rejected(code, message)
	return Value{}, &o
}

// words returns the range for people: "from 0 to 100 %".
func (r Range) words(unit string) string {
	if unit != "" {
		unit = " " + unit
	}
	switch {
	case math.IsInf(r.Min, 0):
		return fmt.Sprintf("at most %v%s", r.Max, unit)
	case math.IsInf(r.Max, 0):
		return fmt.Sprintf("at least %v%s", r.Min, unit)
	}
	return fmt.Sprintf("from %v to %v%s", r.Min, r.Max, unit)
}

func optionWords(options []Option) string {
	values := make([]string, len(options))
	for i, o := range options {
		values[i] = o.Value
	}
	return strings.Join(values, ", ")
}

// report is the part of a result beside its outcome.
type report struct {
	id, command, by string
	value           []byte // JSON; nil if none is worth repeating
	took            time.Duration
	at              time.Time
}

// appendResult appends {"id","command","value","status","code","message","ms","ts","by"}.
func appendResult(b []byte, r report, o Outcome) []byte {
	b = append(b, '{')
	text := func(key, s string) {
		if s != "" {
			b = append(append(append(b, '"'), key...), `":`...)
			b = append(AppendJSONString(b, s), ',')
		}
	}
	text("id", r.id)
	text("command", r.command)
	if r.value != nil {
		b = append(append(append(b, `"value":`...), r.value...), ',')
	}
	text("status", string(o.Status))
	text("code", string(o.Code))
	text("message", o.Message)
	b = append(b, `"ms":`...)
	b = strconv.AppendInt(b, r.took.Milliseconds(), 10)
	b = append(b, `,"ts":`...)
	b = strconv.AppendInt(b, r.at.UnixMilli(), 10)
	if r.by != "" {
		b = append(b, `,"by":`...)
		b = AppendJSONString(b, r.by)
	}
	return append(b, '}')
}
