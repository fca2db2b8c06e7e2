package codec

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"minirelay/devices/mapping"
	"minirelay/relay"
)

// MaxSeq is the last number that {seq} stands for; 1 follows it. Four digits fit every board's buffer, and after so
// many commands no late answer is still on its way.
const MaxSeq = 9999

// Command is a compiled [mapping.CommandConfig]. It serves one goroutine.
type Command struct {
	mapping.CommandConfig
	Template     Template // of send; nil: the protocol makes the bytes itself
	Yes          Pattern  // of expect; nil: no answer acknowledges the command
	No           Pattern  // of refuse; nil: no answer refuses it
	ConfirmField int      // index of the field that must read back the value; -1: none
	Slack        float64  // how far a number that is read back may differ, in the unit of the field
}

// Template is a compiled send: what a command writes, with places for the value and a sequence number.
type Template interface {
	// Append appends the bytes of the command to b. text is the value as [Command.Wire] returns it, and seq a number
	// of 1 to [MaxSeq] that stands for {seq}. An error is a value that the wire cannot carry, as a sentence for a
	// person.
	Append(b []byte, text string, seq int) ([]byte, error)
}

// Pattern is a compiled expect or refuse.
type Pattern interface {
	// Match judges an answer to the command that was written with seq and value: [NoAnswer], [Foreign] or [Fits].
	// message is what the device reports to the person, safe to show.
	Match(answer []byte, seq int, value string) (v Verdict, message string)
}

// Matching is p.Match for a pattern that may be nil, which matches nothing.
func Matching(p Pattern, answer []byte, seq int, value string) (v Verdict, message string) {
	if p == nil {
		return NoAnswer, ""
	}
	return p.Match(answer, seq, value)
}

// Numbered says whether every answer to the command, by {seq}, identifies the command that it answers.
func (c *Command) Numbered() bool { return numbered(c.Expect) && numbered(c.Refuse) }

func numbered(pattern string) bool {
	return pattern == "" || strings.Contains(pattern, "{seq}") || strings.Contains(pattern, "{seq:")
}

// Append appends the bytes of the command to b. text is the value as [Command.Wire] returns it.
func (c *Command) Append(b []byte, text string, seq int) []byte {
	b, _ = c.Template.Append(b, text, seq) // Wire has tried it
	return b
}

// Wire returns the value as it is written. The relay has checked it against the model; an error is a value that only
// the wire forbids, as a sentence for a person.
func (c *Command) Wire(v relay.Value) (string, error) {
	text, err := c.text(v)
	if err == nil && c.Template != nil {
		_, err = c.Template.Append(nil, text, 0)
	}
	return text, err
}

// text is the value in a line of text.
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
			return "", fmt.Errorf("the text must not contain control characters")
		}
		return v.Text(), nil
	}
	return "", nil
}

// FormatNumber formats f with so many decimals, or with as many as it needs if decimals is negative. It rounds to
// fifteen significant digits, which removes the error of binary fractions: 21.5/0.1 is 215, not 214.99999999999997.
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

// Tolerance is how far a number that is read back may differ from want, in the unit of the field: the Slack, and at
// least the error of binary fractions in scale and offset.
func (c *Command) Tolerance(want relay.Value) float64 {
	return max(c.Slack*(1+1e-9), 1e-9*math.Abs(want.Number()))
}
