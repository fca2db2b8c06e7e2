package devices

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
	"minirelay/softboard"
)

// A device that needs long silence after its answer does not make a command late.
func TestNothingIsWrittenLateAfterARest(t *testing.T) {
	u := softboard.NewModbusUnit(1).Set(softboard.Coils, 0, 0)
	bus := &softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}
	d := Unit(1, Field("lamp", relay.TypeBool, At("coil:0", "")))
	d.Poll, d.OfflineAfter, d.Turnaround = 10*time.Second, 30*time.Second, 3*time.Second
	d.Commands = []mapping.CommandConfig{Writes("lamp", relay.TypeBool, "coil:0")}
	onBus(t, bus, []mapping.DeviceConfig{d}, func(t *testing.T, r *rig) {
		time.Sleep(100 * ms) // it has just answered
		r.ask(fmt.Sprintf(`{"id":"a","command":"lamp","value":true,"expires":%d}`, time.Now().Add(500*ms).UnixMilli()))
		time.Sleep(5 * time.Second)
		if got := r.results(); !strings.HasPrefix(got, "a rejected/expired") {
			t.Error(got)
		}
		for _, q := range bus.Requests() {
			if q.PDU[0] == 5 {
				t.Errorf("written at %v", q)
			}
		}
	})
}

// While a device rests that needs long silence after its answer, a command goes before the next query.
func TestCommandBeforeTheQuestionBehindARest(t *testing.T) {
	u := softboard.NewModbusUnit(1).Set(softboard.Coils, 0, 0)
	bus := &softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}
	d := Unit(1, Field("lamp", relay.TypeBool, At("coil:0", "")))
	d.Turnaround = 3 * time.Second
	d.Commands = []mapping.CommandConfig{Writes("lamp", relay.TypeBool, "coil:0")}
	onBus(t, bus, []mapping.DeviceConfig{d}, func(t *testing.T, r *rig) {
		time.Sleep(2 * time.Second) // the next question is due, and waits for the end of the rest
		r.ask(`{"id":"a","command":"lamp","value":true}`)
		time.Sleep(10 * time.Second)
		if q := bus.Requests(); len(q) < 3 || q[0].PDU[0] == 5 || q[1].PDU[0] != 5 {
			t.Errorf("%v", q)
		}
	})
}

// A command does not wait until a meter has sent all parts of a long answer.
func TestCommandBetweenThePartsOfAnAnswer(t *testing.T) {
	const address = "123456789012"
	meter := MeterDevice("meter", address, Field("number", relay.TypeText, Key("0400040F"), Lies(mapping.Nowhere, "hex"), Long(5)))
	meter.WakeUp = 0
	parts := map[string]string{
		meterSays(address, 0x11, 0x0F, 4, 0, 4):    meterSays(address, 0xB1, 0x0F, 4, 0, 4, 0x55, 0x44),
		meterSays(address, 0x12, 0x0F, 4, 0, 4, 1): meterSays(address, 0xB2, 0x0F, 4, 0, 4, 0x33, 0x22, 1),
		meterSays(address, 0x12, 0x0F, 4, 0, 4, 2): meterSays(address, 0x92, 0x0F, 4, 0, 4, 0x11, 2),
	}
	inBubble(t, func(t *testing.T, r *rig) {
		port := serial.Default()
		port.ID, port.Path = "uno", "/dev/uno"
		if err := r.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{meter, relayBoard()}}); err != nil {
			t.Fatal(err)
		}
		b := r.board()
		heard := make(chan string, 1000)
		go func() {
			asked := false
			buf := make([]byte, 256)
			for {
				n, err := b.Read(buf)
				if err != nil {
					return
				}
				request := HexOf(buf[:n])
				heard <- request
				answer := parts[request]
				switch {
				case strings.HasPrefix(request, "AA 01"):
					answer = "AA 81 01 00 2C"
				case strings.HasPrefix(request, "AA 02"):
					answer = "AA 82 01 00 2D"
				case len(heard) > 5 && !asked && answer != "" && request == meterSays(address, 0x11, 0x0F, 4, 0, 4):
					asked = true
					r.relay.Handle(relay.Message{Topic: "minirelay/home/board/command",
						Payload: []byte(`{"id":"a","command":"pump","value":true}`), User: "phone", Client: "c"})
				}
				_, _ = b.Write(Unhex(t, answer))
			}
		}()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		before := ""
		for len(heard) > 0 {
			request := <-heard
			if strings.HasPrefix(request, "AA 02") && before != meterSays(address, 0x11, 0x0F, 4, 0, 4) {
				t.Errorf("before the command %s was asked", before)
			}
			before = request
		}
		if got := elapsed.ReplaceAllString(r.results(), ""); got != "a done" || !strings.Contains(r.stateOf("meter"), "1122334455") {
			t.Errorf("%s, %s", got, r.stateOf("meter"))
		}
	})
}

// The time for the effect to show begins when a command is written, not when it had to wait for a late answer.
func TestTimeForTheEffect(t *testing.T) {
	d := Unit(1, Field("lamp", relay.TypeBool, At("coil:1", "")))
	d.Poll, d.OfflineAfter = 10*time.Second, 30*time.Second
	second := func(c *mapping.CommandConfig) { c.Timeout = time.Second }
	heater, lamp := Writes("heater", relay.TypeBool, "coil:0", second), Writes("lamp", relay.TypeBool, "coil:1", second)
	lamp.Confirm = "lamp"
	d.Commands = []mapping.CommandConfig{heater, lamp}
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		go func() {
			var written time.Time
			request := make([]byte, 8)
			for {
				if _, err := io.ReadFull(b, request); err != nil {
					return
				}
				switch {
				case request[1] == 1 && !written.IsZero() && time.Since(written) > 600*ms: // a lamp that takes its time
					_, _ = b.Write(RTU(1, 1, 1, 1))
				case request[1] == 1:
					_, _ = b.Write(RTU(1, 1, 1, 0))
				case request[3] == 1:
					written = time.Now()
					_, _ = b.Write(request)
				}
			}
		}()
		time.Sleep(100 * ms)
		r.ask(`{"id":"a","command":"heater","value":true}`) // which is not answered
		time.Sleep(1200 * ms)
		r.ask(`{"id":"b","command":"lamp","value":true}`)
		time.Sleep(10 * time.Second)
		if got := elapsed.ReplaceAllString(r.results(), ""); got != "a unknown/no_answer: the hardware did not answer in time; b done" {
			t.Error(got)
		}
	})
}

// A command that waits for a late answer while its port is lost, or the gateway stops, was not written: on a board that
// talks by itself and on a polled device alike.
func TestPortLostWhileWaitingForALateAnswer(t *testing.T) {
	stream, polled := Device(), ATDevice()
	polled.LineEnd = "\n"
	for road, d := range map[string]mapping.DeviceConfig{"stream": stream, "polled": polled} {
		for end, want := range map[string]string{
			"lost":    "b rejected/offline: the port was lost before the command was written",
			"stopped": "b rejected/stopping: the gateway stopped before the command was written",
		} {
			t.Run(road+"/"+end, func(t *testing.T) {
				inBubble(t, func(t *testing.T, r *rig) {
					c := mapping.DefaultCommand()
					c.ID, c.Type, c.Send, c.Expect = "pump", relay.TypeBool, "PUMP {value}\n", "^OK$"
					d.Commands = []mapping.CommandConfig{c}
					r.apply(d)
					b := r.board()
					writes := make(chan int, 1)
					go func() { writes <- b.answer([][]reply{{}}) }()
					r.ask(`{"id":"a","command":"pump","value":true}`)
					time.Sleep(2100 * ms) // its answer may still come
					r.ask(`{"id":"b","command":"pump","value":false}`)
					time.Sleep(500 * ms)
					if end == "lost" {
						b.Close()
					} else {
						over, cancel := context.WithCancel(t.Context())
						cancel()
						_ = r.ports.Close(over)
						b.Close()
					}
					time.Sleep(10 * time.Second)
					want := "a unknown/no_answer: the hardware did not answer in time; " + want
					if got := elapsed.ReplaceAllString(r.results(), ""); got != want {
						t.Errorf("got  %s\nwant %s", got, want)
					}
					if n := <-writes; n != 1 {
						t.Errorf("written %d times", n)
					}
				})
			})
		}
	}
}
