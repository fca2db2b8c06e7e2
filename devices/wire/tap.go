package wire

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxShown bounds the bytes of a frame that are shown; a longer one is clipped.
const maxShown = 4096

// Tap shows what goes over a port to whoever watches. While nobody does, it costs one atomic load a step. It hangs
// on the port's Counters, which every cutter and codec is given.
type Tap struct {
	On atomic.Bool
	mu sync.Mutex // guards by
	by []watcher

	Now  func() time.Time // of a recording; nil: time.Now
	last State            // that was shown; guarded by the line's mu

	// What has been said about the frame being decoded, by the device whose turn it is and by those before it. Only
	// who decodes touches it.
	Why, others []string
}

// watcher is somebody who watches a wire. see must not wait.
type watcher interface{ see(Record) }

func (t *Tap) add(w watcher) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.by = append(t.by, w)
	t.On.Store(true)
}

func (t *Tap) remove(w watcher) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.by = slices.DeleteFunc(t.by, func(other watcher) bool { return other == w })
	t.On.Store(len(t.by) > 0)
}

func (t *Tap) show(r Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.by {
		w.see(r)
	}
}

// Bytes shows what was read or written.
func (t *Tap) Bytes(at time.Time, out bool, data []byte) {
	if t.On.Load() && len(data) > 0 {
		t.show(Record{At: at, Bytes: &Bytes{out, bytes.Clone(data)}})
	}
}

// State shows that the port was opened or lost, once; the line's mu is held.
func (t *Tap) State(s State) {
	if t.On.Load() && s != t.last {
		t.last = s
		t.show(Record{At: time.Now(), State: &s})
	}
}

// Frame shows a frame, with what was said about it since the last one, or with otherwise if nothing was.
func (t *Tap) Frame(at time.Time, f Frame, data []byte, otherwise string) {
	if !t.On.Load() {
		return
	}
	f.Data = bytes.Clone(data[:min(len(data), maxShown)])
	why := t.Why
	if f.Device == "" {
		why = append(t.others, t.Why...)
	}
	if f.Why = strings.Join(why, "; "); f.Why == "" {
		f.Why = otherwise
	}
	t.Forget()
	t.show(Record{At: at, Frame: &f})
}

// TappedReader shows what it reads.
type TappedReader struct {
	io.Reader
	Tap *Tap
}

func (r TappedReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.Tap.Bytes(time.Now(), false, b[:n])
	return n, err
}

// Forget drops what was said about a frame that has become something else.
func (t *Tap) Forget() { t.Why, t.others = t.Why[:0], t.others[:0] }

// Turn begins what the next device says about a frame.
func (t *Tap) Turn() {
	if t.On.Load() {
		t.others = append(t.others, t.Why...)
		t.Why = t.Why[:0]
	}
}

// Watched says whether somebody sees why a frame is dropped, so that it is worth the words.
func (c *Counters) Watched() bool { return c.Tap.On.Load() }

// Because says why the frame being decoded is none of the device's, or why a value of it is no good reading: lower
// case, the field's id first, no full stop. Only what has been asked for by watched costs anything.
func (c *Counters) Because(why string) {
	const most = 32 // things to say about a frame
	if c.Watched() && len(c.Tap.Why) < most {
		c.Tap.Why = append(c.Tap.Why, why)
	}
}

// Drop counts, in one of c's own counters, a frame that never becomes one, and shows it.
func (c *Counters) Drop(counter *atomic.Uint64, frame []byte, why string) {
	counter.Add(1)
	if c.Watched() {
		f := Frame{Data: bytes.Clone(frame[:min(len(frame), maxShown)]), Why: why}
		at := time.Now
		if c.Tap.Now != nil {
			at = c.Tap.Now
		}
		c.Tap.show(Record{At: at(), Frame: &f})
	}
}
