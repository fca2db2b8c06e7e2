package modbus

import (
	"testing"
	"time"

	"minirelay/devices/serial"
)

// Silence on the line before a request: 3.5 characters, and never less than 1.75 ms; on a serial server none.
func TestSilenceBeforeARequest(t *testing.T) {
	for _, tt := range []struct {
		baud int
		path string
		want time.Duration
	}{{9600, "/dev/uno", 4010416}, {19200, "/dev/uno", 2005208}, {115200, "/dev/uno", 1750 * time.Microsecond}, {9600, "tcp://a:1", 0}} {
		if got := (rtuFraming{}).timing(serial.Config{Baud: tt.baud, Path: tt.path}).Before; got != tt.want {
			t.Errorf("%d baud at %s: %v", tt.baud, tt.path, got)
		}
	}
}
