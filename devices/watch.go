package devices

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxWatchers = 8   // of one port
	watchBuffer = 256 // records that a watcher may be behind
)

// The errors of Watch.
var (
	ErrNoPort       = errors.New("there is no such port, or no device hangs on it")
	ErrManyWatchers = errors.New("too many are watching this port already")
)

// Watch is one watcher of a port's wire. Records has what happens, in order. Whoever takes too long misses
// records; the port never waits for it.
type Watch struct {
	Records <-chan Record // closed when the port is, because the gateway stops or the port is configured no longer

	records chan Record
	missed  atomic.Uint64
	line    *line
	over    sync.Once
}

// Watch shows the wire of a port from now on, beginning with its state. The error is ErrNoPort or ErrManyWatchers.
func (p *Ports) Watch(port string) (*Watch, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lines {
		if l.id == port && !p.closed {
			return l.watch()
		}
	}
	return nil, ErrNoPort
}

func (l *line) watch() (*Watch, error) {
	records := make(chan Record, watchBuffer)
	w := &Watch{Records: records, records: records, line: l}
	l.mu.Lock() // nothing changes between the state and what follows
	defer l.mu.Unlock()
	t := &l.count.tap
	t.mu.Lock()
	many := len(t.by) >= maxWatchers
	t.mu.Unlock()
	if many {
		return nil, ErrManyWatchers
	}
	t.forget() // what was said long ago
	t.last = WireState{l.session != nil, l.trouble}
	state := t.last
	w.see(Record{At: time.Now(), State: &state})
	t.add(w)
	return w, nil
}

// tellState shows whether the port is open; the line's mu is held.
func (l *line) tellState() { l.count.tap.state(WireState{l.session != nil, l.trouble}) }

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
func (w *Watch) Counts() Counts { return w.line.count.Counts() }

// Close ends the watching. It may be called twice.
func (w *Watch) Close() { w.end() }

func (w *Watch) end() {
	w.over.Do(func() {
		w.line.count.tap.remove(w)
		close(w.records) // nobody sends any more: remove has waited for who did
	})
}

// unwatch ends all watching of a line that has ended.
func (l *line) unwatch() {
	t := &l.count.tap
	t.mu.Lock()
	by := slices.Clone(t.by)
	t.mu.Unlock()
	for _, w := range by {
		if watch, ok := w.(*Watch); ok {
			watch.end()
		}
	}
}
