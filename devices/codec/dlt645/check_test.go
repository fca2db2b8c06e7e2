package dlt645_test

import (
	"fmt"
	"strings"
	"testing"

	"minirelay/devices"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
)

// Meters are checked too.
func TestCheckMeter(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*mapping.DeviceConfig)
		want   string
	}{
		"good":          {func(*mapping.DeviceConfig) {}, ""},
		"short address": {func(d *mapping.DeviceConfig) { d.Address = "123" }, `address: "123" is not the address of a meter; write the 12 digits that are printed on it, or AAAAAAAAAAAA if it is the only one on the line`},
		"no such name":  {func(d *mapping.DeviceConfig) { d.Fields[0].Key = "voltage" }, `field "power": key: "voltage" is neither a name nor the eight digits of a data identifier; use one like 02010100, or voltage_a, voltage_b, voltage_c`},
		"own format":    {func(d *mapping.DeviceConfig) { d.Fields[0].Format = "bcd" }, `field "power": format: the format of power is fixed; leave format, length, at, bit and bits out`},
		"no length":     {func(d *mapping.DeviceConfig) { d.Fields[0].Key = "02030000" }, `field "power": length: the number of bytes is missing; write length = 1 to 256`},
		"a text":        {func(d *mapping.DeviceConfig) { d.Fields[0].Key = "date" }, `field "power": type: date is a text; use type = "text"`},
		"a command": {func(d *mapping.DeviceConfig) {
			c := mapping.DefaultCommand()
			c.ID, c.Type = "off", relay.TypeNone
			d.Commands = []mapping.CommandConfig{c}
		}, `command "off": type: a meter is read-only; leave the command out`},
	} {
		d := MeterDevice("m", "123456789012", Field("power", relay.TypeNumber))
		tt.change(&d)
		var got []string
		for _, p := range devices.CheckDevice(d) {
			got = append(got, p.String())
		}
		if strings.Join(got, " | ") != tt.want {
			t.Errorf("%s: got  %s\nwant %s", name, strings.Join(got, " | "), tt.want)
		}
	}
}

// A port with settings that no meter uses is reported.
func TestAdviseMeter(t *testing.T) {
	d := MeterDevice("m", mapping.AnyMeter)
	port := serial.Default()
	if got := fmt.Sprint(devices.Advise(port, d)); strings.Count(got, "even parity") != 1 {
		t.Error(got)
	}
	port.Parity, port.Baud = "even", 115200
	if got := fmt.Sprint(devices.Advise(port, d)); strings.Count(got, "115200 baud") != 1 {
		t.Error(got)
	}
	port.Baud = 2400
	if got := devices.Advise(port, d); len(got) != 0 {
		t.Error(got)
	}
}
