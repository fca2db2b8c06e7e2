package configs

import (
	"strings"
	"testing"
)

// A port whose settings no meter uses causes a warning, at the place where the device names the port.
func TestMeterPortAdvice(t *testing.T) {
	meter := sound + `
[ports.rs485]
path = "/dev/ttyUSB1"
baud = BAUD
PARITY

[devices.meter]
port = "rs485"
codec = "dlt645"

[devices.meter.fields.power]
type = "number"
`
	for _, tt := range []struct{ baud, parity, want string }{
		{"2400", `parity = "even"`, ""},
		{"9600", "", `33:8: DL/T 645 meters use 8 data bits, even parity and 1 stop bit; the port is set differently | write parity = "even" in [ports.rs485], unless the meter differs`},
		{"115200", `parity = "even"`, "33:8: DL/T 645 meters do not support 115200 baud | write baud = 2400 in [ports.rs485]: that is their factory setting"},
	} {
		c, err := loadText(t, strings.NewReplacer("BAUD", tt.baud, "PARITY", tt.parity).Replace(meter))
		if err != nil {
			t.Fatal(faultsOf(t, err))
		}
		if got := told(c.Warnings); got != tt.want {
			t.Errorf("%s %s: got %q, want %q", tt.baud, tt.parity, got, tt.want)
		}
	}
}
