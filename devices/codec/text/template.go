package text

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"minirelay/devices/mapping"
	"minirelay/relay"
)

// Template is a compiled send: a line of text with places for {value} and {seq}. It may be used by several goroutines.
type Template struct {
	parts  []part
	quotes string // see Quotes
	ends   string // characters that a bare value must not contain: a device takes what follows them for another command
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

// ParseTemplate compiles a send such as "PUMP {value} #{seq}\n". Every text is valid. Between double quotes, the value is
// escaped as in JSON.
func ParseTemplate(send string) Template {
	t := Template{quotes: quotesJSON}
	literal := func(s string) {
		if s != "" {
			t.parts = append(t.parts, part{partLiteral, s})
		}
	}
	quotes := 0
	for {
		value, seq := strings.Index(send, "{value}"), strings.Index(send, "{seq}")
		switch {
		case value < 0 && seq < 0:
			literal(send)
			return t
		case seq < 0 || value >= 0 && value < seq:
			literal(send[:value])
			quotes += strings.Count(send[:value], `"`)
			kind := partValue
			if quotes%2 == 1 {
				kind = partQuoted
			}
			t.parts = append(t.parts, part{kind: kind})
			send = send[value+len("{value}"):]
		default:
			literal(send[:seq])
			quotes += strings.Count(send[:seq], `"`)
			t.parts = append(t.parts, part{kind: partSeq})
			send = send[seq+len("{seq}"):]
		}
	}
}

// CommandTemplate compiles the send of a device's command, in the language that the device reads.
func CommandTemplate(d mapping.DeviceConfig, c mapping.CommandConfig) Template {
	t := ParseTemplate(c.Send)
	t.quotes = Quotes(d, c)
	if d.Codec == "at" && c.Type == relay.TypeText && c.Allow == "" {
		t.ends = ";" // V.250 (5.2.1) and SCPI-99 (7.2.2) separate the commands of a line by it
	}
	return t
}

// The languages of quoted texts.
const (
	quotesJSON = "json" // \" and \\
	quotesCSV  = "csv"  // "" for ": RFC 4180, and SCPI too (IEEE 488.2, 7.7.5)
	quotesAT   = "at"   // \22 and \5C: V.250, 5.4.2.2
)

// Quotes is the language in which a value between double quotes is escaped: that of the command, or the one that is usual
// for the codec.
func Quotes(d mapping.DeviceConfig, c mapping.CommandConfig) string {
	switch {
	case c.Quotes != "":
		return c.Quotes
	case d.Codec == "at":
		return quotesAT // no quotation mark leaves, so it is safe for the readers of "" too
	}
	return quotesJSON
}

// has reports whether the template has a part of a kind.
func (t Template) has(kind partKind) bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return p.kind == kind })
}

// Append appends the line to b. text has no control characters, so that the device sees one line. Between double quotes,
// the characters of text that could end the string are escaped. An error is a text that could begin another command.
func (t Template) Append(b []byte, text string, seq int) ([]byte, error) {
	if i := strings.IndexAny(text, t.ends); i >= 0 && t.has(partValue) {
		return b, fmt.Errorf("the text must not contain %q, which separates the commands of this device", text[i:i+1])
	}
	for _, p := range t.parts {
		switch p.kind {
		case partLiteral:
			b = append(b, p.text...)
		case partSeq:
			b = strconv.AppendInt(b, int64(seq), 10)
		case partValue:
			b = append(b, text...)
		case partQuoted:
			b = t.appendQuoted(b, text)
		}
	}
	return b, nil
}

// appendQuoted appends a text between double quotes of the template.
func (t Template) appendQuoted(b []byte, text string) []byte {
	for i := range len(text) {
		c := text[i]
		switch {
		case c != '"' && c != '\\':
			b = append(b, c)
		case t.quotes == quotesAT:
			b = fmt.Appendf(b, `\%02X`, c)
		case t.quotes == quotesCSV && c == '"':
			b = append(b, `""`...)
		case t.quotes == quotesCSV:
			b = append(b, c)
		default:
			b = append(b, '\\', c)
		}
	}
	return b
}

// AdviseText returns the text commands whose values a device could take for more than a value.
func AdviseText(d mapping.DeviceConfig) []mapping.Problem {
	var all []mapping.Problem
	for _, c := range d.Commands {
		if c.Type != relay.TypeText || c.Allow != "" {
			continue
		}
		t := ParseTemplate(c.Send)
		what := ""
		switch {
		case t.has(partValue):
			what = "a text may contain separators, behind which the device may read another value or command"
		case t.has(partQuoted) && c.Quotes == "" && d.Codec != "at" && !strings.HasPrefix(strings.TrimSpace(c.Send), "{"):
			what = `a text with a quotation mark is sent as \", which ends the text for a device that does not read JSON`
		}
		if what != "" {
			all = append(all, mapping.Problem{Command: c.ID, Key: "send", What: what,
				Try: `name the characters that are allowed, for example allow = "[A-Za-z0-9 ]", or how the device reads a text between double quotes: quotes = "json", "csv" or "at"`})
		}
	}
	return all
}
