package wire

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	MaxWatchers = 8   // of one port
	WatchBuffer = 256 // records that a watcher may be behind
)

// ErrManyWatchers is the error of a tap that as many watch as may.
var ErrManyWatchers = errors.New("too many are watching this port already")

// Watch is one watcher of a port's wire. Records has what happens, in order. Whoever takes too long misses
// records; the port never waits for it.
type Watch struct {
	Records <-chan Record // closed when the port is, because the gateway stops or the port is configured no longer

	records chan Record
	missed  atomic.Uint64
	tap     *Tap
	counts  func() Counts
	over    sync.Once
}

// Watch shows what happens from now on, beginning with state. Nothing may change it meanwhile.
func (t *Tap) Watch(state State, counts func() Counts) (*Watch, error) {
	records := make(chan Record, WatchBuffer)
	w := &Watch{Records: records, records: records, tap: t, counts: counts}
	t.mu.Lock()
	many := len(t.by) >= MaxWatchers
	t.mu.Unlock()
	if many {
		return nil, ErrManyWatchers
	}
	t.Forget() // what was said long ago
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

// Missed gives how many records were missed since it was called last.
func (w *Watch) Missed() uint64 { return w.missed.Swap(0) }

// Counts are the port's counters.
func (w *Watch) Counts() Counts { return w.counts() }

// Close ends the watching. It may be called twice.
func (w *Watch) Close() {
	w.over.Do(func() {
		w.tap.remove(w)
		close(w.records) // nobody sends any more: remove has waited for who did
	})
}

// End ends all watching.
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

// ShowAll has everything shown to see, which must not wait, until the tap is gone.
func (t *Tap) ShowAll(see func(Record)) { t.add(&shower{see}) }

// shower is a watcher that sees everything.
type shower struct{ show func(Record) }

func (s *shower) see(r Record) { s.show(r) }
