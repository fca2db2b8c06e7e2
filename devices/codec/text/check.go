package text

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"minirelay/devices/mapping"
	"minirelay/relay"
)

// checkTextCommands checks commands that are lines of text.
func checkTextCommands(k *mapping.Checker) {
	for _, c := range k.Device.Commands {
		k.At = mapping.Problem{Command: c.ID}
		checkSend(k, c)
		checkPattern(k, "expect", c.Expect, c)
		checkPattern(k, "refuse", c.Refuse, c)
	}
}

// placeholder matches {word}. A JSON object, which begins with a quote, does not match.
var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// braces reports the full-width braces of Chinese input methods around a placeholder.
func braces(k *mapping.Checker, key, text string) bool {
	wrong := strings.ContainsAny(text, "｛｝")
	if wrong {
		k.Add(key, fmt.Sprintf("this is %q, not %q", "｛", "{"), "switch the input method to English, with half-width characters, and type it again")
	}
	return wrong
}

func checkSend(k *mapping.Checker, c mapping.CommandConfig) {
	if braces(k, "send", c.Send) {
		return
	}
	for _, p := range placeholder.FindAllString(c.Send, -1) {
		if p != "{value}" && p != "{seq}" {
			k.Add("send", "unknown placeholder "+p, "use {value} and {seq}")
		}
	}
	body := strings.TrimRight(c.Send, "\r\n")
	switch {
	case c.Send == "":
		k.Add("send", "it is missing or empty", `write the line to send, for example "PUMP {value} #{seq}\n"`)
	case body == "":
		k.Add("send", "it contains only a line end", `write the line to send, for example "PUMP {value} #{seq}\n"`)
	case strings.ContainsAny(body, "\r\n"), !slices.Contains([]string{"", "\n", "\r", "\r\n"}, c.Send[len(body):]):
		k.Add("send", "it contains more than one line", "define one command for each line")
	}
	if c.Quotes != "" && !ParseTemplate(c.Send).has(partQuoted) {
		k.Add("quotes", "send has no {value} between double quotes", `write it like 'SAY "{value}"', or leave quotes out`)
	}
	has := strings.Contains(c.Send, "{value}")
	if has && c.Type == relay.TypeNone {
		k.Add("send", "the command has no value for {value}", "leave {value} out, or give the command another type")
	}
	if !has && c.Send != "" && c.Type != relay.TypeNone {
		k.Add("send", "it does not contain the value", "write {value} where the value belongs, or use type = \"none\"")
	}
}

func checkPattern(k *mapping.Checker, key, expression string, c mapping.CommandConfig) {
	if expression == "" || braces(k, key, expression) {
		return
	}
	p, err := CompilePattern(expression, c.Type, mapping.CommandWords(c))
	if err != nil {
		what := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		k.AddRegexp(key, "it is not a regular expression: "+what, `in a plain text, write \ before each of ( ) [ ] { } . * + ? ^ $ |`)
		return
	}
	if len(p.seq) > 0 && !strings.Contains(c.Send, "{seq}") {
		k.Add(key, "it expects {seq}, which send does not contain", "add {seq} to send if the board repeats it")
	}
	if len(p.value) > 0 && c.Type == relay.TypeNone {
		k.Add(key, "the command has no value for {value}", "leave {value} out")
	}
	if p.re.MatchString("") {
		k.Add(key, "it matches every line, even an empty one", `write the answer of the board, for example "^OK #{seq}$"`)
	}
}
