package devices

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"minirelay/devices/mapping"

	"minirelay/relay"
)

// maxSeq is the last {seq}; 1 follows it. Four digits fit every board's buffer, and after so many commands no
// late answer is still on its way.
const maxSeq = 9999

// command is a compiled CommandConfig.
type command struct {
	mapping.CommandConfig
	template template // of send
	expect   pattern  // nil: it acknowledges nothing
	refuse   pattern  // nil: it refuses nothing
	confirm  int      // index of the field that must read back the value; -1: none
	slack    float64  // how far a number read back may differ
}

// template is what a command writes, with places for the value and a number.
type template interface {
	// fill appends the bytes of the command to b. The error is what only the wire forbids.
	fill(b []byte, text string, seq int) ([]byte, error)
}

// pattern is a compiled expect or refuse.
type pattern interface {
	// match compares an answer with what was sent. message is what the hardware says to the person.
	match(answer []byte, seq int, value string) (v verdict, message string)
	// numbered says whether what matches tells which command it answers.
	numbered() bool
}

// matching is match of a pattern that may not be there.
func matching(p pattern, answer []byte, seq int, value string) (v verdict, message string) {
	if p == nil {
		return noAnswer, ""
	}
	return p.match(answer, seq, value)
}

// numbered says whether what matches p tells which command it answers, or nothing matches.
func numbered(p pattern) bool { return p == nil || p.numbered() }

// append appends the bytes of the command to b.
func (c *command) append(b []byte, text string, seq int) []byte {
	b, _ = c.template.fill(b, text, seq) // wire has tried it
	return b
}

// wire gives the value as it is written. The relay has checked it against the model; what is refused here is
// what only the wire forbids.
func (c *command) wire(v relay.Value) (string, error) {
	text, err := c.text(v)
	if err == nil && c.template != nil {
		_, err = c.template.fill(nil, text, 0)
	}
	return text, err
}

// text is wire for a line of text.
func (c *command) text(v relay.Value) (string, error) {
	switch c.Type {
	case relay.TypeNumber:
		raw := (v.Number() - c.Offset) / c.Scale
		if math.Abs(raw) >= 1e15 {
			return "", fmt.Errorf("the value is too large for the wire")
		}
		return formatNumber(raw, c.Decimals), nil
	case relay.TypeBool:
		return mapping.WireText(c.Values, strconv.FormatBool(v.Bool())), nil
	case relay.TypeEnum:
		return mapping.WireText(c.Values, v.Text()), nil
	case relay.TypeText:
		if len(v.Text()) > c.MaxLength {
			return "", fmt.Errorf("the text has %d bytes; at most %d are allowed", len(v.Text()), c.MaxLength)
		}
		if strings.ContainsFunc(v.Text(), mapping.IsControl) {
			return "", fmt.Errorf("the text must not hold control characters")
		}
		return v.Text(), nil
	}
	return "", nil
}

// formatNumber writes f with so many decimals, or as many as it needs. Fifteen significant digits drop what
// binary fractions leave behind a division by the scale: 21.5/0.1 is 215, not 214.99999999999997.
func formatNumber(f float64, decimals int) string {
	if decimals < 0 {
		f, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
	}
	s := strconv.FormatFloat(f, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-") // not every board reads -0 as 0
	}
	return s
}

// tolerance is how far a number read back may differ from want: what the mapping says, and at least what binary
// fractions take from it on the way through scale and offset.
func (c *command) tolerance(want relay.Value) float64 {
	return max(c.slack*(1+1e-9), 1e-9*math.Abs(want.Number()))
}
