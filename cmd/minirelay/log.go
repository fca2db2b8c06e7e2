package main

import (
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"minirelay/configs"
)

// newLog writes text or JSON lines to w.
func newLog(w io.Writer, c configs.LogConfig, level *slog.LevelVar) *slog.Logger {
	level.Set(c.SlogLevel())
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	if os.Getenv("JOURNAL_STREAM") != "" {
		return slog.New(newJournal(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

const (
	unreadRoom = 256 << 10   // bytes of lines that wait for whoever reads the log, about 2000 lines
	flushTime  = time.Second // for the last lines at the end; a reader that takes longer does not read
)

// unread is a writer that never waits for its reader. A terminal stopped with Ctrl-S, a sleeping ssh or a pipe that
// nobody reads would otherwise stop every goroutine that logs: boards would stay online on every screen, and commands
// without a result. Lines wait in memory, at most [unreadRoom] bytes; newer ones are dropped and counted.
type unread struct {
	to   io.Writer
	lost func(lines uint64) // is called after lines were dropped, as soon as the reader reads again; nil: nobody is told

	mu      sync.Mutex // guards everything below
	wake    sync.Cond
	lines   [][]byte
	size    int       // bytes of lines, with the one being written
	began   time.Time // when the write in progress began; zero: there is none
	dropped uint64    // lines
	told    uint64    // of them, those that lost knows
	closed  bool
	done    chan struct{} // closed when run has returned
}

// newUnread starts writing to w. The caller calls close.
func newUnread(w io.Writer) *unread {
	u := &unread{to: w, done: make(chan struct{})}
	u.wake.L = &u.mu
	go u.run()
	return u
}

// Write queues p, which is one line, or drops it.
func (u *unread) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed || u.size+len(p) > unreadRoom {
		u.dropped++
		return len(p), nil
	}
	u.lines = append(u.lines, append([]byte(nil), p...))
	u.size += len(p)
	u.wake.Signal()
	return len(p), nil
}

// tell makes lost the function that learns how many lines were dropped.
func (u *unread) tell(lost func(lines uint64)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.lost = lost
}

func (u *unread) run() {
	defer close(u.done)
	for {
		u.mu.Lock()
		for len(u.lines) == 0 && !u.closed {
			u.wake.Wait()
		}
		if len(u.lines) == 0 {
			u.mu.Unlock()
			return
		}
		line := u.lines[0]
		u.lines = u.lines[1:]
		u.began = time.Now()
		u.mu.Unlock()

		_, err := u.to.Write(line)

		u.mu.Lock()
		u.size -= len(line)
		u.began = time.Time{}
		lost, n := u.lost, u.dropped-u.told
		if err != nil {
			u.dropped++ // the reader is gone; another one may come
			n = 0
		}
		u.told += n
		u.mu.Unlock()
		if n > 0 && lost != nil {
			lost(n)
		}
	}
}

// state returns how many lines were dropped, and since when the reader has not read; zero: it reads.
func (u *unread) state() (dropped uint64, since time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.began.IsZero() || time.Since(u.began) < flushTime {
		return u.dropped, time.Time{}
	}
	return u.dropped, u.began
}

// close returns when all lines are written, after [flushTime] at the latest.
func (u *unread) close() {
	u.mu.Lock()
	u.closed = true
	u.wake.Signal()
	u.mu.Unlock()
	within(flushTime, func() { <-u.done })
}

// within returns when do has returned, or after limit.
func within(limit time.Duration, do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case <-done:
	case <-timeout.C:
	}
}
