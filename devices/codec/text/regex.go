package text

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// regexCodec decodes lines that match a regular expression.
type regexCodec struct {
	lineSum
	readings
	patterns []linePattern
}

// linePattern is one expression with the fields and conditions of its groups.
type linePattern struct {
	re     *regexp.Regexp
	groups []slot // by group
}

// NewRegex returns the decoder of codec regex. tap receives what it drops.
func NewRegex(c mapping.DeviceConfig, tap *wire.Tap) codec.Stream {
	r := &regexCodec{lineSum: newLineSum(c), readings: newReadings(c, tap)}
	all := newKeys(c, &r.match)
	for _, expression := range c.Patterns {
		p := linePattern{re: regexp.MustCompile(expression)} // checked: see CheckRegex
		for _, name := range p.re.SubexpNames() {
			from := 0
			var group slot
			if s := all.find([]byte(name), &from); s != nil && name != "" {
				group = *s
			}
			p.groups = append(p.groups, group)
		}
		r.patterns = append(r.patterns, p)
	}
	return r
}

// CheckRegex checks the expressions, and that each field has a group.
func CheckRegex(k *mapping.Checker) {
	checkTextCommands(k)
	k.At = mapping.Problem{}
	var groups []string
	broken := false
	for _, expression := range k.Device.Patterns {
		re, err := regexp.Compile(expression)
		switch {
		case err != nil:
			k.AddRegexp("patterns", fmt.Sprintf("%q is not a regular expression: %s", expression, strings.TrimPrefix(err.Error(), "error parsing regexp: ")),
				`in a plain text, write \ before each of ( ) [ ] { } . * + ? ^ $ |; in single quotes, \ needs no doubling`)
			broken = true
			continue
		case re.MatchString(""):
			k.Add("patterns", fmt.Sprintf("%q matches every line, even an empty one", expression), `write what the line must contain, for example '^T(?P<temperature>[-0-9.]+)'`)
		}
		groups = append(groups, slices.DeleteFunc(re.SubexpNames(), func(name string) bool { return name == "" })...)
	}
	if len(k.Device.Patterns) == 0 {
		k.Add("patterns", "the patterns are missing", `write patterns = ['^T(?P<temperature>[-0-9.]+) H(?P<humidity>[0-9]+)']`)
		return
	}
	if broken {
		return // the groups are not known
	}
	try := "the patterns have no named groups: write one such as (?P<temperature>[-0-9.]+)"
	if len(groups) > 0 {
		try = "the groups are " + strings.Join(groups, ", ")
	}
	checkKey := func(key string) (what, hint string) {
		if !slices.Contains(groups, key) {
			return fmt.Sprintf("no pattern has a group %q", key), try
		}
		return "", ""
	}
	checkMatches(k, checkKey)
	for _, f := range k.Device.Fields {
		k.At = mapping.Problem{Field: f.ID}
		if what, hint := checkKey(f.WireKey()); what != "" {
			k.Add("key", what, hint)
		}
	}
}

// Decode reads one line by the first expression that matches. A group that did not take part has no value.
func (r *regexCodec) Decode(text []byte) (readings []relay.Reading, ok bool) {
	r.begin()
	for i := range r.patterns {
		p := &r.patterns[i]
		at := p.re.FindSubmatchIndex(text)
		if at == nil {
			continue
		}
		for g := range p.groups {
			s := &p.groups[g]
			if at[2*g] >= 0 && len(s.fields)+len(s.conditions) > 0 {
				r.setText(s, text[at[2*g]:at[2*g+1]])
			}
		}
		return r.end()
	}
	r.tap.Because("no pattern matches it")
	return nil, false
}
