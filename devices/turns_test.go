package devices

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
	"minirelay/softboard"
)

// replies makes the board answer each request, which a pipe delivers whole; nil is silence.
func (b *board) replies(answer func(request []byte) []byte) {
	request := make([]byte, 512)
	for {
		n, err := b.Read(request)
		if err != nil {
			return
		}
		if reply := answer(request[:n]); reply != nil {
			_, _ = b.Write(reply)
		}
	}
}

// A device that never answers one of its requests is found by another, whichever comes first.
func TestOneSilentRequest(t *testing.T) {
	ask := func(id, send, match string) mapping.RequestConfig {
		return mapping.RequestConfig{ID: id, Send: send, Match: map[string]string{"2": match}}
	}
	boards := map[string]struct {
		device mapping.DeviceConfig // without fields
		fields [2]mapping.FieldConfig
		answer func(request []byte) []byte // to the second of fields
	}{
		"another function": {Unit(1), [2]mapping.FieldConfig{Field("bad", relay.TypeNumber, At("input:0", "")), Field("good", relay.TypeNumber, At("holding:0", ""))},
			func(q []byte) []byte {
				if q[1] == 3 {
					return RTU(1, 3, 2, 0, 7)
				}
				return nil
			}},
		"another register": {Unit(1), [2]mapping.FieldConfig{Field("bad", relay.TypeNumber, At("holding:0", "")), Field("good", relay.TypeNumber, At("holding:200", ""))},
			func(q []byte) []byte {
				if q[3] == 200 {
					return RTU(1, 3, 2, 0, 7)
				}
				return nil
			}},
		"at": {ATDevice(), [2]mapping.FieldConfig{Field("bad", relay.TypeNumber, Asks("MEAS:TEMP?")), Field("good", relay.TypeNumber, Asks("MEAS:VOLT?"))},
			func(q []byte) []byte {
				if bytes.HasPrefix(q, []byte("MEAS:VOLT?")) {
					return []byte("7\r\n")
				}
				return nil
			}},
		"dlt645": {MeterDevice("board", mapping.AnyMeter), [2]mapping.FieldConfig{Field("bad", relay.TypeNumber, Key("energy")), Field("good", relay.TypeNumber, Key("02010100"), func(f *mapping.FieldConfig) { f.Length = 2 })},
			func(q []byte) []byte {
				if bytes.Contains(q, []byte{0x33, 0x34, 0x34, 0x35}) {
					return MeterFrame("000010604867", 0x91, 0, 1, 1, 2, 7, 0)
				}
				return nil
			}},
		"binary": {func() mapping.DeviceConfig {
			d := ByteDevice(func(f *mapping.FrameConfig) { f.Start, f.End, f.Length = "AA", "55", 5 })
			d.Requests = []mapping.RequestConfig{ask("a", "AA 01 10 55", "90"), ask("b", "AA 01 11 55", "91")}
			return d
		}(), [2]mapping.FieldConfig{Field("bad", relay.TypeNumber, OfRequest("a"), Lies(3, "")), Field("good", relay.TypeNumber, OfRequest("b"), Lies(3, ""))},
			func(q []byte) []byte {
				if q[2] == 0x11 {
					return []byte{0xAA, 1, 0x91, 7, 0x55}
				}
				return nil
			}},
	}
	for name, tt := range boards {
		for _, first := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s, %d first", name, first), func(t *testing.T) {
				d := tt.device
				d.Fields = []mapping.FieldConfig{tt.fields[first], tt.fields[1-first]}
				inBubble(t, func(t *testing.T, r *rig) {
					r.apply(d)
					go r.board().replies(tt.answer)
					time.Sleep(6 * time.Second)
					if r.last("availability") != "online" || r.field("good") != 7.0 {
						t.Fatalf("%s: %s", r.last("availability"), r.last("state"))
					}
					time.Sleep(5 * time.Minute)
					if r.last("availability") != "online" || r.field("good") != 7.0 || r.field("bad") != nil {
						t.Errorf("then %s: %s", r.last("availability"), r.last("state"))
					}
				})
			})
		}
	}
}

// A unit that ignores long requests, or one with a register that it does not have, is read all the same.
func TestUnitThatIgnores(t *testing.T) {
	for name, tt := range map[string]struct {
		ignores func(from, n int) bool
		missing string
	}{
		"long requests":      {func(_, n int) bool { return n > 10 }, ""},
		"one register":       {func(from, n int) bool { return from <= 7 && from+n > 7 }, "f7"},
		"the first register": {func(from, _ int) bool { return from == 0 }, "f0"},
	} {
		t.Run(name, func(t *testing.T) {
			var fields []mapping.FieldConfig
			for i := range 20 {
				fields = append(fields, Field(fmt.Sprintf("f%d", i), relay.TypeNumber, At(fmt.Sprintf("holding:%d", i), "")))
			}
			inBubble(t, func(t *testing.T, r *rig) {
				r.apply(Unit(1, fields...))
				go r.board().replies(func(q []byte) []byte {
					from, n := int(q[3]), int(q[5])
					if tt.ignores(from, n) {
						return nil
					}
					pdu := []byte{3, byte(2 * n)}
					for i := range n {
						pdu = append(pdu, 0, byte(from+i))
					}
					return RTU(1, pdu...)
				})
				time.Sleep(4 * time.Minute)
				for i := range 20 {
					id := fmt.Sprintf("f%d", i)
					if v := r.field(id); v != float64(i) && id != tt.missing {
						t.Errorf("%s is %v", id, v)
					}
				}
				if log := r.log.String(); strings.Count(log, "the device ignores this request") == 0 || !strings.Contains(log, "max_registers") {
					t.Error("the log does not say what to try")
				}
			})
		})
	}
}

// A batch that was refused once is read whole again after a while, one that is always refused more and more seldom, and
// what says nothing about addresses does not divide it.
func TestBatchIsWholeAgain(t *testing.T) {
	whole := func(bus *softboard.ModbusBus, from time.Time) (n int) {
		for _, q := range bus.Requests() {
			if !q.At.Before(from) && q.PDU[4] == 24 {
				n++
			}
		}
		return n
	}
	var fields []mapping.FieldConfig
	for i := range 24 {
		fields = append(fields, Field(fmt.Sprintf("f%d", i), relay.TypeNumber, At(fmt.Sprintf("holding:%d", i), "")))
	}
	for _, exception := range []byte{2, 3, 4, 5, 6} {
		t.Run(fmt.Sprint("exception ", exception), func(t *testing.T) {
			u := softboard.NewModbusUnit(1).Set(softboard.HoldingRegisters, 0, make([]uint16, 24)...)
			bus := &softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}
			onBus(t, bus, []mapping.DeviceConfig{Unit(1, fields...)}, func(t *testing.T, r *rig) {
				time.Sleep(2500 * ms)
				u.Refuse(exception)
				for before := len(bus.Requests()); len(bus.Requests()) == before; {
					time.Sleep(10 * ms)
				}
				u.Refuse(0)
				from := time.Now()
				time.Sleep(11 * time.Minute)
				if got := r.stateOf("board"); strings.Contains(got, "null") {
					t.Error(got)
				}
				if exception >= 4 && whole(bus, from) != len(bus.Requests())-whole(bus, time.Time{})+whole(bus, from) {
					t.Errorf("it was divided: %s", asked(bus, len(bus.Requests())-4))
				}
				from = time.Now()
				time.Sleep(time.Minute)
				if n := whole(bus, from); n < 59 {
					t.Errorf("it is asked %d times a minute as a whole: %s", n, asked(bus, len(bus.Requests())-4))
				}
			})
		})
	}
	u := softboard.NewModbusUnit(1).Set(softboard.HoldingRegisters, 0, make([]uint16, 23)...)
	bus := &softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}
	slow := Unit(1, fields...)
	slow.Poll, slow.OfflineAfter = time.Minute, time.Hour
	onBus(t, bus, []mapping.DeviceConfig{slow}, func(t *testing.T, r *rig) {
		time.Sleep(24 * time.Hour)
		if n := whole(bus, time.Time{}); n < 5 || n > 10 {
			t.Errorf("a batch with a missing register was asked %d times in a day as a whole", n)
		}
		if n := strings.Count(r.log.String(), "in parts"); n != 1 {
			t.Errorf("that is logged %d times", n)
		}
	})
}

// A unit that is busy is asked again soon, keeps its values, and fills no log. So does one that fails now and then.
func TestBusyUnit(t *testing.T) {
	for _, exception := range []byte{5, 6, 4} {
		t.Run(fmt.Sprint("exception ", exception), func(t *testing.T) {
			d := Unit(1, Field("x", relay.TypeNumber, At("holding:3", "")), Field("y", relay.TypeNumber, At("holding:4", "")))
			inBubble(t, func(t *testing.T, r *rig) {
				r.apply(d)
				n := 0
				go r.board().replies(func([]byte) []byte {
					if n++; n%2 == 0 {
						return RTU(1, 0x83, exception)
					}
					return RTU(1, 3, 4, 0, 3, 0, 4)
				})
				time.Sleep(20 * time.Minute)
				synctest.Wait()
				r.mu.Lock()
				defer r.mu.Unlock()
				for _, state := range r.published["minirelay/home/board/state"][1:] {
					if exception != 4 && !strings.HasSuffix(state, `"x":3,"y":4}`) {
						t.Fatal(state)
					}
				}
				if lines := strings.Count(r.log.String(), "\n"); lines > 14 {
					t.Errorf("%d lines in the log of twenty minutes", lines)
				}
				if exception != 4 && n < 1800 {
					t.Errorf("it was asked %d times in twenty minutes", n)
				}
			})
		})
	}
}
