package devices

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
)

// echoing is what a line brings back of a request, by an adapter that receives what it sends: the echo, and behind it the
// answer. broken is a byte from the change of direction before the echo.
func echoing(broken bool, answer func(q []byte) []byte) func(q []byte) []byte {
	return func(q []byte) []byte {
		var back []byte
		if broken {
			back = []byte{0xFE}
		}
		return append(append(back, q...), answer(q)...)
	}
}

// An adapter that receives what it sends acknowledges no command, whether its settings say so or not, and whether a field
// is polled or the port has commands only.
func TestEchoIsNoAcknowledgement(t *testing.T) {
	refuses := func(q []byte) []byte {
		if q[1] >= 5 {
			return RTU(q[0], q[1]|0x80, 4)
		}
		return RTU(q[0], 3, 2, 0, 7)
	}
	accepts := func(q []byte) []byte {
		if q[1] >= 5 {
			return bytes.Clone(q)
		}
		return RTU(q[0], 3, 2, 0, 7)
	}
	ascii := func(q []byte) []byte {
		if bytes.HasPrefix(q, []byte(":0103")) {
			return ASCII(1, 3, 2, 0, 7)
		}
		return nil
	}
	nobody := func([]byte) []byte { return nil }
	pump := func() mapping.DeviceConfig {
		d := ByteDevice(func(f *mapping.FrameConfig) { f.Start, f.End, f.Length = "AA", "55", 5 }, Field("x", relay.TypeNumber, OfRequest("a"), Lies(3, "")))
		d.Requests = []mapping.RequestConfig{{ID: "a", Send: "AA 01 10 00 55", Match: map[string]string{"2": "90"}}}
		c := mapping.DefaultCommand()
		c.ID, c.Type, c.Send, c.Expect = "c", relay.TypeBool, "AA 01 20 {value} 55", "AA 01 20 {value}"
		d.Commands = []mapping.CommandConfig{c}
		return d
	}()
	field := Field("x", relay.TypeNumber, At("holding:1", ""))
	coil, word := Writes("c", relay.TypeBool, "coil:0"), Writes("c", relay.TypeBool, "holding:0")
	unit := func(c mapping.CommandConfig, fields ...mapping.FieldConfig) mapping.DeviceConfig {
		d := Unit(1, fields...)
		d.Commands = []mapping.CommandConfig{c}
		return d
	}
	inASCII := unit(word, field)
	inASCII.Codec = "modbus-ascii"
	const unknown = "a unknown/no_answer: the hardware did not answer in time"
	for name, tt := range map[string]struct {
		device mapping.DeviceConfig
		answer func(q []byte) []byte
		want   string
	}{
		"refused":                 {unit(word, field), refuses, "a failed/refused: the unit failed to carry it out (exception 4)"},
		"refused coil":            {unit(coil, field), refuses, "a failed/refused: the unit failed to carry it out (exception 4)"},
		"accepted":                {unit(word, field), accepts, "a done"},
		"nobody there":            {unit(coil, field), nobody, unknown},
		"commands only, nobody":   {unit(coil), nobody, unknown},
		"commands only, refused":  {unit(coil), refuses, "a failed/refused: the unit failed to carry it out (exception 4)"},
		"commands only, accepted": {unit(coil), accepts, "a done"},
		"ASCII, nobody writes":    {inASCII, ascii, unknown},
		"bytes, nobody there":     {pump, nobody, unknown},
		"bytes, accepted": {pump, func(q []byte) []byte {
			return map[byte][]byte{0x10: {0xAA, 1, 0x90, 7, 0x55}, 0x20: bytes.Clone(q)}[q[2]]
		}, "a done"},
		"bytes, writes to a wall": {pump, func(q []byte) []byte { return map[byte][]byte{0x10: {0xAA, 1, 0x90, 7, 0x55}}[q[2]] }, unknown},
		"commands only, no answer to the read": {unit(coil), func(q []byte) []byte {
			if q[1] == 5 {
				return bytes.Clone(q)
			}
			return nil
		}, "a done"},
	} {
		for _, set := range []bool{false, true} {
			for _, broken := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, echo %v, broken %v", name, set, broken), func(t *testing.T) {
					inBubble(t, func(t *testing.T, r *rig) {
						port := serial.Default()
						port.ID, port.Path, port.Echo = "uno", "/dev/uno", set
						tt.device.OfflineAfter = time.Minute
						if err := r.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{tt.device}}); err != nil {
							t.Fatal(err)
						}
						b := r.board()
						seen := false // a device that has never answered gets no command: it answers once
						go b.replies(func(q []byte) []byte {
							back := echoing(broken, tt.answer)(q)
							if len(tt.device.Fields) > 0 && !seen {
								seen = true
								answer := map[string][]byte{"modbus-rtu": RTU(1, 3, 2, 0, 7), "modbus-ascii": ASCII(1, 3, 2, 0, 7), "binary": {0xAA, 1, 0x90, 7, 0x55}}[tt.device.Codec]
								back = append(bytes.Clone(q), answer...)
							}
							return back
						})
						time.Sleep(100 * ms)
						r.ask(`{"id":"a","command":"c","value":true}`)
						time.Sleep(10 * time.Second)
						if got := untimed(r.results()); got != tt.want {
							t.Errorf("got  %s\nwant %s", got, tt.want)
						}
						if n := strings.Count(r.log.String(), "receives what it sends"); set && n != 0 || !set && n != 1 {
							t.Errorf("the log says %d times that the adapter has an echo", n)
						}
					})
				})
			}
		}
	}
}

// A line without an echo is not taken for one, and needs no read before each command.
func TestNoEcho(t *testing.T) {
	d := Unit(1)
	d.Commands = []mapping.CommandConfig{Writes("c", relay.TypeBool, "coil:0")}
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		reads := 0
		go r.board().replies(func(q []byte) []byte {
			if q[1] < 5 {
				reads++
				return nil // an output that cannot be read
			}
			return bytes.Clone(q)
		})
		for i := range 5 {
			r.ask(fmt.Sprintf(`{"id":"%d","command":"c","value":true}`, i))
			time.Sleep(3 * time.Second)
		}
		if got := untimed(r.results()); got != "0 done; 1 done; 2 done; 3 done; 4 done" || reads != 1 {
			t.Errorf("%s, with %d reads", got, reads)
		}
	})
}
