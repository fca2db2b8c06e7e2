package relay

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// crash copies the data directory as a killed process leaves it.
func crash(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestMemorySurvivesACrash(t *testing.T) {
	dir := t.TempDir()
	b := open1(t, dir)
	defer b.Close()
	b.device.Update(time.Now(), reading21)
	b.ask(`{"id":"done","command":"pump","value":true}`)
	b.lane.Take().Finish(Done())
	b.ask(`{"id":"cut","command":"fan","value":5}`)
	if b.lane.Take() == nil {
		t.Fatal("not admitted")
	}

	after := crash(t, dir)
	b = open1(t, after)
	b.device.Update(time.Now(), reading21)
	b.ask(`{"id":"done","command":"pump","value":true}`)
	if r := b.results(t, 1)[0]; r.String() != "done done" || !r.Repeat {
		t.Errorf("%v", r)
	}
	b.Subscribed("other", everything)
	b.Subscribed("phone", nothing)
	b.Subscribed("phone", results)
	b.Subscribed("phone", results)
	b.ask(`{"id":"cut","command":"fan","value":5}`)
	rs := b.results(t, 3)
	if rs[1].String() != "cut unknown/no_answer" || rs[1].Repeat || rs[1].Command != "fan" || rs[1].Value != 5.0 || rs[1].By != "phone" {
		t.Errorf("%+v", rs[1])
	}
	if rs[2].String() != "cut unknown/no_answer" || !rs[2].Repeat {
		t.Errorf("%+v", rs[2])
	}
	if b.lane.Take() != nil {
		t.Error("executed again after the crash")
	}
	b.Close()

	b = open1(t, after)
	defer b.Close()
	b.Subscribed("phone", everything)
	b.device.Update(time.Now(), reading21)
	b.ask(`{"id":"cut","command":"fan","value":5}`)
	if rs := b.results(t, 1); len(rs) != 1 || !rs[0].Repeat {
		t.Errorf("one result only, and the same at every restart: %v", rs)
	}
}

// A data directory that cannot be written to only affects the commands that need it.
func TestDiskThatDoesNotTakeCommands(t *testing.T) {
	dir := t.TempDir()
	obstacle := filepath.Join(dir, "commands")
	if err := os.WriteFile(obstacle, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b := open1(t, dir)
	defer b.Close()
	b.device.Update(time.Now(), reading21)
	b.ask(`{"id":"a","command":"pump","value":true}`)
	if r := b.results(t, 1)[0]; r.String() != "a rejected/busy" || strings.Contains(r.Message, dir) {
		t.Errorf("%+v", r)
	}
	if b.lane.Take() != nil {
		t.Error("executed though it cannot be remembered")
	}
	b.device.Update(time.Now(), reading21)
	b.wire.wait(t, stateTopic, 3)
	if err := os.Remove(obstacle); err != nil {
		t.Fatal(err)
	}
	b.ask(`{"id":"b","command":"pump","value":true}`)
	b.lane.Take().Finish(Done())
	if r := b.results(t, 2)[1]; r.String() != "b done" {
		t.Errorf("%+v", r)
	}
}

func TestMemoryForgetsAfterTheWindow(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		r, err := Start(Config{Root: "minirelay", Gateway: "home", DataDir: dir, Remember: time.Hour}, w, nopLog)
		if err != nil {
			t.Fatal(err)
		}
		b := &bench{r, w, NewLane(4), nil}
		b.device = r.Attach(greenhouse, b.lane)
		for _, wait := range []time.Duration{0, 59 * time.Minute, 2 * time.Minute} {
			time.Sleep(wait)
			b.device.Update(time.Now(), reading21)
			b.ask(`{"id":"a","command":"pump","value":true}`)
			if task := b.lane.Take(); task != nil {
				task.Finish(Done())
			}
		}
		synctest.Wait()
		rs := b.results(t, 3)
		if !rs[1].Repeat || rs[2].Repeat {
			t.Errorf("%v", rs)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}
