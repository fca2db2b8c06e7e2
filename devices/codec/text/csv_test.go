package text

import (
	"strings"
	"testing"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

func suffix(s string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Suffix = s }
}

func bsec() mapping.DeviceConfig {
	return Headed(CSVDevice(
		Field("temperature", relay.TypeNumber, Key("temperature [°C]"), Plausible(-40, 85)),
		Field("pressure", relay.TypeNumber, Key("pressure [hPa]"), Scaled(0.01, 0)),
		Field("accuracy", relay.TypeEnum, Key("IAQ accuracy"), Values("stabilizing", "0", "low", "1", "medium", "2", "high", "3"),
			Options("stabilizing", "low", "medium", "high"))))
}

func benchScale() mapping.DeviceConfig {
	d := CSVDevice(Field("stable", relay.TypeBool, Column(1), Values("true", "ST", "false", "US")),
		Field("weight", relay.TypeNumber, Column(2), suffix("g"), Plausible(-220, 220)))
	d.Separator, d.DecimalComma, d.Columns = ";", true, 2
	return d
}

func TestCSV(t *testing.T) {
	number := CSVDevice(Field("a", relay.TypeNumber, Column(1)), Field("c", relay.TypeNumber, Column(3)))
	spaced := number
	spaced.Separator = " "
	tabbed := number
	tabbed.Separator = "\t"
	bare := CSVDevice(Field("s", relay.TypeText, Column(2)))
	bare.Quote, bare.Comment = "", ""
	gps := number
	gps.Match = map[string]string{"2": "GPS"}
	for name, tt := range map[string]struct {
		device     mapping.DeviceConfig
		line, want string
	}{
		"plain":            {number, "1,2,3", "a=1 c=3"},
		"more columns":     {number, "1,2,3,4", "a=1 c=3"},
		"fewer columns":    {number, "1,2", "! columns: 2, but a field reads column 3"},
		"spaces":           {number, " 1 , 2 ,\t3 ", "a=1 c=3"},
		"empty":            {number, ",,", "a=null c=null"},
		"dashes":           {number, "--,2,N/A", "a=null c=null"},
		"nan":              {number, "nan,2,-nan", "a=null c=null"},
		"one broken":       {number, "1,2,x", `a=1 c=null ! c: "x" is not a number`},
		"nothing readable": {number, "x,y,z", "! none of its columns can be read"},
		"signs":            {number, "+01.50,,-.5e1", "a=1.5 c=-5"},
		"hexadecimal":      {number, "0x10,,1", `a=null c=1 ! a: "0x10" is not a number`},
		"two points":       {number, "1.2.3,,1", `a=null c=1 ! a: "1.2.3" is not a number`},
		"long":             {number, "123456789.123456789,,12345678901234567890", "a=123456789.12345679 c=12345678901234567000"},
		"too great":        {number, "1e999,,1", `a=null c=1 ! a: "1e999" is not a number`},
		"quoted number":    {number, `"1",2,"3"`, "a=1 c=3"},
		"separator quoted": {number, `1,"2,5",3`, "a=1 c=3"},
		"quote in quotes":  {number, `1,"a ""b"", c",3`, "a=1 c=3"},
		"quote not closed": {number, `1,"2,3`, "! a quote is not closed, or is followed by other text, in column 2"},
		"behind the quote": {number, `1,"2"x,3`, "! a quote is not closed, or is followed by other text, in column 2"},
		"no quotes":        {bare, `1,"2`, `s="2`},
		"no comments":      {bare, `#1,2`, `s=2`},
		"comment":          {number, "# 1,2,3", "nothing"},
		"by spaces":        {spaced, "  1   2\t3 ", "a=1 c=3"},
		"spaces, quoted":   {spaced, `1 "2 5" 3`, "a=1 c=3"},
		"by tabs":          {tabbed, "1\t\t3", "a=1 c=3"},
		"match":            {gps, "1,GPS,3", "a=1 c=3"},
		"no match":         {gps, "1,ENV,3", `! 2 is not "GPS"`},
		"bool":             {CSVDevice(Field("b", relay.TypeBool, Column(1)), Field("c", relay.TypeBool, Column(2)), Field("d", relay.TypeBool, Column(3))), "1,TRUE,false", "b=true c=true d=false"},
		"enum by number":   {CSVDevice(Field("e", relay.TypeEnum, Column(1), Values("off", "0", "on", "1"))), "1.0", "e=on"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := readLines(t, tt.device, strings.NewReader("\n"+tt.line+"\n")); got != tt.want+"\n" {
				t.Errorf("%s: %s", tt.line, got)
			}
		})
	}
}

// The law: what was put into columns comes out of them, whatever it is.
func FuzzCSVGivesBackWhatWasWritten(f *testing.F) {
	f.Add("a", "b,c", `d"e`, false)
	f.Add("", " x ", `""`, true)
	f.Fuzz(func(t *testing.T, a, b, c string, tabs bool) {
		d := CSVDevice(Field("a", relay.TypeText, Column(1)), Field("b", relay.TypeText, Column(2)), Field("c", relay.TypeText, Column(3)))
		d.Comment, d.Columns = "", 3
		separator := ","
		if tabs {
			separator = "\t"
		}
		d.Separator = separator
		quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
		codec, err := newCodec(d, new(wire.Tap))
		if err != nil {
			t.Fatal(err)
		}
		readings, ok := codec.Decode([]byte(quote(a) + separator + " " + quote(b) + separator + quote(c)))
		if !ok || len(readings) != 3 {
			t.Fatalf("%q %q %q: %v", a, b, c, readings)
		}
		for i, want := range []string{a, b, c} {
			if readings[i].Value.Text() != want {
				t.Errorf("%q came back as %q", want, readings[i].Value.Text())
			}
		}
	})
}
