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

// maxShown bounds the bytes of a frame that are shown; a longer frame is clipped.
const maxShown = 4096

// Tap counts the traffic of a port and shows it to those who watch. Every framer and codec is given the tap of its port. While
// nobody watches, each call costs one atomic load and no memory. The zero value is ready.
type Tap struct {
	Counters

	on atomic.Bool // somebody watches
	mu sync.Mutex  // guards by
	by []watcher

	Now  func() time.Time // the time of a recording; nil: time.Now
	last State            // the state that was shown last; guarded by the caller of ShowState and Watch

	// Why holds the remarks of the device whose turn it is about the frame being decoded, others those of the devices before
	// it. Only the goroutine that decodes touches them.
	Why, others []string

	asking atomic.Bool // remarks are wanted though nobody watches
	said   []string    // the names of values in the frame being decoded
}

// watcher receives records. see must not wait.
type watcher interface{ see(Record) }

func (t *Tap) add(w watcher) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.by = append(t.by, w)
	t.on.Store(true)
}

func (t *Tap) remove(w watcher) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.by = slices.DeleteFunc(t.by, func(other watcher) bool { return other == w })
	t.on.Store(len(t.by) > 0)
}

func (t *Tap) show(r Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.by {
		w.see(r)
	}
}

// ShowBytes shows bytes that were read, or written if out is true. It keeps a copy.
func (t *Tap) ShowBytes(at time.Time, out bool, data []byte) {
	if t.on.Load() && len(data) > 0 {
		t.show(Record{At: at, Bytes: &Bytes{out, bytes.Clone(data)}})
	}
}

// ShowState shows that the port was opened or lost, unless the last call was the same. The caller holds a lock that excludes
// [Tap.Watch] and other calls of ShowState.
func (t *Tap) ShowState(s State) {
	if t.on.Load() && s != t.last {
		t.last = s
		shown := s // a parameter whose address is taken costs memory in every call
		t.show(Record{At: time.Now(), State: &shown})
	}
}

// ShowFrame shows the frame f with a copy of data, and with the remarks since the last frame, or with otherwise if there were
// none. Without f.Device, it takes the remarks of all devices.
func (t *Tap) ShowFrame(at time.Time, f Frame, data []byte, otherwise string) {
	if !t.on.Load() {
		if t.asking.Load() {
			t.Forget()
		}
		return
	}
	shown := f // a parameter whose address is taken costs memory in every call
	shown.Data = bytes.Clone(data[:min(len(data), maxShown)])
	why := t.Why
	if f.Device == "" {
		why = append(t.others, t.Why...)
	}
	if shown.Why = strings.Join(why, "; "); shown.Why == "" {
		shown.Why = otherwise
	}
	t.Forget()
	t.show(Record{At: at, Frame: &shown})
}

// TappedReader shows all that is read through it.
type TappedReader struct {
	io.Reader
	Tap *Tap
}

func (r TappedReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	now := time.Now()
	if n > 0 {
		r.Tap.Last.Store(now.UnixNano())
	}
	r.Tap.ShowBytes(now, false, b[:n])
	return n, err
}

// Forget drops the remarks about a frame, which turned out to be something else.
func (t *Tap) Forget() { t.Why, t.others = t.Why[:0], t.others[:0] }

// Turn begins the remarks of the next device about the same frame.
func (t *Tap) Turn() {
	if t.Watched() {
		t.others = append(t.others, t.Why...)
		t.Why = t.Why[:0]
	}
}

// Watched reports whether somebody watches, so that a remark is worth composing.
func (t *Tap) Watched() bool { return t.on.Load() || t.asking.Load() }

// Ask begins a frame: with wanted, its remarks and the names of its values are kept although nobody watches.
func (t *Tap) Ask(wanted bool) {
	if wanted || t.asking.Load() {
		t.asking.Store(wanted)
		t.said = t.said[:0]
	}
}

// Asking reports whether the names of the values in the frame being decoded are wanted: see [Tap.Says].
func (t *Tap) Asking() bool { return t.asking.Load() }

// Says notes the name of a value in the frame being decoded.
func (t *Tap) Says(name string) {
	const most, longest = 16, 40 // names of one frame, bytes of one
	if t.asking.Load() && len(t.said) < most && len(name) <= longest && !slices.Contains(t.said, name) {
		t.said = append(t.said, name)
	}
}

// Said returns the names since the last [Tap.Ask], separated by commas; "": none, or none were wanted.
func (t *Tap) Said() string { return strings.Join(t.said, ", ") }

// Because adds a remark: why the frame being decoded is not one of the device's, or why a value of it is invalid. It is in
// lower case, begins with the id of the field, and has no full stop. Compose it only if [Tap.Watched]: a constant costs
// nothing.
func (t *Tap) Because(why string) {
	const most = 32 // remarks about one frame
	if t.Watched() && len(t.Why) < most {
		t.Why = append(t.Why, why)
	}
}

// Drop counts a frame that is invalid before any device sees it, in one of the counters of t, and shows it. It keeps a copy of
// frame.
func (t *Tap) Drop(counter *atomic.Uint64, frame []byte, why string) {
	counter.Add(1)
	if t.Watched() {
		f := Frame{Data: bytes.Clone(frame[:min(len(frame), maxShown)]), Why: why}
		at := time.Now
		if t.Now != nil {
			at = t.Now
		}
		t.show(Record{At: at(), Frame: &f})
	}
}
