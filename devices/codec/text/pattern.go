package text

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"minirelay/devices/codec"
	"minirelay/relay"
)

// Pattern is a compiled expect or refuse of a line of text: {seq} and {value} are groups whose text is compared with what
// was sent, so that an answer to another command is recognised and nothing is compiled while a command waits. It may be
// used by several goroutines.
type Pattern struct {
	re      *regexp.Regexp
	seq     []int // groups of {seq}
	value   []int // groups of {value}
	message int   // group; -1: none
	number  bool  // the value is a number: 40.0 answers 40
}

// The groups of the placeholders, by names that no person would choose.
const (
	seqGroup   = "minirelay_seq_"
	valueGroup = "minirelay_value_"
)

// CompilePattern compiles a regular expression with {seq} and {value}. words are the only values of {value}, if known. The
// error is that of [regexp.Compile].
func CompilePattern(expression string, kind relay.Type, words []string) (*Pattern, error) {
	value := `.*`
	switch {
	case kind == relay.TypeNumber:
		value = `[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?`
	case len(words) > 0:
		quoted := make([]string, len(words))
		for i, w := range words {
			quoted[i] = regexp.QuoteMeta(w)
		}
		// Longest first: of several alternatives that match, Go takes the first.
		slices.SortFunc(quoted, func(a, b string) int { return len(b) - len(a) })
		value = strings.Join(quoted, "|")
	}
	p := &Pattern{message: -1, number: kind == relay.TypeNumber}
	expression = replaceEach(expression, "{seq}", seqGroup, `[0-9]+`)
	expression = replaceEach(expression, "{value}", valueGroup, value)
	re, err := regexp.Compile(expression)
	if err != nil {
		return nil, err
	}
	p.re = re
	for i, name := range re.SubexpNames() {
		switch {
		case strings.HasPrefix(name, seqGroup):
			p.seq = append(p.seq, i)
		case strings.HasPrefix(name, valueGroup):
			p.value = append(p.value, i)
		case name == "message":
			p.message = i
		}
	}
	return p, nil
}

// replaceEach replaces each mark by a group of its own.
func replaceEach(expression, mark, group, inside string) string {
	for i := 0; strings.Contains(expression, mark); i++ {
		expression = strings.Replace(expression, mark, fmt.Sprintf("(?P<%s%d>%s)", group, i, inside), 1)
	}
	return expression
}

// DependsOnValue says whether the pattern contains {value}. Otherwise one pattern serves all commands with its expression.
func (p *Pattern) DependsOnValue() bool { return len(p.value) > 0 }

// Match implements [codec.Pattern].
func (p *Pattern) Match(line []byte, seq int, value string) (v codec.Verdict, message string) {
	at := p.re.FindSubmatchIndex(line)
	if at == nil {
		return codec.NoAnswer, ""
	}
	group := func(i int) string {
		if at[2*i] < 0 {
			return ""
		}
		return string(line[at[2*i]:at[2*i+1]])
	}
	for _, i := range p.seq {
		if n, err := strconv.Atoi(group(i)); err != nil || n != seq {
			return codec.Foreign, ""
		}
	}
	for _, i := range p.value {
		if !p.sameValue(group(i), value) {
			return codec.Foreign, ""
		}
	}
	if p.message >= 0 {
		message = codec.ForPeople(group(p.message))
	}
	return codec.Fits, message
}

func (p *Pattern) sameValue(said, sent string) bool {
	if said == sent {
		return true
	}
	if !p.number {
		return false
	}
	a, err := strconv.ParseFloat(said, 64)
	b, err2 := strconv.ParseFloat(sent, 64)
	return err == nil && err2 == nil && a == b
}
