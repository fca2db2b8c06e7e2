package relay

import (
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"minirelay/relay/clock"
)

// machine has clocks like those of a machine without a battery for its clock. It lives in a synctest bubble.
type machine struct {
	boot  int
	since time.Time     // of the boot, by the bubble's clock
	wrong time.Duration // by how much the wall clock is ahead
}

// start switches the machine on, with a wall clock that is ahead.
func (m *machine) start(wrong time.Duration) {
	m.boot++
	m.since, m.wrong = time.Now(), wrong
}

func (m *machine) look() clock.Instant {
	now := time.Now()
	return clock.Instant{Wall: now.Add(m.wrong).Round(0), Boot: fmt.Sprint("boot-", m.boot), Up: time.Since(m.since)}
}

// open starts a relay with one greenhouse that is online.
func (m *machine) open(t *testing.T, dir string, remember time.Duration) *bench {
	t.Helper()
	w := newWire()
	r, err := startAt(Config{Root: "minirelay", Gateway: "home", DataDir: dir, Remember: remember}, w, m.look, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	lane := NewLane(4)
	b := &bench{r, w, lane, r.Attach(greenhouse, lane)}
	b.device.Update(time.Now(), reading21)
	return b
}

// executed gives a command and reports whether it reached the hardware.
func (b *bench) executed(t *testing.T, id string) bool {
	t.Helper()
	b.device.Update(time.Now(), reading21)
	b.ask(fmt.Sprintf(`{"id":%q,"command":"reset"}`, id))
	task := b.lane.Take()
	if task != nil {
		task.Finish(Done())
	}
	return task != nil
}

const day = 24 * time.Hour

// However wrong the wall clock is in one run of the machine, in another, or in both, no command is executed twice.
func TestOnceWhateverTheClockShows(t *testing.T) {
	for name, tt := range map[string]struct {
		before, after time.Duration // by how much the clock is ahead when the command comes, and after the restart
		stepped       time.Duration // by how much it is put forward in between
		reboot        bool
	}{
		"right":                                 {0, 0, 0, true},
		"not set, then right":                   {-30 * 365 * day, 0, 0, true},
		"not set, set, then right":              {-30 * 365 * day, 0, 30 * 365 * day, true},
		"two days behind, then right":           {-2 * day, 0, 0, true},
		"two days ahead, then right":            {2 * day, 0, 0, true},
		"right, then two days ahead":            {0, 2 * day, 0, true},
		"right, then not set":                   {0, -30 * 365 * day, 0, true},
		"put forward, without a reboot":         {-2 * day, -2 * day, 2 * day, false},
		"put back, without a reboot":            {2 * day, 2 * day, -2 * day, false},
		"put forward while the gateway is down": {0, 3 * day, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				var m machine
				m.start(tt.before)
				b := m.open(t, dir, day)
				if !b.executed(t, "a") {
					t.Fatal("not executed at all")
				}
				time.Sleep(time.Minute)
				m.wrong += tt.stepped
				if b.executed(t, "a") {
					t.Error("executed twice in one run")
				}
				time.Sleep(time.Minute)
				after := crash(t, dir)
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
				for _, dir := range []string{dir, after} {
					if tt.reboot {
						m.start(tt.after)
					}
					m.wrong = tt.after
					b = m.open(t, dir, day)
					time.Sleep(time.Hour)
					if b.executed(t, "a") {
						t.Error("executed again after the restart")
					}
					if err := b.Close(); err != nil {
						t.Fatal(err)
					}
				}
			})
		})
	}
}

// Once the machine has been running for longer than the window, over however many runs, the id may be used again.
func TestForgottenAfterRunningForTheWindow(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var m machine
		m.start(0)
		for round, want := range []bool{true, false, false, true, false} {
			b := m.open(t, dir, time.Hour)
			if got := b.executed(t, "a"); got != want {
				t.Errorf("round %d: executed: %v", round, got)
			}
			time.Sleep(25 * time.Minute)
			b.executed(t, fmt.Sprint("other", round))
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			if round%2 == 1 {
				m.start(time.Duration(round) * day)
			}
		}
	})
}

// Of earlier runs, the newest commands are remembered whatever the clock shows; older ones by the clock.
func TestNewestAreKeptWhateverTheirAge(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var m machine
		m.start(-2 * day)
		j, err := openJournal(dir, day, m.look, nopLog)
		if err != nil {
			t.Fatal(err)
		}
		now := m.look()
		for i := range keepNewest + 10 {
			r := record{User: "phone", Device: "greenhouse", ID: fmt.Sprint(i), At: now.Wall.UnixMilli(), Up: now.Up.Milliseconds()}
			j.mu.Lock()
			_, err := j.begin(r, time.Now())
			j.mu.Unlock()
			if err != nil {
				t.Fatal(err)
			}
			j.settle(r.key(), []byte("{}"), false)
		}
		if err := j.close(); err != nil {
			t.Fatal(err)
		}
		m.start(0)
		if j, err = openJournal(dir, day, m.look, nopLog); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[int]verdict{9: unseen, 10: known, keepNewest + 9: known} {
			if got, _ := j.find(commandKey{"phone", "greenhouse", fmt.Sprint(id)}, waiter{}); got != want {
				t.Errorf("%d: %v", id, got)
			}
		}
		if err := j.close(); err != nil {
			t.Fatal(err)
		}
	})
}
