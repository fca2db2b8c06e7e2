package devices

import (
	"fmt"
	"testing"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// The requests of a device are known without a port.
func TestQuestions(t *testing.T) {
	d := Device(Field("voltage", relay.TypeNumber, func(f *mapping.FieldConfig) { f.Register = "input:0" }), Field("relay", relay.TypeBool, func(f *mapping.FieldConfig) { f.Register = "coil:3" }))
	d.Codec, d.ModbusUnit = "modbus-rtu", 7
	got, err := Questions(d)
	if err != nil || fmt.Sprintf("%x", got) != "[0701000300010dac 07040000000131ac]" {
		t.Errorf("%x %v", got, err)
	}
	if got, err := Questions(PumpBoard()); got != nil || err != nil {
		t.Errorf("a board that talks: %x %v", got, err)
	}
	d.ModbusUnit = -1
	if _, err := Questions(d); err == nil {
		t.Error("a description with a fault was used")
	}
}
