package wire_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"minirelay/devices/wire"
)

// unwatched is what a port does for each frame while nobody watches.
func unwatched(tap *wire.Tap, r io.Reader, buf, frame []byte) {
	_, _ = r.Read(buf)
	tap.Turn()
	tap.Because("it is not a JSON object")
	tap.ShowFrame(time.Time{}, wire.Frame{Device: "board"}, frame, "")
	tap.Drop(&tap.Noise, frame, "it is not UTF-8, so it is not text")
	tap.ShowBytes(time.Time{}, true, frame)
	tap.ShowState(wire.State{Open: true})
}

// While nobody watches, a tap keeps nothing.
func TestUnwatched(t *testing.T) {
	var tap wire.Tap
	in := bytes.NewReader(make([]byte, 64))
	var r io.Reader = wire.TappedReader{Reader: in, Tap: &tap}
	buf, frame := make([]byte, 64), []byte(`{"t":21.5}`)
	if n := testing.AllocsPerRun(100, func() { in.Reset(buf); unwatched(&tap, r, buf, frame) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
	if n := tap.Counts().Noise; n != 101 || len(tap.Why) != 0 {
		t.Errorf("%d frames were counted as noise, with the remarks %q", n, tap.Why)
	}
}

// BenchmarkUnwatched measures all that a tap does for one frame while nobody watches.
func BenchmarkUnwatched(b *testing.B) {
	var tap wire.Tap
	in := bytes.NewReader(make([]byte, 64))
	var r io.Reader = wire.TappedReader{Reader: in, Tap: &tap}
	buf, frame := make([]byte, 64), []byte(`{"t":21.5}`)
	b.ReportAllocs()
	for b.Loop() {
		in.Reset(buf)
		unwatched(&tap, r, buf, frame)
	}
}

// A watcher that is gone costs as little as none; one that is slow misses records and learns how many.
func TestSlowWatcher(t *testing.T) {
	var tap wire.Tap
	w, err := tap.Watch(wire.State{Open: true})
	if err != nil {
		t.Fatal(err)
	}
	for range wire.WatchBuffer + 9 {
		tap.Drop(&tap.Noise, []byte("x"), "")
	}
	if n := w.Missed(); n != 10 || w.Missed() != 0 || w.Counts().Noise != wire.WatchBuffer+9 {
		t.Errorf("%d records were missed", n)
	}
	w.Close()
	w.Close()
	if tap.Watched() {
		t.Error("nobody watches any more")
	}
	var all []*wire.Watch
	for range wire.MaxWatchers {
		w, err := tap.Watch(wire.State{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, w)
	}
	if _, err := tap.Watch(wire.State{}); err != wire.ErrManyWatchers {
		t.Errorf("one too many: %v", err)
	}
	tap.End()
	for _, w := range all {
		<-w.Records // its state
		if _, open := <-w.Records; open {
			t.Error("the port has ended, and the watching has not")
		}
	}
}
