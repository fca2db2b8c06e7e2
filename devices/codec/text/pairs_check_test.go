package text_test

import (
	"strings"
	"testing"

	"minirelay/devices"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

func TestCheckPairs(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*mapping.DeviceConfig)
		want   string
	}{
		"good":      {func(d *mapping.DeviceConfig) {}, ""},
		"separator": {func(d *mapping.DeviceConfig) { d.Separator = "\x01" }, `separator: "\x01" contains a character that cannot separate; write each character that may occur there, for example ";,"`},
		"no assign": {func(d *mapping.DeviceConfig) { d.Assign = "" }, `assign: a key and its value have no character between them; leave it out for "=:"`},
		"both":      {func(d *mapping.DeviceConfig) { d.Separator = " :" }, `assign: one of its characters also separates pairs; choose another separator`},
		"comma":     {func(d *mapping.DeviceConfig) { d.Separator, d.DecimalComma = ",", true }, `decimal_comma: the comma already separates pairs; use another separator, for example separator = ";"`},
		"key":       {func(d *mapping.DeviceConfig) { d.Fields[0].Key = "soil moisture" }, `field "a": key: "soil moisture" cannot be a key: it contains a character of separator or assign; choose another key, separator or assign`},
		"match":     {func(d *mapping.DeviceConfig) { d.Match = map[string]string{"a=b": ""} }, `match: "a=b" cannot be a key: it contains a character of separator or assign; choose another key, separator or assign`},
		"two words": {func(d *mapping.DeviceConfig) { d.Fields[0].Key, d.Separator = "soil moisture", ";" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := PairsDevice(Field("a", relay.TypeNumber))
			tt.change(&d)
			var got []string
			for _, p := range devices.CheckDevice(d) {
				got = append(got, p.String())
			}
			if all := strings.Join(got, " | "); all != tt.want {
				t.Errorf("got  %s\nwant %s", all, tt.want)
			}
		})
	}
}
