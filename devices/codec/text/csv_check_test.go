package text_test

import (
	"strings"
	"testing"

	"minirelay/devices"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

func TestCheckCSV(t *testing.T) {
	good := CSVDevice(Field("a", relay.TypeNumber, Column(1)))
	for name, tt := range map[string]struct {
		change func(*mapping.DeviceConfig)
		want   string
	}{
		"good":            {func(d *mapping.DeviceConfig) {}, ""},
		"separator":       {func(d *mapping.DeviceConfig) { d.Separator = ", " }, `separator: ", " is not one ASCII character; write one such as ";" or "\t"; " " is any number of spaces and tabs`},
		"separator, wide": {func(d *mapping.DeviceConfig) { d.Separator = "，" }, `separator: "，" is not one ASCII character; write one such as ";" or "\t"; " " is any number of spaces and tabs`},
		"comma twice":     {func(d *mapping.DeviceConfig) { d.DecimalComma = true }, `decimal_comma: the comma already separates the columns; use another separator, for example separator = ";"`},
		"quote":           {func(d *mapping.DeviceConfig) { d.Quote = "," }, `quote: "," is not one ASCII character other than the separator; leave it out for the double quote, or write "" for none`},
		"nowhere":         {func(d *mapping.DeviceConfig) { d.Fields[0].Column = 0 }, `field "a": column: the field has no column; write column = 1 for the first one, or header = true in the device if a line with names comes first`},
		"twice":           {func(d *mapping.DeviceConfig) { d.Fields[0].Key = "t"; d.Header = true }, `field "a": key: column already determines its position; keep one of the two`},
		"beyond":          {func(d *mapping.DeviceConfig) { d.Fields[0].Column = 4; d.Columns = 3 }, `field "a": column: a line has only 3 columns; use one of them, or correct columns`},
		"match":           {func(d *mapping.DeviceConfig) { d.Match = map[string]string{"type": "x", "0": "y"} }, `match: unknown column 0; the first column is 1 | match: "type" is not a column; write its number, for example match = { 1 = "GPS" }, or header = true if a line with names comes first`},
	} {
		t.Run(name, func(t *testing.T) {
			d := good
			d.Fields = []mapping.FieldConfig{good.Fields[0]}
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
