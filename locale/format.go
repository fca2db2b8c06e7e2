package locale

import (
	"fmt"
	"regexp"
	"strings"
)

// Sprintf is fmt.Sprintf with a format in the language. Arguments that are sentences or errors are translated too. Every
// argument is one [Line]: only the format begins lines.
func (l Language) Sprintf(format string, args ...any) string {
	args = lines(args)
	if l != Chinese {
		return fmt.Sprintf(format, args...)
	}
	before, text, after := trimmed(format)
	key := Key(text)
	text, ok := chinese().texts[key]
	if !ok && anyLetter.MatchString(key) {
		return l.Text(fmt.Sprintf(format, args...))
	}
	translated, listed := make([]any, len(args)), lists(text)
	for i, a := range args {
		if a, isText := a.(string); isText && listed[i+1] {
			translated[i] = chinese().list(a, maxDepth)
			continue
		}
		switch a := a.(type) {
		case error:
			translated[i] = l.Text(a.Error())
		case string:
			translated[i] = chinese().value(a, maxDepth)
		default:
			translated[i] = a
		}
	}
	values := formatted(format, translated)
	switch {
	case !ok:
		return fmt.Sprintf(format, translated...)
	case len(values) != strings.Count(key, hole):
		return l.Text(fmt.Sprintf(format, args...))
	}
	return before + fill(text, values) + after
}

// formatted gives what each verb of format makes of its argument.
func formatted(format string, args []any) (values []string) {
	next := 0
	for _, v := range verb.FindAllString(format, -1) {
		switch {
		case v[1] == '%':
		case strings.Contains(v, "["):
			values = append(values, fmt.Sprintf(v, args...))
		case next < len(args):
			values = append(values, fmt.Sprintf(v, args[next]))
			next++
		}
	}
	return values
}

var anyLetter = regexp.MustCompile(`\pL`)

var verb = regexp.MustCompile(`%[-+#0]*(?:\[\d+\])?\d*(?:\.\d+)?[a-zA-Z]|%%|% [xX]`)

// Key is the key of a format string in the table: {} is in the place of each verb, and the white space around it is cut
// off.
func Key(format string) string {
	_, text, _ := trimmed(format)
	text = verb.ReplaceAllStringFunc(text, func(v string) string {
		if v[1] == '%' {
			return v[1:]
		}
		return hole
	})
	return strings.ReplaceAll(text, hole+hole, hole) // nothing shows where the first one ends
}

// Clauses translates clauses and puts them into one sentence.
func (l Language) Clauses(clauses ...string) string { return l.joined(clauses, "，") }

// List translates names or values and makes a list of them.
func (l Language) List(items ...string) string { return l.joined(items, listMark) }

func (l Language) joined(parts []string, mark string) string {
	if l != Chinese {
		return strings.Join(parts, ", ")
	}
	all := make([]string, len(parts))
	for i, p := range parts {
		all[i] = chinese().value(p, maxDepth)
	}
	return strings.Join(all, mark)
}
