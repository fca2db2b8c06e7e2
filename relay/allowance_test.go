package relay

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// run gives a command of a user and completes it if it reaches the hardware.
func (b *bench) run(user, id string) (executed bool) {
	b.askAs(user, fmt.Sprintf(`{"id":%q,"command":"reset"}`, id))
	task := b.lane.Take()
	if task != nil {
		task.Finish(Sent())
	}
	return task != nil
}

// Whoever gives thousands of commands is answered busy for seconds, and nobody else notices.
func TestOnePersonDoesNotFillTheMemory(t *testing.T) {
	inBubble(t, greenhouse, func(b *bench) {
		b.device.Update(time.Now(), reading21)
		done := 0
		for i := range 3 * lastingBurst {
			if b.run("greedy", fmt.Sprint(i)) {
				done++
			}
		}
		if done > lastingBurst || done < lastingBurst/2 {
			t.Errorf("%d of %d at once", done, 3*lastingBurst)
		}
		if !b.run("phone", "a") {
			t.Error("another person is busy")
		}
		for waited := time.Duration(0); !b.run("greedy", fmt.Sprint("later", waited)); waited += time.Second {
			if waited > 5*time.Second {
				t.Fatal("busy for more than some seconds")
			}
			time.Sleep(time.Second)
			b.device.Update(time.Now(), reading21)
		}
		if _, ok := b.journal.entries[commandKey{"greedy", "greenhouse", fmt.Sprint(3*lastingBurst - 1)}]; ok {
			t.Error("a command that was answered busy is remembered")
		}
		if n := len(b.wire.on(resultTopic)); n > lastingBurst+busyBurst+20 {
			t.Errorf("%d results flood the screens", n)
		}
	})
}

// Persons share the memory as a rate: whoever floods it for a whole day, alone or with others, never fills it, and
// always gets some commands through.
func TestDayOfFloods(t *testing.T) {
	for _, persons := range []int{1, 5, 40, 2 * maxPersons} {
		synctest.Test(t, func(t *testing.T) {
			a := allowances{window: day}
			given := make([]int, persons)
			total := 0
			name := func(p int) string { return fmt.Sprintf("p%d (hub)", p) }
			for minute := range 24 * 60 {
				for p := range persons {
					for a.mayLast(name(p), 0) {
						given[p]++
						total++
					}
				}
				if every := 1 + 4*(persons/maxPersons); minute%every == 0 && !a.mayLast("family", 0) {
					t.Fatalf("a command every %d minutes is too many for somebody else", every)
				}
				time.Sleep(time.Minute)
			}
			if limit := dayOfCommands + (min(persons, maxPersons)+1)*lastingBurst; total > limit {
				t.Errorf("%d persons: %d commands, more than %d", persons, total, limit)
			}
			if persons < maxPersons {
				for p, n := range given {
					if n < dayOfCommands/(persons+2) {
						t.Errorf("%d persons: number %d had only %d", persons, p, n)
					}
				}
			}
			if len(a.persons) > maxPersons+1 {
				t.Errorf("%d persons are counted", len(a.persons))
			}
		})
	}
}

// Even a memory that is full by other means has room for a person who has used little of it.
func TestRoomInAFullMemory(t *testing.T) {
	b := start(t)
	b.journal.mu.Lock()
	for i := range maxRemembered {
		b.journal.remember(commandKey{fmt.Sprint("p", i%100), "greenhouse", fmt.Sprint(i)}, entry{result: []byte("{}"), at: time.Now()})
	}
	b.journal.mu.Unlock()
	if b.run("p0", "one more") {
		t.Error("there is no bound")
	}
	if !b.run("phone", "a") {
		t.Error("others have no room")
	}
}

// A long value counts as several commands.
func TestLongValuesCostMore(t *testing.T) {
	a := allowances{window: day}
	n := 0
	for a.mayLast("greedy", 4*costUnit) {
		n++
	}
	if n > lastingBurst/4 {
		t.Errorf("%d long ones at once", n)
	}
}

// A repetition of a known command is never answered busy, which would mean that nothing was written.
func TestRepetitionIsNeverBusy(t *testing.T) {
	b := start(t)
	b.run("phone", "first")
	for i := range handleBurst {
		b.askAs("phone", fmt.Sprintf(`{"id":"x%d","command":"nothing"}`, i))
	}
	b.askAs("phone", `{"id":"first","command":"reset"}`)
	b.Busy(Message{Topic: commandTopic, Payload: []byte(`{"id":"first","command":"reset"}`), User: "phone"})
	b.run("other", "end")
	got := b.wire.wait(t, resultTopic, handleBurst+1)
	for !strings.Contains(got[len(got)-1], `"end"`) {
		got = b.wire.wait(t, resultTopic, len(got)+1)
	}
	for _, r := range got {
		if strings.Contains(r, `"first"`) && strings.Contains(r, "busy") {
			t.Error(r)
		}
	}
}

// Commands of which nothing was written take no room from those that were.
func TestSupersededTakesNoRoom(t *testing.T) {
	dir := t.TempDir()
	b := open1(t, dir)
	b.device.Update(time.Now(), reading21)
	for i := range 100 {
		b.ask(fmt.Sprintf(`{"id":"s%d","command":"fan","value":5}`, i))
	}
	b.lane.Take().Finish(Done())
	b.results(t, 100)
	if n := len(b.journal.order); n != 1 {
		t.Errorf("%d commands take room", n)
	}
	b.Close()
	b = open1(t, dir)
	defer b.Close()
	b.device.Update(time.Now(), reading21)
	if n := len(b.journal.order); n != 1 {
		t.Errorf("after a restart %d commands take room", n)
	}
	b.ask(`{"id":"s98","command":"fan","value":5}`)
	if r := b.results(t, 1)[0]; r.String() != "s98 rejected/superseded" || !r.Repeat {
		t.Errorf("%v", r)
	}
}

// One person's refused commands do not push out those of another, neither in memory nor on the disk.
func TestRefusalsAreShared(t *testing.T) {
	dir := t.TempDir()
	b := open1(t, dir)
	b.device.Update(time.Now(), reading21)
	b.ask(`{"id":"mine","command":"fan","value":7}`)
	refused := func(i int) commandKey { return commandKey{"greedy", "greenhouse", fmt.Sprint(i)} }
	for i := range 3 * maxRefused {
		b.journal.refuse(refused(i), []byte(`{"status":"rejected"}`))
	}
	b.askAs("guest", `{"id":"later","command":"fan","value":7}`)
	for round := range 2 {
		for _, key := range []commandKey{{"phone", "greenhouse", "mine"}, {"guest", "greenhouse", "later"}} {
			if v, _ := b.journal.find(key, waiter{}); v != known {
				t.Errorf("round %d: %v is forgotten", round, key)
			}
		}
		if n := b.journal.refusals; n > maxRefused || round == 1 && n > 2+maxRefusedOnDisk {
			t.Errorf("round %d: %d are remembered", round, n)
		}
		b.Close()
		if round == 0 {
			b = open1(t, dir)
		}
	}
}

// An id counts together with the person and the device.
func TestSameIDForAnotherDevice(t *testing.T) {
	dir := t.TempDir()
	b := open1(t, dir)
	m := greenhouse
	m.Device = "glasshouse"
	other := b.Attach(m, b.lane)
	ask := func(user, device string) bool {
		b.device.Update(time.Now(), reading21)
		other.Update(time.Now(), reading21)
		b.Handle(Message{Topic: "minirelay/home/" + device + "/command", Payload: []byte(`{"id":"1","command":"reset"}`), User: user})
		task := b.lane.Take()
		if task != nil {
			task.Finish(Done())
		}
		return task != nil
	}
	for round := range 2 {
		for _, user := range []string{"phone", "tablet"} {
			for _, device := range []string{"greenhouse", "glasshouse"} {
				if got := ask(user, device); got != (round == 0) {
					t.Errorf("round %d: %s for %s: executed: %v", round, user, device, got)
				}
			}
		}
	}
	b.Close()
	b = open1(t, dir)
	defer b.Close()
	other = b.Attach(m, b.lane)
	if ask("phone", "greenhouse") || ask("tablet", "glasshouse") {
		t.Error("executed twice")
	}
}

// A journal of an earlier version, which wrote the device of a command only once, is understood.
func TestJournalWithoutDevices(t *testing.T) {
	dir := t.TempDir()
	b := open1(t, dir)
	b.journal.mu.Lock()
	now := time.Now().UnixMilli()
	for _, r := range []record{{User: "phone", ID: "a", At: now, Topic: resultTopic, Name: "reset"}, {User: "phone", ID: "a", At: now, Result: []byte(`{"id":"a","status":"done"}`)},
		{User: "phone", ID: "b", At: now, Topic: resultTopic, Name: "reset"}} {
		if _, err := b.journal.append(r); err != nil {
			t.Error(err)
		}
	}
	b.journal.mu.Unlock()
	b.Close()
	b = open1(t, dir)
	defer b.Close()
	b.device.Update(time.Now(), reading21)
	if b.run("phone", "a") || b.run("phone", "b") {
		t.Error("executed twice")
	}
	if got := fmt.Sprint(b.results(t, 2)); got != "[a done b unknown/no_answer]" {
		t.Error(got)
	}
}

// What is remembered of a result with a long value has a bound.
func TestLongResultIsRememberedWithoutItsValue(t *testing.T) {
	b := start(t)
	m := greenhouse
	m.Commands = append([]Command{}, m.Commands...)
	m.Commands[3].MaxLength = 2000
	b.Attach(m, b.lane).Update(time.Now(), reading21)
	payload := fmt.Sprintf(`{"id":"a","command":"label","value":%q}`, strings.Repeat("x", 2000))
	b.ask(payload)
	b.lane.Take().Finish(Done())
	b.ask(payload)
	got := b.results(t, 2)
	if got[0].Value == nil || got[1].Value != nil || got[1].String() != "a done" || !got[1].Repeat || *got[1].TS != *got[0].TS {
		t.Errorf("%+v", got)
	}
}

// The log says once, and not a thousand times, that a person gives too many commands, with an id or without.
func TestFloodInTheLog(t *testing.T) {
	var log lines
	r, err := Start(Config{Root: "minirelay", Gateway: "home", DataDir: t.TempDir()}, newWire(), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * handleBurst {
		for _, user := range []string{"greedy", "phone"} {
			payload := `{"command":"nothing"}`
			if i%2 == 0 {
				payload = fmt.Sprintf(`{"id":"%d","command":"nothing"}`, i)
			}
			r.Handle(Message{Topic: commandTopic, Payload: []byte(payload), User: user})
		}
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "too many commands"); n != 2 {
		t.Errorf("%d lines", n)
	}
}

// lines collects a log.
type lines struct {
	mu sync.Mutex
	strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Builder.Write(p)
}
