package text

import (
	"fmt"
	"strings"
	"testing"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

func boat() mapping.DeviceConfig {
	number := func(id, k string) mapping.FieldConfig { return Field(id, relay.TypeNumber, Key(k)) }
	return NMEADevice(number("awa", "wind_angle"), number("aws", "wind_speed"), number("twa", "true_wind_angle"), number("tws", "true_wind_speed"),
		number("depth", "depth"), number("water", "water_temperature"), number("log", "water_speed"), number("heading", "heading"), number("compass", "magnetic_heading"))
}

func TestNMEA(t *testing.T) {
	gn := Ublox()
	gn.Match = map[string]string{"talker": "GN"}
	first := NMEADevice(Field("x", relay.TypeNumber, Key("XDR.2"), Match("XDR.4", "TEMP1")), Field("y", relay.TypeNumber, Key("XDR.2"), Match("XDR.4", "TEMP2")))
	for name, tt := range map[string]struct {
		device     mapping.DeviceConfig
		body, want string
	}{
		"south and west":      {Ublox(), "GPGLL,3345.0,S,15130.0,W,092321.00,A,A", "lat=-33.75 lon=-151.5 fix=true"},
		"no fix, old place":   {Ublox(), "GPGGA,092725.00,4717.11399,N,00833.91590,E,0,03,9.9,499.6,M,48.0,M,,", "lat=null lon=null alt=null fix=false quality=none sats=3 hdop=null"},
		"standing still":      {Ublox(), "GPRMC,083559.00,A,4717.0,N,00833.0,E,0.0,,091202,,,A", "lat=47.2833333333 lon=8.55 speed=0 course=null fix=true time=2002-12-09T08:35:59Z unix=1039422959"},
		"fractions":           {Ublox(), "GPZDA,082710.25,16,09,2002,00,00", "time=2002-09-16T08:27:10Z unix=1032164830.25"},
		"beyond the pole":     {Ublox(), "GPGLL,9100.0,N,00833.0,E,092321.00,A,A", `lat=null lon=8.55 fix=true ! lat: 9100.0 N is not a usable number`},
		"no such day":         {Ublox(), "GPZDA,082710.00,31,02,2002,00,00", `time=null unix=null ! time: 082710.00 31022002 is not a text; unix: 082710.00 31022002 is not a usable number`},
		"no such hour":        {Ublox(), "GPZDA,252710.00,16,09,2002,00,00", `time=null unix=null ! time: 252710.00 16092002 is not a text; unix: 252710.00 16092002 is not a usable number`},
		"quality of the air":  {Ublox(), "GPGGA,092725.00,4717.0,N,00833.0,E,9,08,x,499.6,M,48.0,M,,", `lat=47.2833333333 lon=8.55 alt=499.6 fix=true quality=null sats=8 hdop=null ! quality: "9" is not one of "2", "1", "0"; hdop: "x" is not a number`},
		"combined receiver":   {Ublox(), "GNGNS,014035.00,4332.69262,S,17235.48549,E,RR,13,0.9,25.63,11.24,,", "lat=-43.544877 lon=172.591424833 alt=25.63 fix=true sats=13 hdop=0.9"},
		"combined, no fix":    {Ublox(), "GNGNS,014035.00,,,,,NN,00,99.9,,,,", "lat=null lon=null alt=null fix=false sats=0 hdop=null"},
		"no hemisphere":       {Ublox(), "GPGLL,100,,100,E,092321.00,A,A", `lat=null lon=1 fix=true ! lat: 100  is not a usable number`},
		"short sentence":      {Ublox(), "GPGGA,092725.00", "lat=null lon=null alt=null fix=false hdop=null"},
		"no position":         {NMEADevice(Field("v", relay.TypeNumber, Key("GSV.9"))), "GPGSV,1,1,00", "nothing"},
		"another talker":      {gn, "GPGLL,4717.0,N,00833.0,E,092321.00,A,A", `! talker is not "GN"`},
		"the talker":          {gn, "GNGLL,4717.0,N,00833.0,E,092321.00,A,A", "lat=47.2833333333 lon=8.55 fix=true"},
		"kind by a raw place": {first, "WIXDR,C,19.5,C,TEMP2", "y=19.5"},
		"of a maker's own":    {Ublox(), "PXYZ,1,2", "nothing"},
		"empty":               {Ublox(), "", "! it is not an NMEA sentence: sentence prefix is empty"},
		"invalid wind":        {boat(), "WIMWV,,R,,N,V", "awa=null aws=null"},
		"wind in no unit":     {boat(), "WIMWV,12.0,R,3.0,X,A", `awa=12 aws=null ! aws: 3.0 X is not a usable number`},
		"no true north":       {boat(), "GPTHS,338.01,V", "heading=null"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := readLines(t, tt.device, strings.NewReader("\n"+Sentence(tt.body)+"\n")); got != tt.want+"\n" {
				t.Errorf("%s\n got %s\nwant %s", tt.body, got, tt.want)
			}
		})
	}
}

// The laws: a line whose checksum is wrong says nothing; no sentence puts anybody beyond a pole; what was sealed is
// stripped to the same.
func FuzzNMEA(f *testing.F) {
	f.Add("GPGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,", byte(3))
	f.Add("GPRMC,,V,,,,,,,,,,N", byte(0))
	f.Add("Q", byte(0))
	f.Add("GNGNS,NaN,9999.9,N,-1,W,AAAAAA,,,,,,", byte(200))
	f.Fuzz(func(t *testing.T, body string, flip byte) {
		if strings.ContainsAny(body, "$!*\r\n") || strings.TrimSpace(body) != body {
			t.Skip()
		}
		codec, err := newCodec(Ublox(), new(wire.Tap))
		if err != nil {
			t.Fatal(err)
		}
		line := Sentence(body)
		text, ok := codec.CheckSum([]byte(line))
		if !ok || string(text) != "$"+body {
			t.Fatalf("%q was stripped to %q", line, text)
		}
		readings, _ := codec.Decode(text)
		for _, r := range readings[:min(len(readings), 2)] {
			if n := r.Value.Number(); r.Field == 0 && (n < -90 || n > 90) || r.Field == 1 && (n < -180 || n > 180) {
				t.Errorf("%q: %v", line, n)
			}
		}
		broken := []byte(line)
		if i := 1 + int(flip)%(len(broken)-1); len(body) > 0 && i <= len(body) {
			broken[i] ^= 1
			if broken[i] != '$' && broken[i] != '!' && broken[i] != '*' && broken[i] != ' ' {
				if _, ok := codec.CheckSum(broken); ok {
					t.Errorf("%q was taken for whole", broken)
				}
			}
		}
	})
}

func BenchmarkNMEA(b *testing.B) {
	codec, err := newCodec(Ublox(), new(wire.Tap))
	if err != nil {
		b.Fatal(err)
	}
	line := []byte(Sentence("GPGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,"))
	b.ReportAllocs()
	for b.Loop() {
		text, ok := codec.CheckSum(line)
		if _, ok2 := codec.Decode(text); !ok || !ok2 {
			b.Fatal(fmt.Sprint(ok, ok2))
		}
	}
}
