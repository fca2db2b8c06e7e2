package devices

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
	"minirelay/softboard"
)

func (r *rig) stats() PortStats {
	synctest.Wait()
	return r.ports.Stats()[0]
}

// The load of a line with boards that talk is the time of its characters, at the speed that it had when they came.
func TestLoadOfATalker(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		d := Device(Field("pump", relay.TypeBool, Key("p")))
		r.apply(d)
		r.board().say(`{"p":1}`, `{"p":0}`)
		slow := r.stats()
		if want := 160 * time.Second / 9600; !slow.Reckons || (slow.Busy-want).Abs() > time.Microsecond {
			t.Errorf("busy for %v, want %v", slow.Busy, want)
		}
		port := serial.Default()
		port.ID, port.Path, port.Baud, port.Parity = "uno", "/dev/uno", 19200, "even"
		if err := r.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{d}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		r.board().say(`{"p":1}`)
		if got, want := r.stats().Busy-slow.Busy, 88*time.Second/19200; (got - want).Abs() > time.Microsecond {
			t.Errorf("then for %v, want %v", got, want)
		}
		port.Path = "tcp://127.0.0.1:4001" // its speed is the server's business
		if err := r.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{d}}); err != nil {
			t.Fatal(err)
		}
		if r.stats().Reckons {
			t.Error("the speed behind a serial server is not known")
		}
	})
}

// The line is occupied while an answer is waited for; a device that does not answer costs its whole timeout.
func TestLoadOfABus(t *testing.T) {
	u := softboard.NewModbusUnit(1).Set(softboard.HoldingRegisters, 0, 7)
	d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")))
	d.Poll, d.Timeout, d.OfflineAfter, d.Retries = time.Second, 500*ms, time.Hour, 10
	onBus(t, &softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}, []mapping.DeviceConfig{d}, func(t *testing.T, r *rig) {
		load := func(during time.Duration) float64 {
			before := r.stats().Busy
			time.Sleep(during)
			return float64(r.stats().Busy-before) / float64(during)
		}
		time.Sleep(1500 * ms)
		if got := load(100 * time.Second); math.Abs(got-0.0156) > 0.0005 { // 15 characters a second
			t.Errorf("the load is %.4f", got)
		}
		u.Slow(200 * ms)
		if got := load(100 * time.Second); math.Abs(got-0.2) > 0.002 {
			t.Errorf("with a slow unit the load is %.4f", got)
		}
		u.Deafen(true)
		if got := load(5 * time.Second); got < 0.5 || got > 1 {
			t.Errorf("with a dead unit the load is %.4f", got)
		}
	})
}

// The requests of a device are counted for the device, and counting goes on when its description changes.
func TestPolls(t *testing.T) {
	one := softboard.NewModbusUnit(1).Set(softboard.HoldingRegisters, 0, 7)
	two := softboard.NewModbusUnit(2).Set(softboard.HoldingRegisters, 0, 7)
	devices := []mapping.DeviceConfig{Unit(1, Field("a", relay.TypeNumber, At("holding:0", ""))), Unit(2, Field("a", relay.TypeNumber, At("holding:0", "")))}
	devices[0].ID, devices[1].ID = "one", "two"
	for i := range devices {
		devices[i].Poll, devices[i].OfflineAfter, devices[i].Retries = time.Second, time.Hour, 3
	}
	onBus(t, &softboard.ModbusBus{Units: []*softboard.ModbusUnit{one, two}}, devices, func(t *testing.T, r *rig) {
		time.Sleep(10*time.Second - 500*ms)
		for i, p := range r.stats().Polls {
			if p != (Polls{Device: devices[i].ID, Asked: 10, Recent: 10}) {
				t.Errorf("%+v", p)
			}
		}
		two.Deafen(true)
		time.Sleep(2 * time.Second)
		two.Deafen(false)
		two.Refuse(4)
		time.Sleep(3 * time.Second)
		was := r.stats().Polls[1]
		if was.Timeouts == 0 || was.Refusals == 0 || uint64(was.Missed) != was.Timeouts || uint64(was.Recent) != was.Asked {
			t.Errorf("%+v", was)
		}
		if p := r.stats().Polls[0]; p.Timeouts+p.Refusals+p.Damaged+uint64(p.Missed) != 0 {
			t.Errorf("the neighbour: %+v", p)
		}
		if n := r.counts().Unanswered; n != was.Timeouts {
			t.Errorf("%d of the port, %d of the device", n, was.Timeouts)
		}
		port := serial.Default()
		port.ID, port.Path = "uno", "/dev/uno"
		devices[1].Poll = 500 * ms
		if err := r.ports.Apply(Config{Ports: []serial.Config{port}, Devices: devices}); err != nil {
			t.Fatal(err)
		}
		if p := r.stats().Polls[1]; p.Timeouts != was.Timeouts || p.Asked < was.Asked {
			t.Errorf("%+v after %+v", p, was)
		}
	})
}
