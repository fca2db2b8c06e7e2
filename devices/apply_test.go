package devices

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// onPorts makes a config with a device on each named port.
func onPorts(pairs ...string) Config {
	var c Config
	for i := 0; i < len(pairs); i += 2 {
		port := serial.Default()
		port.ID, port.Path = pairs[i], "/dev/"+pairs[i]
		d := PumpBoard()
		d.ID, d.Port = pairs[i+1], pairs[i]
		c.Ports, c.Devices = append(c.Ports, port), append(c.Devices, d)
	}
	return c
}

func (r *rig) applyAll(c Config) {
	r.t.Helper()
	if err := r.ports.Apply(c); err != nil {
		r.t.Fatal(err)
	}
	synctest.Wait()
}

// topic gives all payloads on a device's topic.
func (r *rig) topic(device, leaf string) []string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.published["minirelay/home/"+device+"/"+leaf]
}

// lastOn gives the last payload on a device's topic.
func (r *rig) lastOn(device, leaf string) string {
	all := r.topic(device, leaf)
	if len(all) == 0 {
		return "none"
	}
	return all[len(all)-1]
}

// boardOn gives the newest board on a port: ports are opened in any order.
func (r *rig) boardOn(port string) *board {
	r.t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range slices.Backward(r.boards) {
		if b.port == port {
			return b
		}
	}
	r.t.Fatal("port not open: ", port)
	return nil
}

func TestTried(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.set("", errNoPort)
		select {
		case <-r.ports.Tried():
			t.Error("tried before anything was applied")
		default:
		}
		r.applyAll(onPorts("uno", "a", "nano", "b"))
		<-r.ports.Tried()
		if r.times() != 2 {
			t.Errorf("%d ports tried", r.times())
		}
	})
	inBubble(t, func(t *testing.T, r *rig) {
		c := onPorts("uno", "a")
		c.Devices = nil
		r.applyAll(c)
		<-r.ports.Tried()
		if r.times() != 0 {
			t.Error("a port without a device was opened")
		}
	})
}

// Unchanged parts are not affected: neither the port nor the values.
func TestApplyTheSame(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		c := onPorts("uno", "a", "nano", "b")
		r.applyAll(c)
		r.boardOn("uno").say("half", `{"p":1}`)
		states := len(r.topic("a", "state"))
		r.applyAll(c)
		c = onPorts("nano", "b", "uno", "a") // only the order differs
		c.Devices[0].OfflineAfter = time.Hour
		r.applyAll(c)
		if r.times() != 2 || len(r.topic("a", "state")) != states || len(r.topic("a", "model")) != 1 || len(r.topic("b", "model")) != 2 {
			t.Errorf("opened %d times, %d states", r.times(), len(r.topic("a", "state")))
		}
	})
}

// A new description takes effect between two frames, while the port stays open and a command is in flight.
func TestApplyMapping(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		d := PumpBoard()
		r.apply(d)
		b := r.board()
		b.say("half", `{"p":0,"x":5}`)
		go func() {
			line := b.hear()
			time.Sleep(time.Second)
			b.say(fmt.Sprintf("OK #%d", seqOf(line)), `{"x":7,"p":1}`)
		}()
		r.ask(`{"id":"a","command":"pump","value":true}`)

		d.Fields = append([]mapping.FieldConfig{Field("x", relay.TypeNumber)}, d.Fields...)
		d.MaxFrame = 20
		r.apply(d)
		if r.field("pump") != nil || r.last("availability") != "offline" {
			t.Error(r.last("state"), r.last("availability"))
		}
		time.Sleep(2 * time.Second)
		if got := r.results(); got != "a done after 1s" {
			t.Error(got)
		}
		if r.field("x") != 7.0 || r.field("pump") != true || r.last("availability") != "online" {
			t.Error(r.last("state"), r.last("availability"))
		}
		b.say(`{"x":8,"p":1      }`, `{"x":9,"p":1         }`)
		if r.field("x") != 8.0 || r.times() != 1 {
			t.Error("the new longest line does not count, or the port was opened again", r.last("state"), r.times())
		}
	})
}

// New settings open the port again; the device is the same.
func TestApplyPortSettings(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		c := onPorts("uno", "board")
		r.applyAll(c)
		b := r.board()
		b.say("half", `{"p":1}`)
		c.Ports[0].Baud = 115200
		r.applyAll(c)
		if b.hear() != "" || r.times() != 2 || r.opened[1].Baud != 115200 || r.last("availability") != "offline" {
			t.Errorf("opened %d times, %s", r.times(), r.last("availability"))
		}
		r.board().say("half", `{"p":1}`)
		if r.field("pump") != true || len(r.topic("board", "model")) != 1 {
			t.Error(r.last("state"))
		}
		// In trouble, new settings are tried at once.
		r.set("", errNoPort)
		r.board().Close()
		time.Sleep(time.Minute)
		n := r.times()
		c.Ports[0].Path = "/dev/other"
		r.applyAll(c)
		if r.times() != n+1 {
			t.Error("not tried at once")
		}
	})
}

// Devices that are removed leave empty topics; one that moves to another port keeps its own.
func TestApplyGoneAndMoved(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.applyAll(onPorts("one", "a", "two", "b"))
		one := r.boardOn("one")
		one.say("half", `{"p":1}`)
		r.boardOn("two").say("half", `{"p":1}`)
		r.applyAll(onPorts("two", "a", "three", "c"))
		if one.hear() != "" {
			t.Error("a removed port is still open")
		}
		if r.lastOn("b", "model") != "" || r.lastOn("b", "state") != "" || r.lastOn("a", "model") == "" {
			t.Errorf("b %q, a %q", r.lastOn("b", "model"), r.lastOn("a", "model"))
		}
		r.boardOn("two").say(`{"p":0}`)
		if !strings.Contains(r.lastOn("a", "state"), `"pump":false`) || r.times() != 3 {
			t.Error(r.lastOn("a", "state"), r.times())
		}
		r.applyAll(Config{})
		if r.lastOn("a", "model") != "" || r.lastOn("c", "model") != "" || len(r.ports.Stats()) != 0 {
			t.Error("devices are left")
		}
	})
}

// A command in flight on a port that is removed may finish, but not for ever.
func TestApplyCutsOff(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(PumpBoard())
		b := r.board()
		b.say("half", `{"p":1}`)
		go b.hear()
		r.ask(`{"id":"a","command":"pump","value":true}`)
		r.ask(`{"id":"b","command":"fan","value":1}`)
		r.applyAll(Config{})
		want := "b rejected/unknown_device after 0s: the port has been removed from the configuration; " +
			"a unknown/no_answer after 1s: the gateway stopped before an answer came"
		if got := r.results(); got != want {
			t.Error(got)
		}
	})
}

// An error about a config says what is wrong, and offers what to try as its hint. Of several faults each has its own.
func TestHintsAreValues(t *testing.T) {
	d := PumpBoard()
	d.Codec = "telepathy"
	_, decoding := Decode(serial.Default(), d, nil, func(wire.Record) {})
	_, asking := Questions(d)
	uno := serial.Default()
	uno.ID, uno.Path = "uno", "/dev/uno"
	_, applying := planLines(Config{Ports: []serial.Config{uno}, Devices: []mapping.DeviceConfig{d}})
	_, nowhere := planLines(Config{Devices: []mapping.DeviceConfig{PumpBoard()}})
	_, both := planLines(Config{Devices: []mapping.DeviceConfig{d}})
	codec, fix := `codec: there is no codec "telepathy"`, CheckDevice(d)[0].Try
	for name, tt := range map[string]struct {
		err        error
		what, hint string
	}{
		"Decode": {decoding, codec, fix}, "Questions": {asking, codec, fix}, "a device": {applying, `device "board": ` + codec, fix},
		"a port": {nowhere, `device "board": there is no port "uno"`, "add [ports.uno]"},
		"both":   {both, `device "board": ` + codec + "; " + fix + "\n" + `device "board": there is no port "uno"; add [ports.uno]`, ""},
	} {
		var hinted interface{ Hint() string }
		if !errors.As(tt.err, &hinted) || hinted.Hint() != tt.hint || tt.err.Error() != tt.what {
			t.Errorf("%s: %v", name, tt.err)
		}
	}
}

// A config that cannot be used changes nothing, and all its faults are reported.
func TestApplyRefuses(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.applyAll(onPorts("uno", "a"))
		c := onPorts("uno", "a", "nano", "b", "nano", "c")
		c.Ports = c.Ports[:2]
		c.Devices[0].Port = "none"
		c.Devices[1].Commands[0].Expect = "("
		err := r.ports.Apply(c)
		for _, want := range []string{`device "a": there is no port "none"`, `device "b": command "pump": expect: it is not a regular expression`,
			`device "c": the port "nano" is taken by device "b"`} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not say %s", err, want)
			}
		}
		if r.times() != 1 || len(r.ports.Stats()) != 1 {
			t.Error("something has changed")
		}
		var e *serial.Error
		if errors.As(err, &e) {
			t.Error("it looks like a port's trouble")
		}
	})
}
