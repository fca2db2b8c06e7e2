package text_test

import (
	"strings"
	"testing"

	"minirelay/devices"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

func TestCheckRegex(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*mapping.DeviceConfig)
		want   string
	}{
		"good":      {func(d *mapping.DeviceConfig) {}, ""},
		"none":      {func(d *mapping.DeviceConfig) { d.Patterns = nil }, `patterns: the patterns are missing; write patterns = ['^T(?P<temperature>[-0-9.]+) H(?P<humidity>[0-9]+)']`},
		"broken":    {func(d *mapping.DeviceConfig) { d.Patterns[0] = "^T(" }, "patterns: \"^T(\" is not a regular expression: missing closing ): `^T(`; in a plain text, write \\ before each of ( ) [ ] { } . * + ? ^ $ |; in single quotes, \\ needs no doubling"},
		"fits all":  {func(d *mapping.DeviceConfig) { d.Patterns[0] = `(?P<a>\d*)` }, `patterns: "(?P<a>\\d*)" matches every line, even an empty one; write what the line must contain, for example '^T(?P<temperature>[-0-9.]+)'`},
		"no group":  {func(d *mapping.DeviceConfig) { d.Fields[0].Key = "x" }, `field "a": key: no pattern has a group "x"; the groups are a`},
		"no groups": {func(d *mapping.DeviceConfig) { d.Patterns[0] = `^T(\d+)` }, `field "a": key: no pattern has a group "a"; the patterns have no named groups: write one such as (?P<temperature>[-0-9.]+)`},
		"match":     {func(d *mapping.DeviceConfig) { d.Match = map[string]string{"kind": "T"} }, `match: no pattern has a group "kind"; the groups are a`},
	} {
		t.Run(name, func(t *testing.T) {
			d := RegexDevice([]string{`^T(?P<a>\d+)`}, Field("a", relay.TypeNumber))
			tt.change(&d)
			var got []string
			for _, p := range devices.CheckDevice(d) {
				got = append(got, p.String())
			}
			if strings.Join(got, " | ") != tt.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " | "), tt.want)
			}
		})
	}
}

// Devices that take no line of another device share a port without match.
func TestRegexSharesALine(t *testing.T) {
	a, b := Balance(), CSVDevice(Field("x", relay.TypeNumber, Column(2)))
	b.Match = map[string]string{"1": "X"}
	if why := devices.CannotShare(a, b); why != "" {
		t.Error(why)
	}
	b.Match = nil
	if devices.CannotShare(a, b) == "" {
		t.Error("lines of numbers would swallow those of the other")
	}
}
