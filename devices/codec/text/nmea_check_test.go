package text_test

import (
	"strings"
	"testing"

	"minirelay/devices"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

func TestCheckNMEA(t *testing.T) {
	names := "latitude, longitude, altitude, speed, speed_knots, course, fix, fix_quality, fix_type, satellites, hdop, vdop, pdop, geoid_separation, " +
		"time, heading, magnetic_heading, depth, water_speed, water_temperature, wind_angle, wind_speed, true_wind_angle, true_wind_speed, talker"
	for name, tt := range map[string]struct {
		field mapping.FieldConfig
		want  string
	}{
		"good":        {Field("latitude", relay.TypeNumber), ""},
		"raw":         {Field("x", relay.TypeText, Key("XDR.2")), ""},
		"unknown":     {Field("lat", relay.TypeNumber), `field "lat": key: unknown key "lat"; use ` + names + `, or a position in a sentence, for example GSV.3`},
		"place 0":     {Field("x", relay.TypeNumber, Key("GSV.0")), `field "x": key: unknown key "GSV.0"; use ` + names + `, or a position in a sentence, for example GSV.3`},
		"type":        {Field("latitude", relay.TypeText), `field "latitude": type: latitude cannot be a text; use number`},
		"type of fix": {Field("fix", relay.TypeNumber), `field "fix": type: fix cannot be a number; use bool`},
		"words":       {Field("fix", relay.TypeBool, Values("true", "A", "false", "V")), `field "fix": values: fix is already true or false; leave it out`},
		"time":        {Field("time", relay.TypeBool), `field "time": type: time cannot be a bool; use text or number`},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range devices.CheckDevice(NMEADevice(tt.field)) {
				got = append(got, p.String())
			}
			if strings.Join(got, " | ") != tt.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " | "), tt.want)
			}
		})
	}
	a, b := Ublox(), Ublox()
	if devices.CannotShare(a, b) == "" {
		t.Error("both would take the same sentences")
	}
	a.Match, b.Match = map[string]string{"talker": "GP"}, map[string]string{"talker": "GL"}
	if why := devices.CannotShare(a, b); why != "" {
		t.Error(why)
	}
}
