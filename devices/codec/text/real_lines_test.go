package text

import (
	"strings"
	"testing"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// Lines as real boards print them, which a strict reader would read wrongly or not at all.
func TestRealLines(t *testing.T) {
	hex := func(f *mapping.FieldConfig) { f.Base = 16 }
	suffix := func(s string) func(*mapping.FieldConfig) { return func(f *mapping.FieldConfig) { f.Suffix = s } }
	scale := CSVDevice(Field("weight", relay.TypeNumber, Column(3), suffix("kg")))
	rflink := PairsDevice(Field("temp", relay.TypeNumber, Key("TEMP"), hex, Scaled(0.1, 0)), Field("rain", relay.TypeNumber, Key("RAIN"), hex))
	rflink.Separator = ";"
	plain := PairsDevice(Field("temp", relay.TypeNumber, Key("TEMP")))
	plain.Separator = ";"
	dht := PairsDevice(Field("h", relay.TypeNumber, Key("Humidity"), suffix("%")), Field("t", relay.TypeNumber, Key("Temperature"), suffix("°C")))
	chinese := PairsDevice(Field("t", relay.TypeNumber, Key("温度"), suffix("℃")), Field("h", relay.TypeNumber, Key("湿度"), suffix("%")))
	wide := chinese
	wide.Assign = ":："
	gbk, latin := wide, dht
	gbk.Encoding, latin.Encoding = "gbk", "latin1"
	note := PairsDevice(Field("note", relay.TypeText), Field("n", relay.TypeNumber))
	noteGBK := note
	noteGBK.Encoding = "gbk"
	for name, tt := range map[string]struct {
		device     mapping.DeviceConfig
		line, want string
	}{
		"a sign before blanks":        {scale, "ST,NT,-  1.234kg", "weight=-1.234"},
		"a plus before blanks":        {scale, "ST,NT,+  1.234kg", "weight=1.234"},
		"blanks alone":                {scale, "ST,NT,   1.234kg", "weight=1.234"},
		"a sign alone":                {scale, "ST,NT,-  kg", "weight=null"},
		"hexadecimal":                 {rflink, "20;6D;DKW2012;TEMP=00e1;RAIN=0160;", "temp=22.5 rain=352"},
		"hexadecimal in upper case":   {rflink, "20;6D;DKW2012;TEMP=00E1;RAIN=0x160;", "temp=22.5 rain=352"},
		"no hexadecimal number":       {rflink, "20;6D;DKW2012;TEMP=00g1;RAIN=;", "temp=null rain=null"},
		"hexadecimal without base":    {plain, "20;TEMP=00e1;", "temp=null"},
		"another without base":        {plain, "20;TEMP=12e5;", "temp=null"},
		"an exponent":                 {plain, "20;TEMP=1.2e1;", "temp=12"},
		"a negative exponent":         {plain, "20;TEMP=12e-1;", "temp=1.2"},
		"UTF-8":                       {dht, "Humidity: 42.00%  Temperature: 21.00\xc2\xb0C", "h=42 t=21"},
		"Latin-1 passed over":         {dht, "Humidity: 42.00%  Temperature: 21.00\xb0C", "h=42 t=null"},
		"Latin-1":                     {latin, "Humidity: 42.00%  Temperature: 21.00\xb0C", "h=42 t=21"},
		"Chinese":                     {chinese, "温度:25.3℃ 湿度:40%", "t=25.3 h=40"},
		"full-width colon by default": {chinese, "温度：25.3℃ 湿度：40%", "t=25.3 h=40"},
		"full-width colon":            {wide, "温度：25.3℃ 湿度：40%", "t=25.3 h=40"},
		"GBK":                         {gbk, "\xce\xc2\xb6\xc8:25.3\xa1\xe6 \xca\xaa\xb6\xc8:40%", "t=25.3 h=40"},
		"GBK and a full-width colon":  {gbk, "\xce\xc2\xb6\xc8\xa3\xba25.3\xa1\xe6 \xca\xaa\xb6\xc8\xa3\xba40%", "t=25.3 h=40"},
		"a text that is not UTF-8":    {note, "note=\xce\xc2 n=7", "note=null n=7"},
		"a text in GBK":               {noteGBK, "note=\xce\xc2 n=7", "note=温 n=7"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, end := range []string{"\n", "\r", "\r\n", "\n\r"} {
				lines := strings.Split(strings.TrimSpace(readLines(t, tt.device, strings.NewReader("x"+end+tt.line+end))), "\n")
				if got, _, _ := strings.Cut(lines[len(lines)-1], " !"); got != tt.want {
					t.Errorf("%q: %s instead of %s", end, got, tt.want)
				}
			}
		})
	}
}
