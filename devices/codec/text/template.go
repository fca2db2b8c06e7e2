package text

import (
	"strconv"
	"strings"
)

// Template is a compiled send: a line of text with places for {value} and {seq}. It may be used by several goroutines.
type Template []part

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

// ParseTemplate compiles a send such as "PUMP {value} #{seq}\n". Every text is valid.
func ParseTemplate(send string) Template {
	var parts Template
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

// Append appends the line to b and never fails. text has no control characters, so that the board sees one line. Between
// double quotes, quotes and backslashes in text are escaped, so that they cannot end the string.
func (t Template) Append(b []byte, text string, seq int) ([]byte, error) {
	for _, p := range t {
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
	return b, nil
}
