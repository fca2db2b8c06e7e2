package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary act as the children that the bench starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-child" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestQuick runs every measure on both sides. It checks that each returns its figures and that nothing is lost at a
// modest rate; never how long anything took.
func TestQuick(t *testing.T) {
	t.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector makes each child wait for a second when it ends
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), []string{"-quick", "-json"}, &stdout, &stderr); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var out struct {
		Machine string
		Figures []row
	}
	if err := json.Unmarshal(stdout.Bytes(), &out); err != nil {
		t.Fatalf("%v\n%s", err, stdout.String())
	}
	if out.Machine == "" {
		t.Error("it does not name the machine")
	}
	figures := 0
	for _, m := range measures {
		figures += len(m.figures)
	}
	if len(out.Figures) != figures {
		t.Errorf("%d figures of %d", len(out.Figures), figures)
	}
	for _, f := range out.Figures {
		if f.Ours == nil {
			t.Errorf("no figure of ours for %s", f.Title)
		}
		if alone := f.Measure == "binary" || strings.HasPrefix(f.Measure, "upstream-") || strings.Contains(f.Title, "fsync"); f.Pipe == nil && !alone {
			t.Errorf("no figure of the pipe's for %s", f.Title)
		}
		if strings.HasPrefix(f.Title, "highest rate without loss") && f.Ours != nil && *f.Ours < quickly.lossTo {
			t.Errorf("%s: %v frames/s", f.Title, *f.Ours)
		}
	}
}

// TestInterrupted: a measure that would take an hour ends with its context, and leaves no file and no process.
func TestInterrupted(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	long := quickly
	long.slow = time.Hour
	b, err := newBench(t.Context(), long, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := b.measureAll(ctx, measures[:1]); err == nil {
		t.Error("an hour has passed")
	}
	b.close()
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) != 0 {
		t.Errorf("it left %v (%v)", left, err)
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		if line, _ := os.ReadFile(p); bytes.Contains(line, []byte(b.work)) { // a process that has ended cannot be read
			t.Errorf("%s still runs: %q", p, line)
		}
	}
}

func TestWrongUse(t *testing.T) {
	for _, args := range [][]string{{"-only", "("}, {"latency"}, {"-only", "nothing of this name"}, {"-nothing"}, {"-child", "nobody"}, {"-child", "pipe"}, {"-child", "crowd"}} {
		if err := run(t.Context(), args, &bytes.Buffer{}, &bytes.Buffer{}); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}

func TestFrames(t *testing.T) {
	line := appendFrame(nil, 123)
	if string(line) != `{"n":123,"t":23.43,"h":41,"p":0}`+"\n" {
		t.Errorf("%q", line)
	}
	for _, test := range []struct {
		payload string
		n       int64
		ok      bool
	}{
		{string(line), 123, true},
		{`{"ts":1763900000123,"n":7,"t":21.53}`, 7, true},
		{`{"ts":1763900000123,"n":7}`, 7, true},
		{`{"ts":1763900000123,"n":null,"t":null}`, 0, false},
		{`OK #7`, 0, false},
		{`"n":`, 0, false},
	} {
		if n, ok := frameNumber([]byte(test.payload)); n != test.n || ok != test.ok {
			t.Errorf("%s: %d, %v", test.payload, n, ok)
		}
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]int64, 100)
	for i := range hundred {
		hundred[i] = int64(100 - i) // unsorted
	}
	for _, test := range []struct {
		values []int64
		p      float64
		want   int64
	}{{nil, 50, 0}, {[]int64{7}, 99, 7}, {hundred, 50, 50}, {hundred, 99, 99}, {hundred, 100, 100}} {
		if got := percentile(test.values, test.p); got != test.want {
			t.Errorf("p%v of %d values: %d", test.p, len(test.values), got)
		}
	}
}

// The verdict is about medians, and a bound may be relative to the pipe, absolute, or include an fsync.
func TestVerdict(t *testing.T) {
	for _, test := range []struct {
		must, reach bound
		ours        float64
		want        string
	}{
		{times(1.35), times(1.15), 110, "reached"},
		{times(1.35), times(1.15), 130, "kept"},
		{times(1.35), times(1.15), 140, "missed"},
		{atMost(130), bound{}, 120, "kept"},
		{atLeast(100), atLeastTimes(1.5), 120, "kept"},
		{atLeast(100), atLeastTimes(0.7), 99, "missed"},
		{bound{times: 1.5, plus: "sync"}, bound{}, 1100, "kept"},
		{bound{times: 1.5, plus: "sync"}, bound{}, 1200, "missed"},
		{bound{}, bound{}, 1, ""},
	} {
		r := result{
			measure: measure{figures: []figure{{key: "x", must: test.must, reach: test.reach}}},
			pipe:    []sample{{"x": 90}, {"x": 100}, {"x": 5000}},
			ours:    []sample{{"x": test.ours, "sync": 1000}},
		}
		if got := r.rows()[0].Verdict; got != test.want {
			t.Errorf("ours %v against %v and %v: %q", test.ours, test.must, test.reach, got)
		}
	}
}

// A missing frame is noticed at once; a repeated one is not counted twice.
func TestTally(t *testing.T) {
	l := &listener{boards: 2}
	count := l.count(10, 6, false)
	missed := 0
	count.missed = func() { missed++ }
	for _, n := range []int64{9, 10, 11, 11, 13, 12, 15, 16} {
		count.note(n)
	}
	if got := count.got.Load(); got != 5 || missed != 0 {
		t.Errorf("%d frames, %d times missed", got, missed)
	}
	count = l.count(16, 6, false)
	count.missed = func() { missed++ }
	for _, n := range []int64{16, 17, 20, 19} {
		count.note(n)
	}
	if got := count.got.Load(); got != 4 || missed != 1 {
		t.Errorf("%d frames, %d times missed", got, missed)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.1234: "0.12", 12.34: "12.3", 123.4: "123", 248000: "248000"} {
		if got := number(v); got != want {
			t.Errorf("%s: %s", fmt.Sprint(v), got)
		}
	}
}
