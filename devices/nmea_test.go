package devices

import (
	"fmt"
	"strings"
	"testing"

	"minirelay/devices/mapping"

	"minirelay/devices/wire"

	"minirelay/relay"
)

func nmeaDevice(fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := device(fields...)
	d.Codec = "nmea"
	return d
}

func ublox() mapping.DeviceConfig {
	number := func(id, k string) mapping.FieldConfig { return field(id, relay.TypeNumber, key(k)) }
	return nmeaDevice(number("lat", "latitude"), number("lon", "longitude"), number("alt", "altitude"), number("speed", "speed"),
		number("course", "course"), field("fix", relay.TypeBool), field("quality", relay.TypeEnum, key("fix_quality"), values("none", "0", "gps", "1", "dgps", "2")),
		field("mode", relay.TypeEnum, key("fix_type"), values("none", "1", "2d", "2", "3d", "3")), number("sats", "satellites"), number("hdop", "hdop"),
		field("time", relay.TypeText), number("unix", "time"), number("view", "GPGSV.3"), number("pubx", "PUBX.7"))
}

func boat() mapping.DeviceConfig {
	number := func(id, k string) mapping.FieldConfig { return field(id, relay.TypeNumber, key(k)) }
	return nmeaDevice(number("awa", "wind_angle"), number("aws", "wind_speed"), number("twa", "true_wind_angle"), number("tws", "true_wind_speed"),
		number("depth", "depth"), number("water", "water_temperature"), number("log", "water_speed"), number("heading", "heading"), number("compass", "magnetic_heading"))
}

// sentence puts a checksum onto what stands between $ and *.
func sentence(body string) string { return string(nmeaSeal{}.Seal([]byte("$" + body))) }

func TestNMEA(t *testing.T) {
	gn := ublox()
	gn.Match = map[string]string{"talker": "GN"}
	first := nmeaDevice(field("x", relay.TypeNumber, key("XDR.2"), match("XDR.4", "TEMP1")), field("y", relay.TypeNumber, key("XDR.2"), match("XDR.4", "TEMP2")))
	for name, tt := range map[string]struct {
		device     mapping.DeviceConfig
		body, want string
	}{
		"south and west":      {ublox(), "GPGLL,3345.0,S,15130.0,W,092321.00,A,A", "lat=-33.75 lon=-151.5 fix=true"},
		"no fix, old place":   {ublox(), "GPGGA,092725.00,4717.11399,N,00833.91590,E,0,03,9.9,499.6,M,48.0,M,,", "lat=null lon=null alt=null fix=false quality=none sats=3 hdop=null"},
		"standing still":      {ublox(), "GPRMC,083559.00,A,4717.0,N,00833.0,E,0.0,,091202,,,A", "lat=47.2833333333 lon=8.55 speed=0 course=null fix=true time=2002-12-09T08:35:59Z unix=1039422959"},
		"fractions":           {ublox(), "GPZDA,082710.25,16,09,2002,00,00", "time=2002-09-16T08:27:10Z unix=1032164830.25"},
		"beyond the pole":     {ublox(), "GPGLL,9100.0,N,00833.0,E,092321.00,A,A", `lat=null lon=8.55 fix=true ! lat: 9100.0 N is no number that a sensor can mean`},
		"no such day":         {ublox(), "GPZDA,082710.00,31,02,2002,00,00", `time=null unix=null ! time: 082710.00 31022002 is no text; unix: 082710.00 31022002 is no number that a sensor can mean`},
		"no such hour":        {ublox(), "GPZDA,252710.00,16,09,2002,00,00", `time=null unix=null ! time: 252710.00 16092002 is no text; unix: 252710.00 16092002 is no number that a sensor can mean`},
		"quality of the air":  {ublox(), "GPGGA,092725.00,4717.0,N,00833.0,E,9,08,x,499.6,M,48.0,M,,", `lat=47.2833333333 lon=8.55 alt=499.6 fix=true quality=null sats=8 hdop=null ! quality: "9" is none of "2", "1", "0"; hdop: "x" is no number`},
		"combined receiver":   {ublox(), "GNGNS,014035.00,4332.69262,S,17235.48549,E,RR,13,0.9,25.63,11.24,,", "lat=-43.544877 lon=172.591424833 alt=25.63 fix=true sats=13 hdop=0.9"},
		"combined, no fix":    {ublox(), "GNGNS,014035.00,,,,,NN,00,99.9,,,,", "lat=null lon=null alt=null fix=false sats=0 hdop=null"},
		"no hemisphere":       {ublox(), "GPGLL,100,,100,E,092321.00,A,A", `lat=null lon=1 fix=true ! lat: 100  is no number that a sensor can mean`},
		"short sentence":      {ublox(), "GPGGA,092725.00", "lat=null lon=null alt=null fix=false hdop=null"},
		"no position":         {nmeaDevice(field("v", relay.TypeNumber, key("GSV.9"))), "GPGSV,1,1,00", "nothing"},
		"another talker":      {gn, "GPGLL,4717.0,N,00833.0,E,092321.00,A,A", `! talker is not "GN"`},
		"the talker":          {gn, "GNGLL,4717.0,N,00833.0,E,092321.00,A,A", "lat=47.2833333333 lon=8.55 fix=true"},
		"kind by a raw place": {first, "WIXDR,C,19.5,C,TEMP2", "y=19.5"},
		"of a maker's own":    {ublox(), "PXYZ,1,2", "nothing"},
		"empty":               {ublox(), "", "! it is no NMEA sentence: sentence prefix is empty"},
		"invalid wind":        {boat(), "WIMWV,,R,,N,V", "awa=null aws=null"},
		"wind in no unit":     {boat(), "WIMWV,12.0,R,3.0,X,A", `awa=12 aws=null ! aws: 3.0 X is no number that a sensor can mean`},
		"no true north":       {boat(), "GPTHS,338.01,V", "heading=null"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := readLines(t, tt.device, strings.NewReader("\n"+sentence(tt.body)+"\n")); got != tt.want+"\n" {
				t.Errorf("%s\n got %s\nwant %s", tt.body, got, tt.want)
			}
		})
	}
}

// A sentence of a type that is known to nobody is counted. One that nobody asks for is not; both show that the
// talker is alive.
func TestUnknownSentences(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		d := nmeaDevice(field("lat", relay.TypeNumber, key("latitude")), field("own", relay.TypeNumber, key("PXYZ.1")))
		r.apply(d)
		r.board().say(sentence("PABC,1"), sentence("GPGSV,1,1,00"), sentence("PXYZ,7"), sentence("PABC,2"), sentence("ABXXX,1"))
		if c := r.counts(); c.Unknown != 3 || c.Frames != 5 || c.Noise != 0 {
			t.Errorf("%+v", c)
		}
		if r.last("availability") != "online" || r.field("own") != 7.0 {
			t.Error(r.last("availability"), r.last("state"))
		}
	})
}

// The first line after the port was opened is taken too: its checksum says that it is whole. Commands get theirs.
func TestCommandToAReceiver(t *testing.T) {
	d := nmeaDevice(field("lat", relay.TypeNumber, key("latitude")))
	rate := mapping.DefaultCommand()
	rate.ID, rate.Type, rate.Min, rate.Max = "rate", relay.TypeNumber, 100, 10000
	rate.Send, rate.Expect, rate.Refuse = "$PMTK220,{value}\r\n", `^\$PMTK001,220,3$`, `^\$PMTK001,220,[0-2]$`
	d.Commands = []mapping.CommandConfig{rate}
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		b.say(sentence("GPGLL,4717.0,N,00833.0,E,092321.00,A,A"))
		if r.field("lat") == nil {
			t.Error("the first sentence was lost")
		}
		r.ask(`{"id":"a","command":"rate","value":1000}`)
		if got := b.hear(); got != "$PMTK220,1000*1F" {
			t.Error(got)
		}
		b.say("$PMTK001,220,3*30")
		r.ask(`{"id":"b","command":"rate","value":200}`)
		b.hear()
		b.say(sentence("PMTK001,220,1"))
		if got := r.results(); got != "a done after 0s; b failed/refused after 0s: the hardware refused it" {
			t.Error(got)
		}
	})
}

func TestCheckNMEA(t *testing.T) {
	names := "latitude, longitude, altitude, speed, speed_knots, course, fix, fix_quality, fix_type, satellites, hdop, vdop, pdop, geoid_separation, " +
		"time, heading, magnetic_heading, depth, water_speed, water_temperature, wind_angle, wind_speed, true_wind_angle, true_wind_speed, talker"
	for name, tt := range map[string]struct {
		field mapping.FieldConfig
		want  string
	}{
		"good":        {field("latitude", relay.TypeNumber), ""},
		"raw":         {field("x", relay.TypeText, key("XDR.2")), ""},
		"unknown":     {field("lat", relay.TypeNumber), `field "lat": key: nothing in a sentence is called "lat"; use ` + names + `, or the place in a sentence as in GSV.3`},
		"place 0":     {field("x", relay.TypeNumber, key("GSV.0")), `field "x": key: nothing in a sentence is called "GSV.0"; use ` + names + `, or the place in a sentence as in GSV.3`},
		"type":        {field("latitude", relay.TypeText), `field "latitude": type: latitude cannot be a text; use number`},
		"type of fix": {field("fix", relay.TypeNumber), `field "fix": type: fix cannot be a number; use bool`},
		"words":       {field("fix", relay.TypeBool, values("true", "A", "false", "V")), `field "fix": values: fix is true or false already; leave it out`},
		"time":        {field("time", relay.TypeBool), `field "time": type: time cannot be a bool; use text or number`},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range CheckDevice(nmeaDevice(tt.field)) {
				got = append(got, p.String())
			}
			if strings.Join(got, " | ") != tt.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " | "), tt.want)
			}
		})
	}
	a, b := ublox(), ublox()
	if CannotShare(a, b) == "" {
		t.Error("both would take the same sentences")
	}
	a.Match, b.Match = map[string]string{"talker": "GP"}, map[string]string{"talker": "GL"}
	if why := CannotShare(a, b); why != "" {
		t.Error(why)
	}
}

// The laws: a line whose checksum is wrong says nothing; no sentence puts anybody beyond a pole; what was sealed is
// unsealed to the same.
func FuzzNMEA(f *testing.F) {
	f.Add("GPGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,", byte(3))
	f.Add("GPRMC,,V,,,,,,,,,,N", byte(0))
	f.Add("Q", byte(0))
	f.Add("GNGNS,NaN,9999.9,N,-1,W,AAAAAA,,,,,,", byte(200))
	f.Fuzz(func(t *testing.T, body string, flip byte) {
		if strings.ContainsAny(body, "$!*\r\n") || strings.TrimSpace(body) != body {
			t.Skip()
		}
		codec, err := NewCodec(ublox(), new(wire.Counters))
		if err != nil {
			t.Fatal(err)
		}
		line := sentence(body)
		text, ok := codec.Unseal([]byte(line))
		if !ok || string(text) != "$"+body {
			t.Fatalf("%q was unsealed to %q", line, text)
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
				if _, ok := codec.Unseal(broken); ok {
					t.Errorf("%q was taken for whole", broken)
				}
			}
		}
	})
}

func BenchmarkNMEA(b *testing.B) {
	codec, err := NewCodec(ublox(), new(wire.Counters))
	if err != nil {
		b.Fatal(err)
	}
	line := []byte(sentence("GPGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,"))
	b.ReportAllocs()
	for b.Loop() {
		text, ok := codec.Unseal(line)
		if _, ok2 := codec.Decode(text); !ok || !ok2 {
			b.Fatal(fmt.Sprint(ok, ok2))
		}
	}
}
