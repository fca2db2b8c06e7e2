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
	parts    []part
	template *byteTemplate // instead of parts, where it is no line of text
	expect   *pattern      // nil: it acknowledges nothing
	refuse   *pattern      // nil: it refuses nothing
	confirm  int           // index of the field that must read back the value; -1: none
	slack    float64       // how far a number read back may differ
}

type partKind uint8

const (
	partLiteral partKind = iota
	partValue
	partQuoted // the value, between double quotes of the template
	partSeq
)

// part is a piece of a template.
type part struct {
	kind partKind
	text string
}

// parseTemplate takes "PUMP {value} #{seq}\n" apart.
func parseTemplate(send string) []part {
	var parts []part
	literal := func(s string) {
		if s != "" {
			parts = append(parts, part{partLiteral, s})
		}
	}
	quotes := 0
	for {
		value, seq := strings.Index(send, "{value}"), strings.Index(send, "{seq}")
		switch {
		case value < 0 && seq < 0:
			literal(send)
			return parts
		case seq < 0 || value >= 0 && value < seq:
			literal(send[:value])
			quotes += strings.Count(send[:value], `"`)
			kind := partValue
			if quotes%2 == 1 {
				kind = partQuoted
			}
			parts = append(parts, part{kind: kind})
			send = send[value+len("{value}"):]
		default:
			literal(send[:seq])
			quotes += strings.Count(send[:seq], `"`)
			parts = append(parts, part{kind: partSeq})
			send = send[seq+len("{seq}"):]
		}
	}
}

// append appends the bytes of the command to b. text has no control characters, so that the board sees one
// line. Between double quotes, those in text are escaped: they must not end the string and begin something else.
func (c *command) append(b []byte, text string, seq int) []byte {
	if c.template != nil {
		b, _ = c.template.fill(b, text, seq) // wire has tried it
		return b
	}
	for _, p := range c.parts {
		switch p.kind {
		case partLiteral:
			b = append(b, p.text...)
		case partSeq:
			b = strconv.AppendInt(b, int64(seq), 10)
		case partValue:
			b = append(b, text...)
		case partQuoted:
			for i := range len(text) {
				if text[i] == '"' || text[i] == '\\' {
					b = append(b, '\\')
				}
				b = append(b, text[i])
			}
		}
	}
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
