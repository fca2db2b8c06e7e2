package devices

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"minirelay/devices/codec"

	"minirelay/devices/mapping"

	"minirelay/devices/wire"

	"minirelay/relay"
)

func csvDevice(fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := device(fields...)
	d.Codec = "csv"
	return d
}

func column(n int) func(*mapping.FieldConfig) { return func(f *mapping.FieldConfig) { f.Column = n } }
func suffix(s string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Suffix = s }
}

func headed(d mapping.DeviceConfig) mapping.DeviceConfig {
	d.Header = true
	return d
}

func bsec() mapping.DeviceConfig {
	return headed(csvDevice(
		field("temperature", relay.TypeNumber, key("temperature [°C]"), plausible(-40, 85)),
		field("pressure", relay.TypeNumber, key("pressure [hPa]"), scaled(0.01, 0)),
		field("accuracy", relay.TypeEnum, key("IAQ accuracy"), values("stabilizing", "0", "low", "1", "medium", "2", "high", "3"),
			options("stabilizing", "low", "medium", "high"))))
}

func benchScale() mapping.DeviceConfig {
	d := csvDevice(field("stable", relay.TypeBool, column(1), values("true", "ST", "false", "US")),
		field("weight", relay.TypeNumber, column(2), suffix("g"), plausible(-220, 220)))
	d.Separator, d.DecimalComma, d.Columns = ";", true, 2
	return d
}

func TestCSV(t *testing.T) {
	number := csvDevice(field("a", relay.TypeNumber, column(1)), field("c", relay.TypeNumber, column(3)))
	spaced := number
	spaced.Separator = " "
	tabbed := number
	tabbed.Separator = "\t"
	bare := csvDevice(field("s", relay.TypeText, column(2)))
	bare.Quote, bare.Comment = "", ""
	gps := number
	gps.Match = map[string]string{"2": "GPS"}
	for name, tt := range map[string]struct {
		device     mapping.DeviceConfig
		line, want string
	}{
		"plain":            {number, "1,2,3", "a=1 c=3"},
		"more columns":     {number, "1,2,3,4", "a=1 c=3"},
		"fewer columns":    {number, "1,2", "! columns: 2, but column 3 is read"},
		"spaces":           {number, " 1 , 2 ,\t3 ", "a=1 c=3"},
		"empty":            {number, ",,", "a=null c=null"},
		"dashes":           {number, "--,2,N/A", "a=null c=null"},
		"nan":              {number, "nan,2,-nan", "a=null c=null"},
		"one broken":       {number, "1,2,x", `a=1 c=null ! c: "x" is no number`},
		"nothing readable": {number, "x,y,z", "! nothing in it can be read"},
		"signs":            {number, "+01.50,,-.5e1", "a=1.5 c=-5"},
		"hexadecimal":      {number, "0x10,,1", `a=null c=1 ! a: "0x10" is no number`},
		"two points":       {number, "1.2.3,,1", `a=null c=1 ! a: "1.2.3" is no number`},
		"long":             {number, "123456789.123456789,,12345678901234567890", "a=123456789.12345679 c=12345678901234567000"},
		"too great":        {number, "1e999,,1", `a=null c=1 ! a: "1e999" is no number`},
		"quoted number":    {number, `"1",2,"3"`, "a=1 c=3"},
		"separator quoted": {number, `1,"2,5",3`, "a=1 c=3"},
		"quote in quotes":  {number, `1,"a ""b"", c",3`, "a=1 c=3"},
		"quote not closed": {number, `1,"2,3`, "! a quote is not closed, or something stands behind it, in column 2"},
		"behind the quote": {number, `1,"2"x,3`, "! a quote is not closed, or something stands behind it, in column 2"},
		"no quotes":        {bare, `1,"2`, `s="2`},
		"no comments":      {bare, `#1,2`, `s=2`},
		"comment":          {number, "# 1,2,3", "nothing"},
		"by spaces":        {spaced, "  1   2\t3 ", "a=1 c=3"},
		"spaces, quoted":   {spaced, `1 "2 5" 3`, "a=1 c=3"},
		"by tabs":          {tabbed, "1\t\t3", "a=1 c=3"},
		"match":            {gps, "1,GPS,3", "a=1 c=3"},
		"no match":         {gps, "1,ENV,3", `! 2 is not "GPS"`},
		"bool":             {csvDevice(field("b", relay.TypeBool, column(1)), field("c", relay.TypeBool, column(2)), field("d", relay.TypeBool, column(3))), "1,TRUE,false", "b=true c=true d=false"},
		"enum by number":   {csvDevice(field("e", relay.TypeEnum, column(1), values("off", "0", "on", "1"))), "1.0", "e=on"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := readLines(t, tt.device, strings.NewReader("\n"+tt.line+"\n")); got != tt.want+"\n" {
				t.Errorf("%s: %s", tt.line, got)
			}
		})
	}
}

// A board that is reset by the opening of its port says the names first, in the line that may be half of one. They
// outlive a change of the mapping, and of the port.
func TestHeaderIsLearntOnce(t *testing.T) {
	d := headed(csvDevice(field("t", relay.TypeNumber), field("h", relay.TypeNumber)))
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		r.board().say("ms,h,t", "1,40,21.5")
		if got, h := r.field("t"), r.field("h"); got != 21.5 || h != 40.0 {
			t.Errorf("%v, %v", got, h)
		}
		d.Fields = slices.Clone(d.Fields)
		d.Fields[0].Unit = "°C"
		d.Fields[1].Key = "ms"
		r.apply(d)
		r.board().say("2,41,22")
		if got, h := r.field("t"), r.field("h"); got != 22.0 || h != 2.0 {
			t.Errorf("%v, %v after a change of the mapping", got, h)
		}
		r.board().say("t,h,ms", "23,42,7")
		if got, h := r.field("t"), r.field("h"); got != 23.0 || h != 7.0 {
			t.Errorf("%v, %v after other names", got, h)
		}
	})
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		r.board().say("s,h,t", "1,40,21.5") // half of "ms", which the field h wants
		if got := r.field("t"); got != nil {
			t.Errorf("half a header was believed: %v", got)
		}
	})
}

func TestCheckCSV(t *testing.T) {
	good := csvDevice(field("a", relay.TypeNumber, column(1)))
	for name, tt := range map[string]struct {
		change func(*mapping.DeviceConfig)
		want   string
	}{
		"good":            {func(d *mapping.DeviceConfig) {}, ""},
		"separator":       {func(d *mapping.DeviceConfig) { d.Separator = ", " }, `separator: ", " is not one ASCII character; write one as in ";" or "\t"; " " stands for any number of spaces and tabs`},
		"separator, wide": {func(d *mapping.DeviceConfig) { d.Separator = "，" }, `separator: "，" is not one ASCII character; write one as in ";" or "\t"; " " stands for any number of spaces and tabs`},
		"comma twice":     {func(d *mapping.DeviceConfig) { d.DecimalComma = true }, `decimal_comma: the comma separates the columns already; name what does in separator, as in separator = ";"`},
		"quote":           {func(d *mapping.DeviceConfig) { d.Quote = "," }, `quote: "," is not one ASCII character other than the separator; leave it out for the double quote, or write "" for none`},
		"nowhere":         {func(d *mapping.DeviceConfig) { d.Fields[0].Column = 0 }, `field "a": column: nothing says where it stands; write column = 1 for the first one, or header = true in the device if a line with names comes first`},
		"twice":           {func(d *mapping.DeviceConfig) { d.Fields[0].Key = "t"; d.Header = true }, `field "a": key: column says already where it stands; keep one of the two`},
		"beyond":          {func(d *mapping.DeviceConfig) { d.Fields[0].Column = 4; d.Columns = 3 }, `field "a": column: a line has only 3 columns; name one of them, or mend columns`},
		"match":           {func(d *mapping.DeviceConfig) { d.Match = map[string]string{"type": "x", "0": "y"} }, `match: there is no column 0; the first column is 1 | match: "type" is no column; write its number, as in match = { 1 = "GPS" }, or header = true if a line with names comes first`},
	} {
		t.Run(name, func(t *testing.T) {
			d := good
			d.Fields = []mapping.FieldConfig{good.Fields[0]}
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

// The law: what was put into columns comes out of them, whatever it is.
func FuzzCSVGivesBackWhatWasWritten(f *testing.F) {
	f.Add("a", "b,c", `d"e`, false)
	f.Add("", " x ", `""`, true)
	f.Fuzz(func(t *testing.T, a, b, c string, tabs bool) {
		d := csvDevice(field("a", relay.TypeText, column(1)), field("b", relay.TypeText, column(2)), field("c", relay.TypeText, column(3)))
		d.Comment, d.Columns = "", 3
		separator := ","
		if tabs {
			separator = "\t"
		}
		d.Separator = separator
		quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
		codec, err := NewCodec(d, new(wire.Counters))
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

// The law: parseNumber reads what strconv reads, but for what no board means by a number.
func FuzzNumbersInText(f *testing.F) {
	for _, s := range []string{"21.5", "-0", "+1e-3", ".5", "5.", "1e400", "0.1000000000000000055511151231257827", "1_0", "0x1p3", "inf", "1e", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := codec.ParseNumber([]byte(s), false)
		want, err := strconv.ParseFloat(s, 64)
		if strings.ContainsAny(s, "xXpPiInN_") {
			want, err = 0, strconv.ErrSyntax
		}
		if err != nil {
			want = 0
		}
		if ok != (err == nil) || got != want {
			t.Errorf("%q: %v %v, strconv says %v %v", s, got, ok, want, err)
		}
		comma, ok2 := codec.ParseNumber([]byte(strings.ReplaceAll(s, ".", ",")), true)
		if !strings.Contains(s, ",") && (ok2 != ok || comma != got) {
			t.Errorf("%q with a comma: %v %v", s, comma, ok2)
		}
	})
}
