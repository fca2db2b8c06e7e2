package segment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// rest returns the records that a Reader has now.
func rest(t *testing.T, r *Reader) (got []string) {
	t.Helper()
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(p))
	}
}

// A file is read while it is written to; records appended after its end come with the next call.
func TestReaderFollows(t *testing.T) {
	l, _, _ := reopen(t, t.TempDir(), 1<<20)
	appendAll(t, l, "first", "second")
	r, err := l.Read(1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := rest(t, r); fmt.Sprint(got) != "[first second]" {
		t.Fatal(got)
	}
	long := string(bytes.Repeat([]byte("x"), 3*readAhead))
	appendAll(t, l, "third", long, "fourth")
	if got := rest(t, r); len(got) != 3 || got[0] != "third" || got[1] != long || got[2] != "fourth" {
		t.Errorf("%d records", len(got))
	}
}

// A damaged record costs only itself: reading, and opening, go on at the next valid one.
func TestDamageInTheMiddle(t *testing.T) {
	whole := t.TempDir()
	l, _, _ := reopen(t, whole, 1<<20)
	appendAll(t, l, "first", "second", "third")
	l.Close()
	data, err := os.ReadFile(filepath.Join(whole, "00000001.seg"))
	if err != nil {
		t.Fatal(err)
	}
	second := headerSize + len("first")
	for at := second; at < second+headerSize+len("second"); at++ {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "00000001.seg"), flip(data, at), 0o600); err != nil {
			t.Fatal(err)
		}
		l, got, report := reopen(t, dir, 1<<20)
		if fmt.Sprint(got) != "[first third]" || report.Bad != int64(headerSize+len("second")) {
			t.Fatalf("byte %d: %v, %+v", at, got, report)
		}
		r, err := l.Read(1)
		if err != nil {
			t.Fatal(err)
		}
		if got := rest(t, r); fmt.Sprint(got) != "[first third]" || r.Bad() != report.Bad {
			t.Fatalf("byte %d: %v, %d bytes are bad", at, got, r.Bad())
		}
		r.Close()
	}
}

// Every file starts with the record from Begin, and is deleted as a whole, but never the one that is written to.
func TestBeginAndDropThrough(t *testing.T) {
	dir := t.TempDir()
	l, _, _ := reopen(t, dir, 40)
	l.Begin(func(file uint64) []byte { return fmt.Appendf(nil, "file %d", file) })
	appendAll(t, l, "first", "second", "third")
	files := l.Files()
	if len(files) != 3 {
		t.Fatalf("%+v", files)
	}
	if err := l.DropThrough(files[0].Number); err != nil {
		t.Fatal(err)
	}
	l.Close()
	l, got, _ := reopen(t, dir, 40)
	if fmt.Sprint(got) != "[file 2 second file 3 third]" {
		t.Errorf("%v", got)
	}
	if err := l.DropThrough(99); err != nil {
		t.Fatal(err)
	}
	if files := l.Files(); len(files) != 1 || files[0].Size == 0 {
		t.Errorf("%+v", files)
	}
}

// Without replay only the newest file is read, and its torn end is still removed.
func TestOpenWithoutReplay(t *testing.T) {
	dir := t.TempDir()
	l, _, _ := reopen(t, dir, 20)
	appendAll(t, l, "first", "second")
	l.Close()
	f, err := os.OpenFile(filepath.Join(dir, "00000002.seg"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("torn")
	f.Close()
	l, report, err := Open(dir, 20, nil)
	if err != nil || report.Records != 1 || report.Bad != 4 {
		t.Fatalf("%+v, %v", report, err)
	}
	defer l.Close()
	if files := l.Files(); len(files) != 2 || files[1].Size != int64(headerSize+len("second")) {
		t.Errorf("%+v", files)
	}
}
