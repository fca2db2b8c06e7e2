package devices

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
	"minirelay/softboard"
)

// neighbours are two units on one bus, each with a reading and a command.
func neighbours() (*softboard.ModbusBus, []mapping.DeviceConfig) {
	bus := &softboard.ModbusBus{}
	var devices []mapping.DeviceConfig
	for i, id := range []string{"board", "next"} {
		u := softboard.NewModbusUnit(byte(i+1)).Set(softboard.HoldingRegisters, 0, 7).Set(softboard.Coils, 0, 0)
		bus.Units = append(bus.Units, u)
		d := Unit(i+1, Field("a", relay.TypeNumber, At("holding:0", "")))
		d.ID, d.Poll, d.OfflineAfter = id, 500*ms, 5*time.Second
		d.Commands = []mapping.CommandConfig{Writes("reset", relay.TypeNone, "coil:0", func(c *mapping.CommandConfig) { c.Write = "1" })}
		devices = append(devices, d)
	}
	return bus, devices
}

// Whoever keeps a bus busy with commands to one device hides neither the values of the others nor keeps other people's
// commands from it.
func TestOnePersonDoesNotStarveABus(t *testing.T) {
	bus, devices := neighbours()
	onBus(t, bus, devices, func(t *testing.T, r *rig) {
		for _, u := range bus.Units {
			u.Slow(100 * ms)
		}
		time.Sleep(2 * time.Second)
		give := func(user, device, id string) {
			r.relay.Handle(relay.Message{Topic: "minirelay/home/" + device + "/command", User: user, Client: user,
				Payload: fmt.Appendf(nil, `{"id":%q,"command":"reset"}`, id)})
		}
		states := func() int {
			r.mu.Lock()
			defer r.mu.Unlock()
			return len(r.published["minirelay/home/next/state"])
		}
		before := states()
		for n := range 400 { // 20 a second, for 20 s; the bus does fewer than 10
			give("greedy", "board", fmt.Sprint("g", n))
			if n%40 == 20 {
				give("owner", "next", fmt.Sprint("o", n))
			}
			time.Sleep(50 * ms)
		}
		if n := states() - before; n < 16 {
			t.Errorf("%d states of the neighbour in 20 s", n)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		results := r.published["minirelay/home/next/result"]
		if len(results) != 10 {
			t.Errorf("%d of 10 commands of the owner have a result", len(results))
		}
		for _, payload := range results {
			var q struct {
				Status string
				MS     int
			}
			if err := json.Unmarshal([]byte(payload), &q); err != nil || q.Status != "done" || q.MS > 1000 {
				t.Error(payload)
			}
		}
	})
}
