package segment

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// reopen returns every record in dir.
func reopen(t *testing.T, dir string, maxFile int64) (*Log, []string, Report) {
	t.Helper()
	var got []string
	l, report, err := Open(dir, maxFile, func(p []byte) { got = append(got, string(p)) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, got, report
}

func appendAll(t *testing.T, l *Log, records ...string) {
	t.Helper()
	for _, r := range records {
		n, err := l.Append([]byte(r))
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Sync(n); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRecordsComeBackInOrderOverManyFiles(t *testing.T) {
	dir := t.TempDir()
	l, _, _ := reopen(t, dir, 64)
	var want []string
	for i := range 50 {
		want = append(want, fmt.Sprintf("record %d", i))
	}
	appendAll(t, l, want...)
	l.Close()
	_, got, report := reopen(t, dir, 64)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got %v", got)
	}
	if report.Bad != 0 || report.Records != 50 {
		t.Fatalf("report %+v", report)
	}
}

// Whatever a power cut leaves of the last write, everything before it stays, and writing continues after it.
func TestTornWrite(t *testing.T) {
	whole := t.TempDir()
	l, _, _ := reopen(t, whole, 1<<20)
	appendAll(t, l, "first", "second", "third")
	l.Close()
	data, err := os.ReadFile(filepath.Join(whole, "00000001.seg"))
	if err != nil {
		t.Fatal(err)
	}
	third := len(data) - headerSize - len("third")
	cases := map[string][]byte{
		"header cut":     data[:third+3],
		"payload cut":    data[:len(data)-1],
		"zero tail":      append(bytes.Clone(data[:third]), make([]byte, 64)...),
		"bit flipped":    flip(data, len(data)-2),
		"length flipped": flip(data, third),
	}
	for name, b := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "00000001.seg"), b, 0o600); err != nil {
				t.Fatal(err)
			}
			l, got, report := reopen(t, dir, 1<<20)
			if fmt.Sprint(got) != "[first second]" || report.Bad == 0 {
				t.Fatalf("got %v, report %+v", got, report)
			}
			appendAll(t, l, "fourth")
			l.Close()
			if _, got, _ := reopen(t, dir, 1<<20); fmt.Sprint(got) != "[first second fourth]" {
				t.Fatalf("after writing on: %v", got)
			}
		})
	}
}

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 0x40
	return b
}

func TestBadRecordInAnOlderFileHidesOnlyItsRest(t *testing.T) {
	dir := t.TempDir()
	l, _, _ := reopen(t, dir, 20)
	appendAll(t, l, "first", "second", "third")
	l.Close()
	path := filepath.Join(dir, "00000001.seg")
	if err := os.WriteFile(path, []byte("noise"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, got, _ := reopen(t, dir, 20); fmt.Sprint(got) != "[second third]" {
		t.Fatalf("got %v", got)
	}
}

func TestDropThrough(t *testing.T) {
	dir := t.TempDir()
	l, _, _ := reopen(t, dir, 20)
	appendAll(t, l, "first", "second", "third")
	if err := l.DropThrough(99); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, got, _ := reopen(t, dir, 20); fmt.Sprint(got) != "[third]" {
		t.Fatalf("got %v: the file that is written to stays, the others go", got)
	}
}

// The report tells a torn end from damage that costs records which were safe.
func TestReportOfDamage(t *testing.T) {
	change := func(name string, f func(b []byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, name)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, f(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tt := range map[string]struct {
		harm func(t *testing.T, dir string)
		want Report
	}{
		"none": {func(*testing.T, string) {}, Report{Records: 4}},
		"torn end": {func(t *testing.T, dir string) {
			change("00000002.seg", func(b []byte) []byte { return b[:len(b)-1] })(t, dir)
			change("lock", func([]byte) []byte { return nil })(t, dir) // as after a crash
		}, Report{Records: 3, Bad: 12, Tail: 12}},
		"the end, after it was closed":    {change("00000002.seg", func(b []byte) []byte { return b[:13] }), Report{Records: 3, Lost: 13}},
		"the last file, after the others": {remove("00000002.seg"), Report{Records: 2, Lost: 26}},
		"torn end of an older file": {change("00000001.seg", func(b []byte) []byte { return append(b, "noise"...) }),
			Report{Records: 4, Bad: 5, Tail: 5}},
		"inside": {change("00000001.seg", func(b []byte) []byte { return flip(b, headerSize) }), Report{Records: 3, Bad: 13, Inside: 13}},
		"a file": {change("00000001.seg", func(b []byte) []byte { return make([]byte, len(b)) }), Report{Records: 2, Bad: 26, Blank: 26}},
		"no file": {func(t *testing.T, dir string) {
			if err := os.Rename(filepath.Join(dir, "00000002.seg"), filepath.Join(dir, "00000003.seg")); err != nil {
				t.Fatal(err)
			}
		}, Report{Records: 4, Gap: true}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l, _, _ := reopen(t, dir, 30) // two records a file
			appendAll(t, l, "first", "again", "third", "tenth")
			l.Close()
			tt.harm(t, dir)
			if _, _, got := reopen(t, dir, 30); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// A directory that was deleted or replaced while the log was open is noticed.
func TestGone(t *testing.T) {
	for name, harm := range map[string]func(dir string) error{
		"deleted": os.RemoveAll,
		"replaced": func(dir string) error {
			return errors.Join(os.Rename(dir, dir+".old"), os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "00000001.seg"), nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "log")
			l, _, _ := reopen(t, dir, 512)
			appendAll(t, l, "first")
			if l.Gone() {
				t.Fatal("it is there")
			}
			if err := harm(dir); err != nil {
				t.Fatal(err)
			}
			if !l.Gone() {
				t.Error("nobody notices")
			}
		})
	}
}

func TestConcurrentAppendsAllSurvive(t *testing.T) {
	dir := t.TempDir()
	l, _, _ := reopen(t, dir, 512)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 50 {
				n, err := l.Append(fmt.Appendf(nil, "%d/%d", w, i))
				if err == nil {
					err = l.Sync(n)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	l.Close()
	if _, got, _ := reopen(t, dir, 512); len(got) != 400 {
		t.Fatalf("%d records", len(got))
	}
}

// A second process must not truncate the first one's records.
func TestSecondOpenIsRefused(t *testing.T) {
	dir := t.TempDir()
	l, _, _ := reopen(t, dir, 512)
	if _, _, err := Open(dir, 512, nil); !errors.Is(err, ErrLocked) {
		t.Fatalf("got %v", err)
	}
	appendAll(t, l, "first")
	l.Close()
	if _, got, _ := reopen(t, dir, 512); fmt.Sprint(got) != "[first]" {
		t.Fatalf("got %v", got)
	}
}

// Data that was in a file when its fsync failed is never reported as safe, whatever happens to later records.
func TestRecordsOfAnAbandonedFile(t *testing.T) {
	l, _, _ := reopen(t, t.TempDir(), 512)
	first, err := l.Append([]byte("first"))
	if err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	l.abandonLocked() // as a failed fsync does
	l.mu.Unlock()
	appendAll(t, l, "second")
	if err := l.Sync(first); err == nil {
		t.Fatal("the first record counts as safe")
	}
}

func TestClosed(t *testing.T) {
	l, _, _ := reopen(t, t.TempDir(), 512)
	l.Close()
	if _, err := l.Append([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Fatalf("got %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// A file of any bytes opens, and records written after them are there afterwards.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("noise"))
	f.Add([]byte{5, 0, 0, 0, 1, 2, 3, 4, 'f', 'i', 'r', 's', 't'})
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "00000001.seg"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		l, before, _ := reopen(t, dir, 1<<20)
		appendAll(t, l, "new")
		l.Close()
		_, after, _ := reopen(t, dir, 1<<20)
		if len(after) != len(before)+1 || after[len(after)-1] != "new" {
			t.Fatalf("before %q, after %q", before, after)
		}
	})
}
