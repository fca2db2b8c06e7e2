package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// journal writes lines of text for systemd's journal: each begins with its priority, as in sd-daemon(3), and has no
// time, which the journal adds itself.
type journal struct {
	slog.Handler // writes the text into out.text
	out          *journalOut
}

// journalOut is shared by a handler and the handlers derived from it.
type journalOut struct {
	mu   sync.Mutex
	text bytes.Buffer
	w    io.Writer
}

func newJournal(w io.Writer, options *slog.HandlerOptions) *journal {
	out := &journalOut{w: w}
	options.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{}
		}
		return a
	}
	return &journal{slog.NewTextHandler(&out.text, options), out}
}

// Handle writes one line.
func (j *journal) Handle(ctx context.Context, r slog.Record) error {
	j.out.mu.Lock()
	defer j.out.mu.Unlock()
	j.out.text.Reset()
	if err := j.Handler.Handle(ctx, r); err != nil {
		return err
	}
	_, err := fmt.Fprintf(j.out.w, "<%d>%s", priority(r.Level), j.out.text.Bytes())
	return err
}

// WithAttrs and WithGroup keep the priority.
func (j *journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &journal{j.Handler.WithAttrs(attrs), j.out}
}

func (j *journal) WithGroup(name string) slog.Handler {
	return &journal{j.Handler.WithGroup(name), j.out}
}

// priority returns the level of syslog(3) for a level of slog.
func priority(level slog.Level) int {
	switch {
	case level >= slog.LevelError:
		return 3
	case level >= slog.LevelWarn:
		return 4
	case level >= slog.LevelInfo:
		return 6
	}
	return 7
}
