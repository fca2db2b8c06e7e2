package devices

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"minirelay/devices/mapping"

	"minirelay/devices/serial"

	"minirelay/relay"
)

// meterDevice is a meter with these fields.
func meterDevice(id, address string, fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := device(fields...)
	d.ID, d.Codec, d.Address = id, "dlt645", address
	return d
}

// meterSays is a frame of a meter in hexadecimal; data is what stands in it before 33 is added.
func meterSays(address string, control byte, data ...byte) string {
	a, _ := parseMeterAddress(address)
	return hexOf(appendMeterFrame(nil, a, control, data))
}

// An answer that does not fit into one frame is asked for until it is whole.
func TestMeterFollowUp(t *testing.T) {
	const address = "123456789012"
	d := meterDevice("board", address, field("known", relay.TypeBool, computes(`number == "1122334455"`)),
		field("number", relay.TypeText, key("0400040F"), lies(mapping.Nowhere, "hex"), long(5)))
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

// Meters, a Modbus unit and a device with frames of its own share a line. One that is silent costs the others little, a refusal is
// an answer.
func TestMixedLine(t *testing.T) {
	one := meterDevice("one", "000000000001", field("power", relay.TypeNumber), field("voltage_b", relay.TypeNumber))
	two := meterDevice("two", "000000000002", field("power", relay.TypeNumber))
	unit := device(field("level", relay.TypeNumber, func(f *mapping.FieldConfig) { f.Register = "holding:0" }))
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

// What the standard calls an error is told in words.
func TestMeterRefusal(t *testing.T) {
	for code, want := range map[byte]string{0: "the meter refuses without a reason", 2: "the meter says: it has no such data",
		6: "the meter says: it has no such data, the password is wrong, or it is not allowed"} {
		if got := meterRefusal([]byte{code}); got != want {
			t.Errorf("%d: %q", code, got)
		}
	}
}

// The port that a meter hangs on is told of, if it is set as no meter speaks.
func TestAdviseMeter(t *testing.T) {
	d := meterDevice("m", mapping.AnyMeter)
	port := serial.Default()
	if got := fmt.Sprint(Advise(port, d)); strings.Count(got, "even parity") != 1 {
		t.Error(got)
	}
	port.Parity, port.Baud = "even", 115200
	if got := fmt.Sprint(Advise(port, d)); strings.Count(got, "115200 baud") != 1 {
		t.Error(got)
	}
	port.Baud = 2400
	if got := Advise(port, d); len(got) != 0 {
		t.Error(got)
	}
}

// The law of the meter's frames: whatever comes before one, it is found; and none is found that was not there.
func FuzzMeterFrames(f *testing.F) {
	f.Add([]byte{0xFE, 0xFE, 0x68, 1, 2}, []byte{0x33}, byte(0x91))
	f.Add([]byte{0x68, 0, 0, 0, 0, 0, 0, 0x68, 0x91, 0xFF}, []byte{}, byte(0xD1))
	f.Fuzz(func(t *testing.T, noise, data []byte, control byte) {
		if len(data) > 200 || len(noise) > 2000 {
			t.Skip("no frame is so long")
		}
		a, _ := parseMeterAddress("123456789012")
		wire := appendMeterFrame(append([]byte{}, noise...), a, control, data)
		for rest := wire; ; {
			got, after, ok, _ := nextMeterFrame(rest)
			if !ok {
				t.Fatalf("not found in % X", wire)
			}
			if len(after) == 0 {
				if from := len(wire) - len(data) - meterOverhead; from >= 0 && string(got.address[:]) == string(a[:]) && (got.control != control || string(got.data) != string(data)) {
					t.Fatalf("% X became %X", wire, got.data)
				}
				return
			}
			rest = after
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
