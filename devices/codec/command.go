package codec

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"minirelay/devices/mapping"
	"minirelay/relay"
)

// MaxSeq is the last {seq}; 1 follows it. Four digits fit every board's buffer, and after so many commands no
// late answer is still on its way.
const MaxSeq = 9999

// Command is a compiled CommandConfig.
type Command struct {
	mapping.CommandConfig
	Template     template // of send
	Yes          Pattern  // nil: it acknowledges nothing
	No           Pattern  // nil: it refuses nothing
	ConfirmField int      // index of the field that must read back the value; -1: none
	Slack        float64  // how far a number read back may differ
}

// template is what a command writes, with places for the value and a number.
type template interface {
	// Fill appends the bytes of the command to b. The error is what only the wire forbids.
	Fill(b []byte, text string, seq int) ([]byte, error)
}

// Pattern is a compiled expect or refuse.
type Pattern interface {
	// Match compares an answer with what was sent. message is what the hardware says to the person.
	Match(answer []byte, seq int, value string) (v Verdict, message string)
	// Numbered says whether what matches tells which command it answers.
	Numbered() bool
}

// Matching is match of a pattern that may not be there.
func Matching(p Pattern, answer []byte, seq int, value string) (v Verdict, message string) {
	if p == nil {
		return NoAnswer, ""
	}
	return p.Match(answer, seq, value)
}

// Numbered says whether what matches p tells which command it answers, or nothing matches.
func Numbered(p Pattern) bool { return p == nil || p.Numbered() }

// Append appends the bytes of the command to b.
func (c *Command) Append(b []byte, text string, seq int) []byte {
	b, _ = c.Template.Fill(b, text, seq) // wire has tried it
	return b
}

// Wire gives the value as it is written. The relay has checked it against the model; what is refused here is
// what only the wire forbids.
func (c *Command) Wire(v relay.Value) (string, error) {
	text, err := c.text(v)
	if err == nil && c.Template != nil {
		_, err = c.Template.Fill(nil, text, 0)
	}
	return text, err
}

// text is wire for a line of text.
func (c *Command) text(v relay.Value) (string, error) {
	switch c.Type {
	case relay.TypeNumber:
		raw := (v.Number() - c.Offset) / c.Scale
		if math.Abs(raw) >= 1e15 {
			return "", fmt.Errorf("the value is too large for the wire")
		}
		return FormatNumber(raw, c.Decimals), nil
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

// FormatNumber writes f with so many decimals, or as many as it needs. Fifteen significant digits drop what
// binary fractions leave behind a division by the scale: 21.5/0.1 is 215, not 214.99999999999997.
func FormatNumber(f float64, decimals int) string {
	if decimals < 0 {
		f, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
	}
	s := strconv.FormatFloat(f, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-") // not every board reads -0 as 0
	}
	return s
}

// Tolerance is how far a number read back may differ from want: what the mapping says, and at least what binary
// fractions take from it on the way through scale and offset.
func (c *Command) Tolerance(want relay.Value) float64 {
	return max(c.Slack*(1+1e-9), 1e-9*math.Abs(want.Number()))
}
