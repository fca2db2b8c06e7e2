package wire

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	MaxWatchers = 8   // watchers of one port
	WatchBuffer = 256 // records that wait for one watcher; it misses the newer ones
)

// ErrManyWatchers is the error of [Tap.Watch] if [MaxWatchers] are watching.
var ErrManyWatchers = errors.New("too many are watching this port already")

// Watch is one watcher of a port. Records delivers what happens, in order. The port never waits: a slow watcher misses
// records. The caller ends it with [Watch.Close].
type Watch struct {
	Records <-chan Record // closed by Close, and when the gateway stops or the port is no longer configured

	records chan Record
	missed  atomic.Uint64
	tap     *Tap
	over    sync.Once
}

// Watch shows everything from now on, beginning with state. The caller holds the lock of [Tap.ShowState]. The error is
// [ErrManyWatchers].
func (t *Tap) Watch(state State) (*Watch, error) {
	records := make(chan Record, WatchBuffer)
	w := &Watch{Records: records, records: records, tap: t}
	t.mu.Lock()
	many := len(t.by) >= MaxWatchers
	t.mu.Unlock()
	if many {
		return nil, ErrManyWatchers
	}
	t.Forget() // remarks from before
	t.last = state
	w.see(Record{At: time.Now(), State: &state})
	t.add(w)
	return w, nil
}

func (w *Watch) see(r Record) {
	select {
	case w.records <- r:
	default:
		w.missed.Add(1)
	}
}

// Missed is the number of records that were missed since the last call.
func (w *Watch) Missed() uint64 { return w.missed.Swap(0) }

// Counts are the counters of the port.
func (w *Watch) Counts() Counts { return w.tap.Counts() }

// Close ends the watching and closes Records. It may be called more than once.
func (w *Watch) Close() {
	w.over.Do(func() {
		w.tap.remove(w)
		close(w.records) // nobody sends any more: remove has waited for the last one
	})
}

// End closes every [Watch] of the tap.
func (t *Tap) End() {
	t.mu.Lock()
	by := slices.Clone(t.by)
	t.mu.Unlock()
	for _, w := range by {
		if watch, ok := w.(*Watch); ok {
			watch.Close()
		}
	}
}

// ShowAll calls see with every record, for the life of the tap. see must not wait.
func (t *Tap) ShowAll(see func(Record)) { t.add(&shower{see}) }

// shower is a watcher that sees everything.
type shower struct{ show func(Record) }

func (s *shower) see(r Record) { s.show(r) }
