package devices

import (
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
	"minirelay/softboard"
)

// busOf is a line of n units that take 15 ms to answer, each polled once a second, with two requests.
func busOf(n int) (*softboard.ModbusBus, []mapping.DeviceConfig) {
	bus := &softboard.ModbusBus{}
	var devices []mapping.DeviceConfig
	for i := range n {
		u := softboard.NewModbusUnit(byte(i+1)).Set(softboard.HoldingRegisters, 0, 1)
		u.Slow(15 * ms)
		bus.Units = append(bus.Units, u)
		d := Unit(i+1, Field("a", relay.TypeNumber, At("holding:0", "")))
		d.ID = fmt.Sprintf("u%d", i+1)
		devices = append(devices, d)
	}
	return bus, devices
}

// polls counts the requests to each unit from a time on.
func polls(bus *softboard.ModbusBus, from time.Time) []int {
	n := make([]int, len(bus.Units)+1)
	for _, q := range bus.Requests() {
		if !q.At.Before(from) {
			n[q.Unit]++
		}
	}
	return n[1:]
}

// Of 32 units 16 are dead, from the beginning or later: the others keep their rate within a tenth at any time, and a
// unit that comes back is polled as before.
func TestDeadUnitsCostNothing(t *testing.T) {
	for _, dieLater := range []bool{false, true} {
		t.Run(fmt.Sprintf("die later %v", dieLater), func(t *testing.T) {
			bus, devices := busOf(32)
			dead := func(i int) bool { return i%2 == 1 }
			kill := func(off bool) {
				for i, u := range bus.Units {
					if dead(i) {
						u.Deafen(off)
					}
				}
			}
			kill(!dieLater)
			onBus(t, bus, devices, func(t *testing.T, r *rig) {
				time.Sleep(10 * time.Second) // 16 timeouts of 0.5 s and a little
				for i, n := range polls(bus, time.Time{}) {
					if !dead(i) && n < 1 {
						t.Errorf("the answering unit %d was not found among the dead", i+1)
					}
				}
				time.Sleep(20 * time.Second)
				kill(true)
				died := time.Now()
				for minute := range 5 {
					from := time.Now()
					time.Sleep(time.Minute)
					for i, n := range polls(bus, from) {
						// Each unit that dies costs its timeout once before its silence can be noticed.
						least := 54
						if dieLater && minute == 0 {
							least -= 16 / 2
						}
						if !dead(i) && (n < least || n > 66) {
							t.Errorf("minute %d: the answering unit %d was polled %d times", minute, i+1, n)
						}
						if dead(i) && n > 12 {
							t.Errorf("minute %d: the dead unit %d was asked %d times", minute, i+1, n)
						}
					}
				}
				for i, n := range polls(bus, died) {
					if dead(i) && n < 2 {
						t.Errorf("unit %d would not be noticed when it is back: it was polled %d times in five minutes", i+1, n)
					}
				}
				kill(false)
				time.Sleep(45 * time.Second) // longer than the longest pause of a lost unit
				from := time.Now()
				time.Sleep(time.Minute)
				if n := polls(bus, from); slices.Min(n) < 54 || slices.Max(n) > 66 {
					t.Errorf("all are back and were asked %v times", n)
				}
			})
		})
	}
}

// On a line that cannot send all its queries in time, every device has a share, and a dead one a small share.
func TestOverloadedLine(t *testing.T) {
	bus, devices := busOf(4)
	for i := range devices {
		devices[i].Poll = 10 * ms
	}
	bus.Units[3].Deafen(true)
	onBus(t, bus, devices, func(t *testing.T, r *rig) {
		time.Sleep(10 * time.Second)
		from := time.Now()
		time.Sleep(time.Minute)
		n := polls(bus, from)
		if slices.Max(n[:3]) > slices.Min(n[:3])+1 || n[0] < 700 {
			t.Errorf("the answering units were polled %v times", n[:3])
		}
		if n[3] < 4 || n[3] > 10 {
			t.Errorf("the dead one was asked %d times", n[3])
		}
	})
}

// A query of a unit that is never answered, not even with a refusal, costs the rest of the unit nothing.
func TestSilentRegister(t *testing.T) {
	for _, retries := range []int{0, 1, 3} {
		t.Run(fmt.Sprintf("retries %d", retries), func(t *testing.T) {
			_, devices := busOf(1)
			devices[0].Retries = retries
			devices[0].Fields = append(devices[0].Fields, Field("b", relay.TypeNumber, At("input:0", "")))
			inBubble(t, func(t *testing.T, r *rig) {
				r.apply(devices[0])
				b := r.board()
				asked := map[byte]int{}
				go func() {
					request := make([]byte, 8)
					for _, err := io.ReadFull(b, request); err == nil; _, err = io.ReadFull(b, request) {
						if asked[request[1]]++; request[1] == 3 {
							_, _ = b.Write(RTU(1, 3, 2, 0, 1))
						}
					}
				}()
				time.Sleep(time.Minute)
				synctest.Wait()
				if asked[3] < 54 || asked[4] > 10 || asked[4] < 4 {
					t.Errorf("asked by function: %v", asked)
				}
			})
		})
	}
}
