package relay

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// firstFile is the first file of the journal under dir.
func firstFile(dir string) string { return filepath.Join(dir, "commands", "00000001.seg") }

// harm changes a file.
func harm(t *testing.T, path string, change func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

// After large damage to the journal no command is executed until every one that may be missing has outlived the window,
// over restarts too. A torn end, as a power cut leaves it, and a single damaged record change nothing.
func TestDamagedJournal(t *testing.T) {
	zero := func(from, to int) func(b []byte) []byte { // from counts from the end if it is negative, to if it is not positive
		return func(b []byte) []byte {
			if from < 0 {
				from += len(b)
			}
			if to <= 0 {
				to += len(b)
			}
			clear(b[from:to])
			return b
		}
	}
	for name, tt := range map[string]struct {
		harm  func(b []byte) []byte
		doubt bool
		cut   bool // the power was cut: the journal was not closed
	}{
		"a torn end":                {harm: func(b []byte) []byte { return b[:len(b)-20] }, cut: true},
		"a torn end of a second":    {harm: zero(-1500, 0), cut: true},
		"a long torn end":           {harm: zero(-3000, 0), cut: true, doubt: true},
		"the end, after it stopped": {harm: func(b []byte) []byte { return b[:len(b)-600] }, doubt: true},
		"a damaged record":          {harm: func(b []byte) []byte { b[700] ^= 1; return b }},
		"two kilobytes inside":      {harm: zero(1000, 3000), doubt: true},
		"everything but an end":     {harm: zero(0, -1000), doubt: true},
		"everything":                {harm: zero(0, 0), doubt: true},
		"a long end":                {harm: zero(1000, 0), doubt: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				var m machine
				m.start(0)
				b := m.open(t, dir, day)
				for i := range 60 {
					b.executed(t, fmt.Sprint("before", i))
					time.Sleep(time.Second)
				}
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
				harm(t, firstFile(dir), tt.harm)
				if tt.cut {
					harm(t, filepath.Join(dir, "commands", "lock"), func([]byte) []byte { return nil })
				}
				for round := range 3 {
					m.start(0)
					b := m.open(t, dir, day)
					if got := b.executed(t, fmt.Sprint("after", round)); got == tt.doubt {
						t.Errorf("round %d: executed: %v", round, got)
					}
					if tt.doubt && b.journal.trouble() == "" {
						t.Error("nobody is told")
					}
					time.Sleep(9 * time.Hour)
					b.executed(t, fmt.Sprint("later", round))
					if err := b.Close(); err != nil {
						t.Fatal(err)
					}
				}
				m.start(0)
				b = m.open(t, dir, day)
				if !b.executed(t, "at last") || b.journal.trouble() != "" {
					t.Error("it never ends")
				}
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// A data directory that disappears while the gateway runs costs no id: it is made again, and everything is written to
// it before any further command is executed. If that is not possible, commands are refused.
func TestDataDirThatDisappears(t *testing.T) {
	for name, tt := range map[string]struct {
		between func(t *testing.T, b *bench, dir string) // after it has disappeared
	}{
		"a command follows": {func(t *testing.T, b *bench, dir string) {
			if !b.executed(t, "second") {
				t.Error("not executed")
			}
		}},
		"nothing follows for a while": {func(*testing.T, *bench, string) { time.Sleep(2 * careEvery) }},
		"the gateway stops":           {func(*testing.T, *bench, string) {}},
		"it cannot be made for a while": {func(t *testing.T, b *bench, dir string) {
			if err := os.WriteFile(dir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if b.executed(t, "second") || b.journal.trouble() == "" {
				t.Error("executed, though nothing can be remembered; or nobody is told")
			}
			if err := os.Remove(dir); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * careEvery)
			if !b.executed(t, "third") || b.journal.trouble() != "" {
				t.Error("it never ends")
			}
		}},
		"the old one comes back": {func(t *testing.T, b *bench, dir string) {
			old := dir + ".old"
			b.executed(t, "second")
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(old, dir); err != nil {
				t.Fatal(err)
			}
			if b.executed(t, "second") || !b.executed(t, "third") {
				t.Error("what was executed in between is not known, or nothing more is executed")
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			synctest.Test(t, func(t *testing.T) {
				var m machine
				m.start(0)
				b := m.open(t, dir, day)
				b.executed(t, "first")
				b.ask(`{"id":"refused","command":"fan","value":7}`)
				b.device.Update(time.Now(), reading21)
				b.ask(`{"id":"cut","command":"reset"}`)
				running := b.lane.Take()
				if err := os.Rename(dir, dir+".old"); err != nil {
					t.Fatal(err)
				}
				tt.between(t, b, dir)
				synctest.Wait()
				running.Finish(Done())
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
				b = m.open(t, dir, day)
				for _, id := range []string{"first", "cut", "refused"} {
					if b.executed(t, id) {
						t.Errorf("%s is executed again", id)
					}
				}
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}
