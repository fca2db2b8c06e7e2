package wire_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"minirelay/devices/wire"
)

// unwatched is what a port does for each frame while nobody watches.
func unwatched(count *wire.Tap, r io.Reader, buf, frame []byte) {
	_, _ = r.Read(buf)
	count.Turn()
	count.Because("it is not a JSON object")
	count.ShowFrame(time.Time{}, wire.Frame{Device: "board"}, frame, "")
	count.Drop(&count.Noise, frame, "it is not UTF-8, so it is not text")
	count.ShowBytes(time.Time{}, true, frame)
	count.ShowState(wire.State{Open: true})
}

// While nobody watches, a tap keeps nothing.
func TestUnwatched(t *testing.T) {
	var count wire.Tap
	in := bytes.NewReader(make([]byte, 64))
	var r io.Reader = wire.TappedReader{Reader: in, Tap: &count}
	buf, frame := make([]byte, 64), []byte(`{"t":21.5}`)
	if n := testing.AllocsPerRun(100, func() { in.Reset(buf); unwatched(&count, r, buf, frame) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
	if n := count.Counts().Noise; n != 101 || len(count.Why) != 0 {
		t.Errorf("%d frames were counted as noise, with the remarks %q", n, count.Why)
	}
}

// BenchmarkUnwatched measures all that a tap does for one frame while nobody watches.
func BenchmarkUnwatched(b *testing.B) {
	var count wire.Tap
	in := bytes.NewReader(make([]byte, 64))
	var r io.Reader = wire.TappedReader{Reader: in, Tap: &count}
	buf, frame := make([]byte, 64), []byte(`{"t":21.5}`)
	b.ReportAllocs()
	for b.Loop() {
		in.Reset(buf)
		unwatched(&count, r, buf, frame)
	}
}

// A watcher that is gone costs as little as none; one that is slow misses records and learns how many.
func TestSlowWatcher(t *testing.T) {
	var count wire.Tap
	w, err := count.Watch(wire.State{Open: true})
	if err != nil {
		t.Fatal(err)
	}
	for range wire.WatchBuffer + 9 {
		count.Drop(&count.Noise, []byte("x"), "")
	}
	if n := w.Missed(); n != 10 || w.Missed() != 0 || w.Counts().Noise != wire.WatchBuffer+9 {
		t.Errorf("%d records were missed", n)
	}
	w.Close()
	w.Close()
	if count.Watched() {
		t.Error("nobody watches any more")
	}
	var all []*wire.Watch
	for range wire.MaxWatchers {
		w, err := count.Watch(wire.State{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, w)
	}
	if _, err := count.Watch(wire.State{}); err != wire.ErrManyWatchers {
		t.Errorf("one too many: %v", err)
	}
	count.End()
	for _, w := range all {
		<-w.Records // its state
		if _, open := <-w.Records; open {
			t.Error("the port has ended, and the watching has not")
		}
	}
}
