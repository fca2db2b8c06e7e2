package relay

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A refusal is final: the same id is refused again after a crash, even if the device is there by then.
func TestRefusalSurvivesACrash(t *testing.T) {
	dir := t.TempDir()
	b := open1(t, dir)
	defer b.Close()
	b.ask(`{"id":"a","command":"pump","value":true}`) // the device has said nothing yet
	b.results(t, 1)
	b = open1(t, crash(t, dir))
	defer b.Close()
	b.device.Update(time.Now(), reading21)
	b.ask(`{"id":"a","command":"pump","value":true}`)
	if r := b.results(t, 1)[0]; r.String() != "a rejected/offline" || !r.Repeat {
		t.Errorf("%+v", r)
	}
	if b.lane.Take() != nil {
		t.Error("executed after its refusal")
	}
}

// A second restart before any client has subscribed does not lose the report of an unknown outcome.
func TestUnknownEndSurvivesTwoCrashes(t *testing.T) {
	dir := t.TempDir()
	b := open1(t, dir)
	defer b.Close()
	b.device.Update(time.Now(), reading21)
	b.ask(`{"id":"cut","command":"pump","value":true}`)
	once := crash(t, dir)
	b = open1(t, once)
	b.Close()
	b = open1(t, once)
	b.Subscribed("phone", everything)
	if r := b.results(t, 1)[0]; r.String() != "cut unknown/no_answer" || r.Repeat {
		t.Errorf("%+v", r)
	}
	b.Close()
	b = open1(t, once)
	defer b.Close()
	b.Subscribed("phone", everything)
	b.ask(`{"id":"cut","command":"pump","value":true}`)
	if rs := b.results(t, 1); len(rs) != 1 || !rs[0].Repeat {
		t.Errorf("reported twice: %v", rs)
	}
}

// Two gateways with one data directory would truncate each other's journal.
func TestDataDirIsForOneGateway(t *testing.T) {
	dir := t.TempDir()
	b := open1(t, dir)
	if _, err := Start(Config{Root: "minirelay", Gateway: "other", DataDir: dir}, newWire(), nopLog); !errors.Is(err, ErrInUse) {
		t.Errorf("%v", err)
	}
	b.Close()
	open1(t, dir).Close()
}

// A disk that accepts no writes for a while costs no result: missed results are written when it works again.
func TestResultThatTheDiskRefused(t *testing.T) {
	dir := t.TempDir()
	b := open1(t, dir)
	defer b.Close()
	b.device.Update(time.Now(), reading21)
	b.ask(`{"id":"a","command":"pump","value":true}`)
	task := b.lane.Take()
	b.journal.mu.Lock()
	records := b.journal.records
	b.journal.records = nil // as after a failure
	b.journal.mu.Unlock()
	task.Finish(Done())
	b.journal.mu.Lock()
	b.journal.records = records
	b.journal.mu.Unlock()
	b.ask(`{"id":"b","command":"pump","value":false}`)
	b.lane.Take().Finish(Done())
	b.results(t, 2)
	b = open1(t, crash(t, dir))
	defer b.Close()
	b.ask(`{"id":"a","command":"pump","value":true}`)
	if r := b.results(t, 1)[0]; r.String() != "a done" {
		t.Errorf("%+v", r)
	}
}

// A journal that can be read but not written to still reports the commands that were cut off.
func TestUnknownEndOnAReadOnlyDisk(t *testing.T) {
	dir := t.TempDir()
	b := open1(t, dir)
	defer b.Close()
	b.device.Update(time.Now(), reading21)
	b.ask(`{"id":"cut","command":"pump","value":true}`)
	after := crash(t, dir)
	// A directory in place of the next journal file behaves like a disk that accepts no file.
	if err := os.Rename(filepath.Join(after, "commands", "00000001.seg"), filepath.Join(after, "commands", "00000000.seg")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(after, "commands", "00000001.seg"), 0o700); err != nil {
		t.Fatal(err)
	}
	b = open1(t, after)
	defer b.Close()
	b.Subscribed("phone", everything)
	if r := b.results(t, 1)[0]; r.String() != "cut unknown/no_answer" {
		t.Errorf("%+v", r)
	}
}

// A command that arrives while the gateway is stopping is answered, however late.
func TestCommandAfterClose(t *testing.T) {
	b := open1(t, t.TempDir())
	b.device.Update(time.Now(), reading21)
	b.lane.Close(CodeStopping, "the gateway is being stopped")
	b.Close()
	b.ask(`{"id":"a","command":"pump","value":true}`)
	if r := b.results(t, 1)[0]; r.String() != "a rejected/stopping" {
		t.Errorf("%+v", r)
	}
}

// A user's own topic that moves from one device to another keeps its value.
func TestOwnTopicMoves(t *testing.T) {
	b := start(t)
	m := greenhouse
	m.Topic = "people/state"
	old := b.Attach(m, b.lane)
	m.Device = "glasshouse"
	b.Attach(m, NewLane(4)).Update(time.Now(), reading21)
	old.Detach()
	b.ask(`{"id":"end","command":"pump","value":true}`)
	b.results(t, 1)
	got := b.wire.on("people/state")
	if last := got[len(got)-1]; !strings.Contains(last, "21.5") {
		t.Errorf("%q", got)
	}
}

// Client ids are the client's choice: a client named "command" can send requests like any other.
func TestClientCalledCommand(t *testing.T) {
	b := start(t)
	b.Handle(Message{Topic: "minirelay/home/request/command", Payload: []byte(`{"id":"1","method":"time"}`), User: "phone", Client: "command"})
	b.wire.wait(t, "minirelay/home/reply/command", 1)
}

// A switch widget sends 1 and then 0, which presses a button once.
func TestBareZeroPressesNothing(t *testing.T) {
	b := start(t)
	m := greenhouse
	m.Commands = append([]Command{}, m.Commands...)
	m.Commands[4].Topic = "home/reset"
	b.Attach(m, b.lane).Update(time.Now(), reading21)
	for _, payload := range []string{"1", "0"} {
		b.Handle(Message{Topic: "home/reset", Payload: []byte(payload), User: "phone"})
	}
	b.lane.Take().Finish(Sent())
	if b.lane.Take() != nil {
		t.Error("pressed twice")
	}
	if got := fmt.Sprint(b.results(t, 2)); got != "[ rejected/bad_value  sent]" {
		t.Error(got)
	}
}

// A client that repeats a command while it runs also gets the result on the topic of the repetition.
func TestRepetitionWaitsForTheResult(t *testing.T) {
	b := start(t)
	ask := func(topic string) {
		b.Handle(Message{Topic: commandTopic, Payload: []byte(`{"id":"a","command":"reset"}`), User: "phone", Respond: topic, Correlation: []byte("7")})
	}
	ask("phone/first")
	ask("phone/second")
	b.lane.Take().Finish(Sent())
	first, second := b.wire.wait(t, "phone/first", 1), b.wire.wait(t, "phone/second", 1)
	if first[0] != second[0] || len(b.wire.on(resultTopic)) != 1 {
		t.Errorf("%q %q", first, second)
	}
}

// So does a client that repeats it so soon that the id was still new when looked up, but known when it was to be
// recorded.
func TestRepetitionAtTheSameMomentWaitsToo(t *testing.T) {
	b := start(t)
	b.ask(`{"id":"a","command":"reset"}`)
	late := &submission{request: request{id: "a", command: "reset"}, device: "greenhouse", topic: resultTopic, received: time.Now(),
		message: Message{User: "phone", Respond: "phone/second"}}
	b.accept(late, b.device, 4, Value{}, nil)
	b.lane.Take().Finish(Sent())
	if got := b.wire.wait(t, "phone/second", 1); got[0] != b.wire.wait(t, resultTopic, 1)[0] {
		t.Errorf("%q", got)
	}
	if b.lane.Take() != nil {
		t.Error("it was executed twice")
	}
}

// A client that comes back after the journal's window still learns the outcome of a command that a crash cut off, and
// never gets an empty result.
func TestUnknownEndIsReportedAfterTheWindow(t *testing.T) {
	dir := t.TempDir()
	b := open1(t, dir)
	b.device.Update(time.Now(), reading21)
	b.ask(`{"id":"cut","command":"pump","value":true}`)
	after := crash(t, dir)
	b.lane.Close(CodeStopping, "the gateway is being stopped")
	b.Close()
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		r, err := Start(Config{Root: "minirelay", Gateway: "home", DataDir: after, Remember: time.Hour}, w, nopLog)
		if err != nil {
			t.Fatal(err)
		}
		b := &bench{r, w, NewLane(4), nil}
		b.device = r.Attach(greenhouse, b.lane)
		time.Sleep(61 * time.Minute)
		b.ask(`{"id":"other","command":"pump","value":true}`) // drops old entries
		r.Subscribed("phone", everything)
		synctest.Wait()
		if got := fmt.Sprint(b.results(t, 2)); got != "[other rejected/offline cut unknown/no_answer]" {
			t.Error(got)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

// An id that is used again after the window is another command. The journal still holds the first one, and must not
// mistake its age for that of the second after a restart.
func TestIDThatHasOutlivedTheWindowSurvivesACrash(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var machine machine
		machine.start(0)
		m, err := openJournal(dir, time.Hour, machine.look, nopLog)
		if err != nil {
			t.Fatal(err)
		}
		key := commandKey{"phone", "greenhouse", "a"}
		admit := func() {
			t.Helper()
			m.find(key, waiter{}) // drops old entries
			r := record{User: "phone", Device: "greenhouse", ID: "a", At: time.Now().UnixMilli(), Up: m.upAt(time.Now())}
			if ok, err := m.admit(r, time.Now()); !ok || err != nil {
				t.Fatalf("not admitted: %v", err)
			}
		}
		admit()
		m.settle(key, []byte(`{"first":1}`), false)
		time.Sleep(61 * time.Minute)
		admit() // and the power is cut
		time.Sleep(time.Second)
		if err := m.close(); err != nil {
			t.Fatal(err)
		}
		if m, err = openJournal(dir, time.Hour, machine.look, nopLog); err != nil {
			t.Fatal(err)
		}
		defer m.close()
		v, result := m.find(key, waiter{})
		if v != known || !strings.Contains(string(result), `"status":"unknown"`) {
			t.Errorf("verdict %d, result %s: it could be executed again", v, result)
		}
	})
}
