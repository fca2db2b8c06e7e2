package devices

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/softboard"
)

func TestRealBoard(t *testing.T) {
	g := startGateway(t)
	line, board, _ := plug(t, 5*time.Millisecond)
	port, d := greenhouse("house", line)
	if err := g.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{d}}); err != nil {
		t.Fatal(err)
	}
	<-g.ports.Tried()
	g.wait(t, "online", g.online("house"))
	for _, tt := range []struct {
		fault softboard.Fault
		want  string
		late  bool
	}{
		{softboard.Good, "done", false},
		{softboard.Noisy, "done", false},
		{softboard.Twice, "done", true},
		{softboard.Refusing, "failed refused not now", false},
		{softboard.Stubborn, "failed mismatch the hardware reads back true instead of false", false},
		{softboard.Deaf, "unknown no_answer the hardware did not answer in time", false},
		{softboard.NoAnswer, "unknown no_answer the hardware did not answer in time", false},
		{softboard.WrongSeq, "unknown no_answer the hardware did not answer in time", true},
		{softboard.Reset, "unknown no_answer the hardware did not answer in time", false},
		{softboard.Late, "done", false}, // with the next telemetry is still in time
	} {
		board.Set(softboard.Good)
		if got := g.command(t, "house", "pump", true); got != "done" {
			t.Fatalf("fault %v: a good board: %s", tt.fault, got)
		}
		before := g.ports.Stats()[0].Counts.Late
		board.Set(tt.fault)
		if got := g.command(t, "house", "pump", false); got != tt.want {
			t.Errorf("fault %v: %s", tt.fault, got)
		}
		if late := g.ports.Stats()[0].Counts.Late > before; late != tt.late {
			t.Errorf("fault %v: late answers: %v", tt.fault, late)
		}
	}
	seen := map[int]bool{}
	for _, c := range board.Commands() {
		if seen[seqOf(c)] {
			t.Errorf("%q carries a number used before", c)
		}
		seen[seqOf(c)] = true
	}
}

// A board that is plugged in again delivers within a second, under the same path.
func TestReplugWithinASecond(t *testing.T) {
	g := startGateway(t)
	line, _, run := plug(t, 10*time.Millisecond)
	port, d := greenhouse("house", line)
	if err := g.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{d}}); err != nil {
		t.Fatal(err)
	}
	best := time.Hour
	for range 5 { // a busy machine adds to it; waiting for the next try would do so each time
		g.wait(t, "online", g.online("house"))
		if err := line.Unplug(); err != nil {
			t.Fatal(err)
		}
		g.wait(t, "offline", g.offline("house"))
		// Let the wait between two tries become longer than a second.
		waitFor(t, "three failed tries", func() bool { return g.ports.Stats()[0].Trouble == port.Path+" does not exist" })
		gone := time.Now()
		waitFor(t, "a long wait", func() bool { return time.Since(gone) > 1600*time.Millisecond })
		if err := line.Replug(); err != nil {
			t.Fatal(err)
		}
		run()
		back := time.Now()
		g.wait(t, "online", g.online("house"))
		if best = min(best, time.Since(back)); best <= time.Second {
			return
		}
	}
	t.Errorf("back after %v", best)
}

// A cable that is pulled in mid-command leaves its end unknown, and nothing is written again.
func TestCablePulledInMidCommand(t *testing.T) {
	g := startGateway(t)
	line, board, run := plug(t, 5*time.Millisecond)
	port, d := greenhouse("house", line)
	d.Commands[0].Timeout = 10 * time.Second
	d.Commands[0].Idempotent, d.Commands[0].Retries = true, 5
	if err := g.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{d}}); err != nil {
		t.Fatal(err)
	}
	g.wait(t, "online", g.online("house"))
	board.Set(softboard.Deaf)
	pulled := make(chan error)
	go func() {
		for len(board.Commands()) == 0 {
			time.Sleep(time.Millisecond)
		}
		pulled <- line.Unplug()
	}()
	if got := g.command(t, "house", "pump", true); got != "unknown no_answer the connection broke before an answer came" {
		t.Error(got)
	}
	if err := <-pulled; err != nil {
		t.Fatal(err)
	}
	g.wait(t, "offline", g.offline("house"))
	board.Set(softboard.Good)
	if err := line.Replug(); err != nil {
		t.Fatal(err)
	}
	run()
	g.wait(t, "online", g.online("house"))
	if got := g.command(t, "house", "fan", 20); got != "done" {
		t.Error(got)
	}
	if c := board.Commands(); len(c) != 2 {
		t.Errorf("written: %q", c)
	}
}

// Random bytes, an endless line, NUL and halves of characters cost nothing but counters.
func TestRandomBytes(t *testing.T) {
	g := startGateway(t)
	line, err := softboard.Open(filepath.Join(t.TempDir(), "port"))
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	port, d := greenhouse("house", line)
	if err := g.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{d}}); err != nil {
		t.Fatal(err)
	}
	<-g.ports.Tried()
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	endless := bytes.Repeat([]byte(`{"t":1,`), 10<<20/7)
	for _, b := range [][]byte{noise, {'\n'}, endless, []byte("\n{\"t\":\"\x00\xe6\"}\n" + Telemetry + "\n")} {
		if _, err := line.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	g.wait(t, "the good line", func() bool {
		s, _ := g.on("house", "state")
		return strings.Contains(s, `"temperature":21.53,`)
	})
	c := g.ports.Stats()[0].Counts
	if c.Bytes < 11<<20 || c.Frames != 1 || c.Noise < 100 || c.Overlong == 0 {
		t.Errorf("%+v", c)
	}
}

// A hundred boards at once: some are pulled, some talk nonsense, and the others never notice.
func TestNeighboursNeverNotice(t *testing.T) {
	const boards, frames = 100, 50
	g := startGateway(t)
	var c Config
	lines := make([]*softboard.Line, boards)
	dir := t.TempDir()
	for i := range lines {
		line, err := softboard.Open(filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		defer line.Close()
		lines[i] = line
		port, d := greenhouse(fmt.Sprintf("b%d", i), line)
		c.Ports, c.Devices = append(c.Ports, port), append(c.Devices, d)
	}
	if err := g.ports.Apply(c); err != nil {
		t.Fatal(err)
	}
	<-g.ports.Tried()
	var talking sync.WaitGroup
	for i, line := range lines {
		talking.Go(func() {
			_, _ = io.WriteString(line, "half\n")
			for n := range frames {
				switch i % 4 {
				case 1:
					_, _ = line.Write(bytes.Repeat([]byte{byte(n)}, 500))
				case 2:
					if n == frames/2 {
						_ = line.Unplug()
					}
				}
				_, _ = fmt.Fprintf(line, "{\"t\":%d}\n", n)
			}
		})
	}
	talking.Wait()
	for i := range lines {
		id := fmt.Sprintf("b%d", i)
		switch i % 4 {
		case 0, 3:
			g.wait(t, id, func() bool {
				s, _ := g.on(id, "state")
				return strings.Contains(s, fmt.Sprintf(`"temperature":%d,`, frames-1))
			})
			if got := g.ports.Stats()[i]; got.Counts.Frames != frames || !got.Open || got.Counts.Reopened != 0 {
				t.Errorf("%+v", got)
			}
		case 2:
			g.wait(t, id+" offline", g.offline(id))
		}
	}
}
