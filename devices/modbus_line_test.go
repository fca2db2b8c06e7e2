package devices

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
	"minirelay/softboard"
)

// RTU behind a serial server, which hands bytes over in pieces of its own.
func TestModbusOverTCP(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := softboard.NewModbusUnit(1).Set(softboard.HoldingRegisters, 0, 7).Set(softboard.Coils, 0, 0)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { _ = (&softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}).Serve(pieces{c}) })
		}
	})
	t.Cleanup(func() { listener.Close(); serving.Wait() }) // after the gateway's end
	g := startGateway(t)
	port := serial.Default()
	port.ID, port.Path = "uno", "tcp://"+listener.Addr().String()
	d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")), Field("lamp", relay.TypeBool, At("coil:0", "")))
	d.Commands = []mapping.CommandConfig{Writes("lamp", relay.TypeBool, "coil:0", func(c *mapping.CommandConfig) { c.Confirm, c.Timeout = "lamp", 20*time.Second })}
	d.Timeout = 5 * time.Second
	if err := g.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{d}}); err != nil {
		t.Fatal(err)
	}
	state := func(part string) func() bool {
		return func() bool { s, _ := g.on("board", "state"); return strings.Contains(s, part) }
	}
	g.wait(t, "both values", state(`"a":7,"lamp":false`))
	if got := g.command(t, "board", "lamp", true); got != "done" {
		t.Error(got)
	}
	g.wait(t, "the effect", state(`"lamp":true`))
}

// pieces writes byte by byte.
type pieces struct{ net.Conn }

func (p pieces) Write(b []byte) (int, error) {
	for i := range b {
		if _, err := p.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

// A changed description takes effect at once and does not affect the other devices on the line.
func TestModbusRemap(t *testing.T) {
	bus, devices := busOf(3)
	onBus(t, bus, devices, func(t *testing.T, r *rig) {
		time.Sleep(1500 * ms)
		port := serial.Default()
		port.ID, port.Path = "uno", "/dev/uno"
		changed := append([]mapping.DeviceConfig{}, devices[:2]...)
		changed[0].Poll = 100 * ms
		from := time.Now()
		if err := r.ports.Apply(Config{Ports: []serial.Config{port}, Devices: changed}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10*time.Second + 50*ms)
		if n := polls(bus, from); n[0] != 101 || n[1] != 10 || n[2] != 0 {
			t.Errorf("asked %v times in ten seconds", n)
		}
		if n := r.times(); n != 1 {
			t.Errorf("the port was opened %d times", n)
		}
		if got := r.stateOf("u2"); got != `{"a":1}` {
			t.Errorf("the other one shows %s", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.ports.Pulse(ctx); err != nil {
			t.Error(err)
		}
	})
}

// The echo of an earlier command, which does not repeat the values, is not taken for that of the next.
func TestModbusLateEcho(t *testing.T) {
	d := Unit(1)
	d.Commands = []mapping.CommandConfig{Writes("level", relay.TypeNumber, "holding:0", func(c *mapping.CommandConfig) {
		c.Function, c.Timeout = 16, time.Second
	})}
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		writes := make(chan time.Time, 9)
		go func() {
			request := make([]byte, 11)
			for _, err := io.ReadFull(b, request); err == nil; _, err = io.ReadFull(b, request) {
				writes <- time.Now()
			}
		}()
		r.ask(`{"id":"a","command":"level","value":1}`)
		first := <-writes
		time.Sleep(1200 * ms)
		r.ask(`{"id":"b","command":"level","value":2}`)
		time.Sleep(300 * ms)
		if _, err := b.Write(RTU(1, 16, 0, 0, 0, 1)); err != nil { // too late for the first
			t.Fatal(err)
		}
		second := <-writes
		if gap := second.Sub(first); gap < 2*time.Second {
			t.Errorf("the second was written %v after the first", gap)
		}
		synctest.Wait()
		if _, err := b.Write(RTU(1, 16, 0, 0, 0, 1)); err != nil {
			t.Fatal(err)
		}
		if got := elapsed.ReplaceAllString(r.results(), ""); got != "a unknown/no_answer: the hardware did not answer in time; b done" {
			t.Error(got)
		}
	})
}

// When a port is lost during a request, the command gets the outcome that is known, and the values are unknown at once.
func TestModbusPortLost(t *testing.T) {
	d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")))
	d.Commands = []mapping.CommandConfig{Writes("a", relay.TypeNumber, "holding:0")}
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		request := make([]byte, 8)
		if _, err := io.ReadFull(b, request); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Write(RTU(1, 3, 2, 0, 5)); err != nil {
			t.Fatal(err)
		}
		r.ask(`{"id":"a","command":"a","value":1}`)
		if _, err := io.ReadFull(b, request); err != nil || request[1] != 6 {
			t.Fatalf("% x %v", request, err)
		}
		b.Close()
		if got := elapsed.ReplaceAllString(r.results(), ""); got != "a unknown/no_answer: the connection broke before an answer came" {
			t.Error(got)
		}
		if got := r.stateOf("board"); got != `{"a":null}` {
			t.Error(got)
		}
		time.Sleep(time.Second)
		if b = r.board(); b == nil {
			t.Fatal("it is not opened again")
		}
		if _, err := io.ReadFull(b, request); err != nil || request[1] != 3 {
			t.Errorf("then it is asked % x: %v", request, err)
		}
	})
}
