package softboard

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

type telemetry struct {
	T, H, Soil, Light, Fan float64
	P                      int
	Mode                   string
}

// after runs the greenhouse for d and returns the telemetry at the end.
func after(t *testing.T, g *Greenhouse, d time.Duration) telemetry {
	t.Helper()
	var line []byte
	for ; d > 0; d -= time.Second {
		line = g.Step(time.Second)
	}
	var got telemetry
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return got
}

func TestGreenhouseBehaves(t *testing.T) {
	still, cooled, wet := NewGreenhouse(1), NewGreenhouse(1), NewGreenhouse(1)
	if got := string(cooled.Command("FAN 100 #1")[:6]); got != "OK #1\n" {
		t.Fatal(got)
	}
	wet.Command("PUMP 1 #2")
	a, b, c := after(t, still, time.Minute), after(t, cooled, time.Minute), after(t, wet, time.Minute)
	if b.T >= a.T-1 {
		t.Errorf("the fan does not cool: %v, without %v", b.T, a.T)
	}
	if c.Soil <= a.Soil+5 || c.P != 1 || a.P != 0 {
		t.Errorf("the pump does not wet the soil: %v, without %v", c.Soil, a.Soil)
	}
	for day, g := 0, NewGreenhouse(2); day < 3; day++ {
		if got := after(t, g, dayLength); got.T < -20 || got.T > 60 || got.Soil < 0 || got.Soil > 100 || got.H < 0 || got.H > 100 {
			t.Errorf("after day %d: %+v", day, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	g := NewGreenhouse(1)
	for line, want := range map[string]string{
		"FAN 101 #1": "ERR #1 0 to 100\n", "PUMP on #2": "ERR #2 0 or 1\n", "DANCE 1 #3": "ERR #3 no such command\n", "": "ERR #0 VERB VALUE #SEQ\n",
	} {
		if got := string(g.Command(line)); got != want {
			t.Errorf("%q: %q", line, got)
		}
	}
	r := NewRelays()
	if got := string(r.Command("R3 1 #9")); got != "OK #9\n{\"r1\":0,\"r2\":0,\"r3\":1,\"r4\":0}\n" {
		t.Error(got)
	}
	if got := string(r.Command("R5 1 #9")); got != "ERR #9 R1 to R4\n" {
		t.Error(got)
	}
}

// A board that is unplugged and plugged in again has another port under the same name.
func TestReplug(t *testing.T) {
	link := filepath.Join(t.TempDir(), "by-id")
	line, err := Open(link)
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	for range 2 {
		done := make(chan error, 1)
		go func() { done <- Run(t.Context(), line, NewRelays(), time.Millisecond) }()
		port, err := os.OpenFile(line.Path(), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := port.WriteString("R1 1 #1\n"); err != nil {
			t.Fatal(err)
		}
		for s := bufio.NewScanner(port); s.Scan() && s.Text() != "OK #1"; {
		}
		port.Close()
		if err := line.Unplug(); err != nil {
			t.Fatal(err)
		}
		<-done
		if _, err := os.Stat(link); err == nil {
			t.Fatal("the name is still there")
		}
		if err := line.Replug(); err != nil {
			t.Fatal(err)
		}
	}
}
