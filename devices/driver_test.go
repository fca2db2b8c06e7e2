package devices

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
)

// A driver that blocks the opening of its port blocks nothing else: the gateway is ready without it, the watchdog is
// content, the other port works, and a config without the port takes effect.
func TestDriverThatHangs(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		let := make(chan struct{})
		r.ports.open = func(c serial.Config) (io.ReadWriteCloser, error) {
			if c.ID == "stuck" {
				<-let
			}
			return r.open(c)
		}
		port, stuck := serial.Default(), serial.Default()
		port.ID, port.Path = "uno", "/dev/uno"
		stuck.ID, stuck.Path = "stuck", "/dev/stuck"
		d, other := PumpBoard(), PumpBoard()
		other.ID, other.Port = "other", "stuck"
		if err := r.ports.Apply(Config{Ports: []serial.Config{stuck, port}, Devices: []mapping.DeviceConfig{other, d}}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		select {
		case <-r.ports.Tried():
		case <-time.After(time.Hour):
		}
		if took := time.Since(began); took != triedAfter {
			t.Errorf("ready after %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		if err := r.ports.Pulse(ctx); err != nil {
			t.Error(err)
		}
		r.board().say("half", `{"p":1}`)
		if r.field("pump") != true || r.ports.Stats()[0].Trouble != hungReason || r.ports.Stats()[1].Trouble != "" {
			t.Errorf("%s %+v", r.last("state"), r.ports.Stats())
		}
		began = time.Now()
		r.apply(d)
		if took := time.Since(began); took > 2*handOver || len(r.ports.Stats()) != 1 || !strings.Contains(r.log.String(), "left behind") {
			t.Errorf("it took %v to do without it: %+v", took, r.ports.Stats())
		}
		close(let) // its owner sees then that the port was removed
		synctest.Wait()
	})
}

// An owner that does not respond, though no driver blocks it, is reported.
func TestOwnerThatStandsStill(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(PumpBoard())
		l := newLine("still", serial.Default(), r.ports.log) // no goroutine runs it
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		if !r.ports.lines[0].pulse(ctx) || l.pulse(ctx) {
			t.Error("no owner runs, and none is missed")
		}
	})
}
