package configs

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
	"github.com/pelletier/go-toml/v2/unstable"
)

// maxSyntaxFaults limits the faults reported for one file. A file with more of them is probably not TOML at all.
const maxSyntaxFaults = 10

// parseSource adds the contents of s to the tree at root. It reports whether they are complete.
func parseSource(s *source, root *node, r *report) bool {
	b := &builder{source: s, report: r, root: root, table: root, sound: true, whole: true}
	faults := 0
	for last := -1; b.base < len(s.text) && faults < maxSyntaxFaults; {
		// Limit the capacity: the parser must not see the bytes after the text's end, which belong to another slice.
		var p unstable.Parser
		p.Reset(s.text[b.base:len(s.text):len(s.text)])
		for p.NextExpression() {
			b.expression(p.Expression())
		}
		if p.Error() == nil {
			break
		}
		at := b.errorPlace(p.Error())
		if at.start != last {
			faults++
			marked, what, try := b.explain(p.Error().Error(), at)
			b.faultOnce(marked, what, try)
			b.lose(at)
		}
		b.resume(at, at.start == last)
		last = at.start
	}
	if b.sound {
		b.checkStrictly()
	}
	return b.whole
}

// errorPlace returns the place where the parser stopped. The parser marks bytes by a slice of its input.
func (b *builder) errorPlace(err error) place {
	var e *unstable.ParserError
	if errors.As(err, &e) {
		start := len(b.source.text) - cap(e.Highlight)
		if start >= b.base && start+len(e.Highlight) <= len(b.source.text) {
			return place{b.source, start, len(e.Highlight)}
		}
	}
	return place{b.source, b.base, 1}
}

// lose records that the current table is incomplete. If a header could not be read, the table is unknown from here on.
func (b *builder) lose(at place) {
	b.table.broken = true
	_, start, end := b.source.line(at.start)
	if strings.ContainsAny(firstOf(string(b.source.text[start:end])), "[【［") {
		b.table = &node{broken: true}
	}
}

// firstOf returns the first character of a line; "" if it is empty.
func firstOf(line string) string {
	line = strings.TrimSpace(line)
	_, size := utf8.DecodeRuneInString(line)
	return line[:size]
}

// faultOnce is fault for what one slip causes in several places of a file.
func (b *builder) faultOnce(at place, what, try string) {
	if b.said[what] {
		b.sound, b.whole = false, false
		return
	}
	if strings.HasSuffix(what, " cannot be an id") {
		if b.said == nil {
			b.said = map[string]bool{}
		}
		b.said[what] = true
	}
	b.fault(at, what, try)
}

// begins finds a line that can begin an expression.
var begins = regexp.MustCompile(`(?m)^[ \t]*(\[|[A-Za-z0-9_."'-]+[ \t]*=)`)

// resume continues after a fault: with the same line, which may end the text before it without being part of it, or, if
// that has been tried, with the next line that can begin an expression.
func (b *builder) resume(at place, tried bool) {
	_, from, end := b.source.line(at.start)
	if tried || from <= b.base {
		from = end
	}
	if m := begins.FindIndex(b.source.text[from:]); m != nil {
		b.base = from + m[0]
		return
	}
	b.base = len(b.source.text)
}

// checkStrictly checks the source with the second parser, which decides what is TOML. It finds faults that the grammar
// allows and TOML does not: dates that do not exist, tables that are extended from outside.
func (b *builder) checkStrictly() {
	var ignored map[string]any
	_, err := toml.Decode(string(b.source.text), &ignored)
	if err == nil {
		return
	}
	at := place{b.source, 0, 1}
	message := err.Error()
	var e toml.ParseError
	if errors.As(err, &e) {
		message = e.Message
		at.start = min(max(e.Position.Start, 0), max(len(b.source.text)-1, 0))
		at.length = max(min(e.Position.Len, len(b.source.text)-at.start), 1)
	}
	what, try := syntaxFault(message, at)
	b.fault(at, what, try)
}

const noValue = "this is not a value"

// syntaxWords maps the parser's messages to plain words.
var syntaxWords = []struct{ message, what, try string }{
	{"nested more than", "lists and tables are nested too deeply", "is this the right file?"},
	{"expected '=' after key", "there is no = after the key", `write key = value, and a table's name as [name]`},
	{"expected newline", "there is extra text after the value", `write one key = value per line; texts are in quotes, comments begin with #`},
	{"new lines", "the text has no closing quote in its line", "end it with the quote it begins with"},
	{"not terminated", "the text has no closing quotes", "end it with the three quotes it begins with"},
	{"unterminated", "the text has no closing quote", "end it with the quote it begins with"},
	{"U+000A at start of value", "the value is missing", `write it after the =, a text in quotes`},
	{"U+000D at start of value", "the value is missing", `write it after the =, a text in quotes`},
	{"'#' at start of value", "the value is missing", `write it after the =, a text in quotes`},
	{"expected value", "the value is missing", `write it after the =, a text in quotes`},
	{"at start of value", noValue, `texts are in quotes, for example "text"; other values are numbers, true, false, [ … ] and { … }`},
	{"expected keyword", noValue, `texts are in quotes, for example "text"; other values are numbers, true, false, [ … ] and { … }`},
	{"strings must be quoted", noValue, `texts are in quotes, for example "text"; other values are numbers, true, false, [ … ] and { … }`},
	{"array is incomplete", "the list has no end", "separate its values by , and end it with ]"},
	{"after array value", "the list has no comma between two values, or no end", "separate its values by , and end it with ]"},
	{"inline table", "the { … } has no comma between two values, or no end", "separate its keys by single commas and end it with }"},
	{"expected key but", "a key or a part of it is missing", "write key = value, and a table's name as [name]"},
	{"to close", "the table's name has no closing bracket", "write [name], or [[name]] for one of several"},
	{"start of key", "a key cannot begin like this", "keys are made of letters, digits, - and _; others need quotes"},
	{"escape", `a \ in a text begins an escape, and this is not a valid one`, `write \\ for a backslash, or put the text into single quotes`},
	{`need a character after \`, `a \ in a text begins an escape, and this is not a valid one`, `write \\ for a backslash, or put the text into single quotes`},
	{"control characters", "the text contains a control character", `write it as an escape, for example "\n"`},
	{"carriage return", "there is a carriage return without a line feed", "save the file with the usual line endings"},
	{"number must have", "this is not a number", "underscores are allowed only between digits"},
	{"leading zeroes", "a number cannot begin with 0", "leave the zeros out, or put it in quotes if it is a text"},
	{"invalid datetime", "this date or time does not exist", "write a date such as 2026-01-31"},
	{"quotes at the end", "too many quotes end the text", "write three of them"},
}

// inText are messages about the inside of a text, where every character may stand.
var inText = []string{"new lines", "not terminated", "unterminated", "escape", `need a character after \`, "control characters", "quotes at the end"}

// explain explains a message of the parser about a place, and marks the character that a person would replace.
func (b *builder) explain(message string, at place) (marked place, what, try string) {
	what, try = syntaxFault(message, at)
	if b.report.mute {
		return at, what, try // it may be the search for the secrets, which shown needs
	}
	_, start, end := at.source.line(min(at.start, len(at.source.text)))
	line, _ := at.source.shown(start, end) // a hint must not repeat a secret
	if slices.ContainsFunc(inText, func(m string) bool { return strings.Contains(message, m) }) {
		return at, what, try
	}
	if marked, what, try, ok := mistaken(at.source, start, end); ok {
		r, _ := utf8.DecodeRune(at.source.text[marked.start:])
		if at.source.hides(marked.start) && !strings.ContainsRune("，、：＝【】［］｛｝　", r) && strings.HasPrefix(what, "this is ") {
			what = "there is a full-width character here" // one of a secret
		}
		return marked, what, try
	}
	if name := foreignName(at.source, min(at.start, end), end); name != "" && strings.Contains(message, "start of key") {
		marked = place{at.source, at.start, len(name)}
		if strings.HasPrefix(strings.TrimSpace(line), "[") {
			return marked, fmt.Sprintf("%q cannot be an id", name),
				fmt.Sprintf("write an id of a-z, 0-9, _ and -, for example greenhouse, and below it name = %q", name)
		}
		return marked, what, "the keys are English words, which docs/reference.md lists; texts for people are in quotes"
	}
	if hint := valueHint(line); hint != "" && (what == noValue || strings.Contains(message, "expected newline") || strings.Contains(message, "decimal point")) {
		return at, noValue, hint
	}
	return at, what, try
}

// syntaxFault explains a message of the parser about a place. If the text ends too early, the file may have been saved
// only partly.
func syntaxFault(message string, at place) (what, try string) {
	message = strings.TrimPrefix(message, "toml: ")
	what, try = message, "toml.io explains the format"
	for _, w := range syntaxWords {
		if strings.Contains(message, w.message) {
			what, try = w.what, w.try
			break
		}
	}
	text := at.source.text
	_, start, _ := at.source.line(at.start)
	if what == noValue && len(bytes.Trim(text[start:at.start], " \t[")) == 0 {
		// A value may begin a line only in a list.
		what, try = "a list before this line has no end", "separate its values by , and end it with ]"
	}
	if at.start+at.length >= len(text) {
		what += ", and the file ends here"
		try += "; has it been saved completely?"
	}
	return what, try
}
