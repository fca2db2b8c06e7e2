package text

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"minirelay/devices/mapping"
)

// CheckAT checks how the device is asked, and how values are found in its answers.
func CheckAT(k *mapping.Checker) {
	k.Polls()
	checkTextCommands(k)
	d := &k.Device
	k.At = mapping.Problem{}
	checkExpression(k, "until", d.Until)
	checkExpression(k, "error", d.Error)
	checkExpression(k, "ignore", d.Ignore)
	if strings.ContainsFunc(d.Terminator, func(r rune) bool { return r >= utf8.RuneSelf }) {
		k.Add("terminator", fmt.Sprintf("%q holds something else than ASCII characters", d.Terminator), `write each character that may end a line, as in "\n" or ";"`)
	}
	if s := csvSeparator(*d); len(d.Separator) > 1 || s >= utf8.RuneSelf {
		k.Add("separator", fmt.Sprintf("%q is not one ASCII character", d.Separator), `write one as in ";"`)
	}
	columns := slices.ContainsFunc(d.Fields, func(f mapping.FieldConfig) bool { return f.Column > 0 })
	if columns && d.DecimalComma && csvSeparator(*d) == ',' {
		k.Add("decimal_comma", "the comma separates the columns already", `name what does in separator, as in separator = ";"`)
	}
	if d.Silence > 0 && d.Silence >= d.Timeout {
		k.Add("silence", fmt.Sprintf("it is %v, and the device is waited for only %v", d.Silence, d.Timeout), "make it shorter: some ten characters take 10ms at 9600 baud")
	}
	for _, line := range d.Init {
		checkOneLine(k, "init", line)
	}
	for _, f := range d.Fields {
		k.At = mapping.Problem{Field: f.ID}
		if f.Request == "" {
			k.Add("request", "nothing says what asks for it", `write the line that the device reads, as in request = "MEAS:VOLT?"`)
		}
		checkOneLine(k, "request", f.Request)
		checkExpression(k, "answer", f.Answer)
		if f.Answer != "" && f.Column > 0 {
			k.Add("column", "answer says already where in the line it stands", "keep one of the two")
		}
	}
	for _, c := range d.Commands {
		k.At = mapping.Problem{Command: c.ID}
		if c.Refuse != "" && c.Expect == "" && d.Until == "" {
			k.Add("refuse", "silence is no answer to that: nothing says what a yes looks like", "add expect, or until in the device, or leave it out")
		}
	}
}

// checkExpression checks a regular expression that is not about a command.
func checkExpression(k *mapping.Checker, key, expression string) {
	if expression == "" {
		return
	}
	re, err := regexp.Compile(expression)
	if err != nil {
		k.Add(key, "it is no regular expression: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), `a plain text needs \ in front of ( ) [ ] { } . * + ? ^ $ |`)
	} else if re.MatchString("") {
		k.Add(key, "it fits every line, even an empty one", `write what the line must hold, as in '^OK$'`)
	}
}

// checkOneLine checks a line that is written: its end is added.
func checkOneLine(k *mapping.Checker, key, line string) {
	if strings.ContainsAny(line, "\r\n") {
		k.Add(key, fmt.Sprintf("%q holds a line end", line), "leave it out: line_end of the device is added to each line")
	}
}
