package devices

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"minirelay/relay"
)

// maxShown bounds the bytes of a frame that are shown; a longer one is clipped.
const maxShown = 4096

// tap shows what goes over a port to whoever watches. While nobody does, it costs one atomic load a step. It hangs
// on the port's Counters, which every cutter and codec is given.
type tap struct {
	on atomic.Bool
	mu sync.Mutex // guards by
	by []watcher

	now  func() time.Time // of a recording; nil: time.Now
	last WireState        // that was shown; guarded by the line's mu

	// What has been said about the frame being decoded, by the device whose turn it is and by those before it. Only
	// who decodes touches it.
	why, others []string
}

// watcher is somebody who watches a wire. see must not wait.
type watcher interface{ see(Record) }

func (t *tap) add(w watcher) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.by = append(t.by, w)
	t.on.Store(true)
}

func (t *tap) remove(w watcher) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.by = slices.DeleteFunc(t.by, func(other watcher) bool { return other == w })
	t.on.Store(len(t.by) > 0)
}

func (t *tap) show(r Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.by {
		w.see(r)
	}
}

// bytes shows what was read or written.
func (t *tap) bytes(at time.Time, out bool, data []byte) {
	if t.on.Load() && len(data) > 0 {
		t.show(Record{At: at, Bytes: &WireBytes{out, bytes.Clone(data)}})
	}
}

// state shows that the port was opened or lost, once; the line's mu is held.
func (t *tap) state(s WireState) {
	if t.on.Load() && s != t.last {
		t.last = s
		t.show(Record{At: time.Now(), State: &s})
	}
}

// frame shows a frame, with what was said about it since the last one, or with otherwise if nothing was.
func (t *tap) frame(at time.Time, f WireFrame, data []byte, otherwise string) {
	if !t.on.Load() {
		return
	}
	f.Data = bytes.Clone(data[:min(len(data), maxShown)])
	why := t.why
	if f.Device == "" {
		why = append(t.others, t.why...)
	}
	if f.Why = strings.Join(why, "; "); f.Why == "" {
		f.Why = otherwise
	}
	t.forget()
	t.show(Record{At: at, Frame: &f})
}

// taken shows a frame of a device with its readings.
func (t *tap) taken(at time.Time, c *DeviceConfig, request string, data []byte, readings []relay.Reading) {
	if !t.on.Load() {
		return
	}
	f := WireFrame{Device: c.ID, Request: request, OK: true}
	for _, r := range readings {
		f.Values = append(f.Values, WireValue{c.Fields[r.Field].ID, r.Value, c.Fields[r.Field].Decimals})
	}
	t.frame(at, f, data, "")
}

// tappedReader shows what it reads.
type tappedReader struct {
	io.Reader
	tap *tap
}

func (r tappedReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.tap.bytes(time.Now(), false, b[:n])
	return n, err
}

// forget drops what was said about a frame that has become something else.
func (t *tap) forget() { t.why, t.others = t.why[:0], t.others[:0] }

// turn begins what the next device says about a frame.
func (t *tap) turn() {
	if t.on.Load() {
		t.others = append(t.others, t.why...)
		t.why = t.why[:0]
	}
}

// watched says whether somebody sees why a frame is dropped, so that it is worth the words.
func (c *Counters) watched() bool { return c.tap.on.Load() }

// because says why the frame being decoded is none of the device's, or why a value of it is no good reading: lower
// case, the field's id first, no full stop. Only what has been asked for by watched costs anything.
func (c *Counters) because(why string) {
	const most = 32 // things to say about a frame
	if c.watched() && len(c.tap.why) < most {
		c.tap.why = append(c.tap.why, why)
	}
}

// drop counts, in one of c's own counters, a frame that never becomes one, and shows it.
func (c *Counters) drop(counter *atomic.Uint64, frame []byte, why string) {
	counter.Add(1)
	if c.watched() {
		f := WireFrame{Data: bytes.Clone(frame[:min(len(frame), maxShown)]), Why: why}
		at := time.Now
		if c.tap.now != nil {
			at = c.tap.now
		}
		c.tap.show(Record{At: at(), Frame: &f})
	}
}
