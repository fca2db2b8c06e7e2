package devices

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
)

// meterSays is a frame of a meter in hexadecimal; data is what stands in it before 33 is added.
func meterSays(address string, control byte, data ...byte) string {
	return HexOf(MeterFrame(address, control, data...))
}

// An answer that does not fit into one frame is asked for until it is whole.
func TestMeterFollowUp(t *testing.T) {
	const address = "123456789012"
	d := MeterDevice("board", address, Field("known", relay.TypeBool, Computes(`number == "1122334455"`)),
		Field("number", relay.TypeText, Key("0400040F"), Lies(mapping.Nowhere, "hex"), Long(5)))
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.answers(t, map[string]string{
			"FE FE FE FE " + meterSays(address, 0x11, 0x0F, 4, 0, 4):    "FE FE" + meterSays(address, 0xB1, 0x0F, 4, 0, 4, 0x55, 0x44),
			"FE FE FE FE " + meterSays(address, 0x12, 0x0F, 4, 0, 4, 1): meterSays(address, 0xB2, 0x0F, 4, 0, 4, 0x33, 0x22, 1),
			"FE FE FE FE " + meterSays(address, 0x12, 0x0F, 4, 0, 4, 2): meterSays(address, 0x92, 0x0F, 4, 0, 4, 0x11, 2),
		})
		time.Sleep(3 * time.Second)
		if r.field("number") != "1122334455" || r.field("known") != true {
			t.Errorf("the state is %s; heard %q", r.last("state"), b.heard)
		}
	})
}

// Meters, a Modbus unit and a device with frames of its own share a line. A silent one costs the others little; a
// refusal is an answer.
func TestMixedLine(t *testing.T) {
	one := MeterDevice("one", "000000000001", Field("power", relay.TypeNumber), Field("voltage_b", relay.TypeNumber))
	two := MeterDevice("two", "000000000002", Field("power", relay.TypeNumber))
	unit := Device(Field("level", relay.TypeNumber, func(f *mapping.FieldConfig) { f.Register = "holding:0" }))
	unit.ID, unit.Codec, unit.ModbusUnit = "unit", "modbus-rtu", 1
	board := relayBoard()
	inBubble(t, func(t *testing.T, r *rig) {
		port := serial.Default()
		port.ID, port.Path = "uno", "/dev/uno"
		if err := r.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{one, two, unit, board}}); err != nil {
			t.Fatal(err)
		}
		wake := "FE FE FE FE "
		b := r.answers(t, map[string]string{
			wake + meterSays("000000000001", 0x11, 0, 0, 3, 2): meterSays("000000000001", 0x91, 0, 0, 3, 2, 0x12, 0x25, 0x80),
			wake + meterSays("000000000001", 0x11, 0, 2, 1, 2): meterSays("000000000001", 0xD1, 2),
			"AA 01":                   "AA 81 01 02 2E",
			"01 03 00 00 00 01 84 0A": "01 03 02 00 07 F9 86",
		})
		time.Sleep(60 * time.Second)
		if got := r.lastOf("one", "state"); !strings.Contains(got, `"power":-0.2512,"voltage_b":null`) {
			t.Errorf("the meter says %v", got)
		}
		if got := r.lastOf("unit", "state"); !strings.Contains(got, `"level":7`) {
			t.Errorf("the unit says %s", got)
		}
		if r.field("speed") != 2.0 || b.count("AA 01") < 50 {
			t.Errorf("the board was asked %d times in a minute: %s", b.count("AA 01"), r.last("state"))
		}
		if n := b.count(wake + meterSays("000000000002", 0x11, 0, 0, 3, 2)); n < 2 || n > 12 {
			t.Errorf("the silent meter was asked %d times", n)
		}
		if got := r.lastOf("two", "availability"); got == "online" {
			t.Errorf("the silent meter is %v", got)
		}
	})
}

// lastOf gives the last payload on a topic of one of several devices.
func (r *rig) lastOf(device, leaf string) string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.published["minirelay/home/"+device+"/"+leaf]
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// Only combined energies have a sign (DL/T 645-2007, table A.1, note 1): the others count on where its bit would be.
func TestMeterSign(t *testing.T) {
	const address = "000010604867"
	eight := [4]byte{0x99, 0x99, 0x99, 0x85} // 859999.99, or -59999.99
	for key, want := range map[string]float64{
		"energy": -59999.99, "energy_tariff_1": -59999.99, "energy_forward": 859999.99, "energy_forward_tariff_4": 859999.99,
		"energy_reverse": 859999.99, "energy_reverse_tariff_2": 859999.99,
	} {
		inBubble(t, func(t *testing.T, r *rig) {
			r.apply(MeterDevice("board", address, Field("x", relay.TypeNumber, Key(key))))
			go r.board().replies(func(q []byte) []byte {
				id := q[len(q)-6 : len(q)-2] // with 33 added
				return MeterFrame(address, 0x91, append([]byte{id[0] - 0x33, id[1] - 0x33, id[2] - 0x33, id[3] - 0x33}, eight[:]...)...)
			})
			time.Sleep(2 * time.Second)
			if got := r.field("x"); got != want {
				t.Errorf("%s: %v instead of %v", key, got, want)
			}
		})
	}
}
