package devices

import (
	"testing"
	"testing/synctest"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
	"minirelay/softboard"
)

// A command that waits behind an unanswered request expires on time, and is not written.
func TestExpiresBehindALongRequest(t *testing.T) {
	u := softboard.NewModbusUnit(1).Set(softboard.HoldingRegisters, 0, 7)
	d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")))
	d.Poll, d.Timeout, d.OfflineAfter = 2*time.Second, 10*time.Second, time.Minute
	d.Commands = []mapping.CommandConfig{Writes("a", relay.TypeNumber, "holding:0")} // max_age 5 s
	bus := &softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}
	onBus(t, bus, []mapping.DeviceConfig{d}, func(t *testing.T, r *rig) {
		time.Sleep(time.Second)
		u.Deafen(true)
		time.Sleep(1500 * ms) // half a second into a request of ten
		r.ask(`{"id":"a","command":"a","value":1}`)
		time.Sleep(5 * time.Second)
		want := "a rejected/expired after 5s: it was not written in time and will not be"
		if got := r.results(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		u.Deafen(false)
		time.Sleep(30 * time.Second)
		if got := r.results(); got != want {
			t.Errorf("got %q afterwards", got)
		}
		for _, q := range bus.Requests() {
			if q.PDU[0] == 6 {
				t.Error("it was written all the same")
			}
		}
	})
}

// A command is also not written when the device needs silence for longer than the command may wait.
func TestExpiresInTheSilence(t *testing.T) {
	u := softboard.NewModbusUnit(1).Set(softboard.HoldingRegisters, 0, 7)
	d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")))
	d.Poll, d.Turnaround, d.OfflineAfter = 30*time.Second, 4*time.Second, time.Minute
	d.Commands = []mapping.CommandConfig{Writes("a", relay.TypeNumber, "holding:0", func(c *mapping.CommandConfig) { c.MaxAge = 2 * time.Second })}
	bus := &softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}
	onBus(t, bus, []mapping.DeviceConfig{d}, func(t *testing.T, r *rig) {
		time.Sleep(time.Second)
		r.ask(`{"id":"a","command":"a","value":1}`)
		time.Sleep(10 * time.Second)
		if got := r.results(); got != "a rejected/expired after 2s: it was not written in time and will not be" {
			t.Error(got)
		}
		r.ask(`{"id":"b","command":"a","value":2}`)
		synctest.Wait()
		if got := asked(bus, 1); got != "6 0 2" {
			t.Errorf("asked %q", got)
		}
	})
}
