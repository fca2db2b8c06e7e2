package devices

import (
	"strings"
	"testing"

	"minirelay/devices/mapping"

	"minirelay/devices/wire"

	"minirelay/relay"
)

func regexDevice(patterns []string, fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := device(fields...)
	d.Codec, d.Patterns = "regex", patterns
	return d
}

// balance is an A&D balance in its standard format.
func balance() mapping.DeviceConfig {
	return regexDevice([]string{`^(?P<stable>ST|US),(?P<weight>[-+][0-9.]+) +g$`, `^(?P<overload>OL),`},
		field("weight", relay.TypeNumber), field("stable", relay.TypeBool, values("true", "ST", "false", "US")),
		field("overload", relay.TypeBool, values("true", "OL", "false", "")))
}

func TestRegex(t *testing.T) {
	two := regexDevice([]string{`^T(?P<t>[-0-9.]+)(?: H(?P<h>[0-9]+))?$`, `^P(?P<p>[01])$`, `^.(?P<t>1)$`},
		field("t", relay.TypeNumber, plausible(-40, 85)), field("h", relay.TypeNumber), field("pump", relay.TypeBool, key("p")), field("again", relay.TypeText, key("t")))
	comma := regexDevice([]string{`T=(?P<t>\S+)`}, field("t", relay.TypeNumber, suffix("C")))
	comma.DecimalComma = true
	kinds := regexDevice([]string{`^(?P<kind>[A-Z]):(?P<v>.+)$`}, field("a", relay.TypeNumber, key("v"), match("kind", "A")), field("b", relay.TypeText, key("v"), match("kind", "B")))
	kinds.Match = map[string]string{"v": "7"}
	both := kinds
	both.Match = nil
	for name, tt := range map[string]struct {
		device     mapping.DeviceConfig
		line, want string
	}{
		"first":             {two, "T21.5 H40", "t=21.5 again=21.5 h=40"},
		"group left out":    {two, "T-3", "t=-3 again=-3"},
		"second":            {two, "P1", "pump=true"},
		"first that fits":   {two, "T1", "t=1 again=1"},
		"third":             {two, "X1", "t=1 again=1"},
		"none":              {two, "T21.5 H40 X", "! no pattern fits it"},
		"out of range":      {two, "T99", "t=null again=99 ! t: 99 is more than its max of 85"},
		"no number":         {two, "T1.2.3", `t=null again=1.2.3 ! t: "1.2.3" is no number`},
		"comma and unit":    {comma, "now T=21,5C", "t=21.5"},
		"kind of field":     {both, "A:12", "a=12"},
		"other kind":        {both, "B:12", "b=12"},
		"unknown kind":      {both, "C:12", "nothing"},
		"not of the device": {kinds, "A:12", `! v is not "7"`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := readLines(t, tt.device, strings.NewReader("\n"+tt.line+"\n")); got != tt.want+"\n" {
				t.Errorf("%s: %s", tt.line, got)
			}
		})
	}
}

func TestCheckRegex(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*mapping.DeviceConfig)
		want   string
	}{
		"good":      {func(d *mapping.DeviceConfig) {}, ""},
		"none":      {func(d *mapping.DeviceConfig) { d.Patterns = nil }, `patterns: nothing says how the lines look; write patterns = ['^T(?P<temperature>[-0-9.]+) H(?P<humidity>[0-9]+)']`},
		"broken":    {func(d *mapping.DeviceConfig) { d.Patterns[0] = "^T(" }, "patterns: \"^T(\" is no regular expression: missing closing ): `^T(`; a plain text needs \\ in front of ( ) [ ] { } . * + ? ^ $ |; single quotes around the expression leave \\ as it is"},
		"fits all":  {func(d *mapping.DeviceConfig) { d.Patterns[0] = `(?P<a>\d*)` }, `patterns: "(?P<a>\\d*)" fits every line, even an empty one; write what the line must hold, as in '^T(?P<temperature>[-0-9.]+)'`},
		"no group":  {func(d *mapping.DeviceConfig) { d.Fields[0].Key = "x" }, `field "a": key: no pattern has a group "x"; there are a`},
		"no groups": {func(d *mapping.DeviceConfig) { d.Patterns[0] = `^T(\d+)` }, `field "a": key: no pattern has a group "a"; the patterns have no named groups: write one as in (?P<temperature>[-0-9.]+)`},
		"match":     {func(d *mapping.DeviceConfig) { d.Match = map[string]string{"kind": "T"} }, `match: no pattern has a group "kind"; there are a`},
	} {
		t.Run(name, func(t *testing.T) {
			d := regexDevice([]string{`^T(?P<a>\d+)`}, field("a", relay.TypeNumber))
			tt.change(&d)
			var got []string
			for _, p := range CheckDevice(d) {
				got = append(got, p.String())
			}
			if strings.Join(got, " | ") != tt.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " | "), tt.want)
			}
		})
	}
}

// The law: what a group caught is what the field says, and a line that does not fit says nothing.
func FuzzRegexGroups(f *testing.F) {
	f.Add("T21.5;note")
	f.Add("T;")
	f.Add("T1;\xff")
	d := regexDevice([]string{`^T(?P<t>[^;]*);(?P<s>.*)$`}, field("t", relay.TypeText), field("s", relay.TypeText))
	f.Fuzz(func(t *testing.T, line string) {
		codec, err := NewCodec(d, new(wire.Counters))
		if err != nil {
			t.Fatal(err)
		}
		readings, ok := codec.Decode([]byte(line))
		head, tail, cut := strings.Cut(line, ";")
		if fits := cut && strings.HasPrefix(head, "T") && !strings.Contains(tail, "\n"); ok != fits {
			t.Fatalf("%q: %v", line, ok)
		}
		if ok && (readings[0].Value.Text() != head[1:] || readings[1].Value.Text() != tail) {
			t.Errorf("%q gave %v", line, readings)
		}
	})
}

// Devices whose lines nobody else takes for theirs share a port without match.
func TestRegexSharesALine(t *testing.T) {
	a, b := balance(), csvDevice(field("x", relay.TypeNumber, column(2)))
	b.Match = map[string]string{"1": "X"}
	if why := CannotShare(a, b); why != "" {
		t.Error(why)
	}
	b.Match = nil
	if CannotShare(a, b) == "" {
		t.Error("lines of numbers would swallow those of the other")
	}
}
