package text

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"minirelay/devices/mapping"
)

// CheckAT reports everything in the mapping of codec at that cannot work.
func CheckAT(k *mapping.Checker) {
	k.Polls()
	checkTextCommands(k)
	d := &k.Device
	k.At = mapping.Problem{}
	checkExpression(k, "until", d.Until)
	checkExpression(k, "error", d.Error)
	checkExpression(k, "ignore", d.Ignore)
	if strings.ContainsFunc(d.Terminator, func(r rune) bool { return r >= utf8.RuneSelf }) {
		k.Add("terminator", fmt.Sprintf("%q contains a character that is not ASCII", d.Terminator), `write each character that may end a line, for example "\n" or ";"`)
	}
	if s := csvSeparator(*d); len(d.Separator) > 1 || s >= utf8.RuneSelf {
		k.Add("separator", fmt.Sprintf("%q is not one ASCII character", d.Separator), `write one such as ";"`)
	}
	columns := slices.ContainsFunc(d.Fields, func(f mapping.FieldConfig) bool { return f.Column > 0 })
	if columns && d.DecimalComma && csvSeparator(*d) == ',' {
		k.Add("decimal_comma", "the comma already separates the columns", `use another separator, for example separator = ";"`)
	}
	if d.Silence > 0 && d.Silence >= d.Timeout {
		k.Add("silence", fmt.Sprintf("it is %v, and the timeout is only %v", d.Silence, d.Timeout), "make it shorter: ten characters take about 10ms at 9600 baud")
	}
	for _, line := range d.Init {
		checkOneLine(k, "init", line)
	}
	for _, f := range d.Fields {
		k.At = mapping.Problem{Field: f.ID}
		if f.Request == "" {
			k.Add("request", "the field has no request", `write the line to send, for example request = "MEAS:VOLT?"`)
		}
		checkOneLine(k, "request", f.Request)
		checkExpression(k, "answer", f.Answer)
		if f.Answer != "" && f.Column > 0 {
			k.Add("column", "answer already determines its position in the line", "keep one of the two")
		}
	}
	for _, c := range d.Commands {
		k.At = mapping.Problem{Command: c.ID}
		if c.Refuse != "" && c.Expect == "" && d.Until == "" {
			k.Add("refuse", "nothing shows that the command has succeeded", "add expect, or until in the device, or leave it out")
		}
	}
}

// checkExpression checks a regular expression outside a command.
func checkExpression(k *mapping.Checker, key, expression string) {
	if expression == "" {
		return
	}
	re, err := regexp.Compile(expression)
	if err != nil {
		k.AddRegexp(key, "it is not a regular expression: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), `in a plain text, write \ before each of ( ) [ ] { } . * + ? ^ $ |`)
	} else if re.MatchString("") {
		k.Add(key, "it matches every line, even an empty one", `write what the line must contain, for example '^OK$'`)
	}
}

// checkOneLine checks a line to write, to which the line end is added.
func checkOneLine(k *mapping.Checker, key, line string) {
	if strings.ContainsAny(line, "\r\n") {
		k.Add(key, fmt.Sprintf("%q contains a line end", line), "remove it: line_end of the device is added to each line")
	}
}
