package dlt645_test

import (
	"fmt"
	"strings"
	"testing"

	"minirelay/devices"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
)

// The port that a meter hangs on is told of, if it is set as no meter speaks.
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
