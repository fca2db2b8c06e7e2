package relay

import (
	"context"
	"log/slog"
	"sync"
)

// heldLog keeps the lines that are logged while a mutex is held, and writes them once it is released: whoever reads the
// log slowly must not delay a reading or a command. The mutex guards it.
type heldLog struct {
	to    *slog.Logger
	lines []heldLine
}

type heldLine struct {
	level slog.Level
	text  string
	args  []any
}

func (l *heldLog) Info(text string, args ...any)  { l.Log(slog.LevelInfo, text, args...) }
func (l *heldLog) Warn(text string, args ...any)  { l.Log(slog.LevelWarn, text, args...) }
func (l *heldLog) Error(text string, args ...any) { l.Log(slog.LevelError, text, args...) }

// Log keeps one line.
func (l *heldLog) Log(level slog.Level, text string, args ...any) {
	l.lines = append(l.lines, heldLine{level, text, args})
}

// release releases the mutex, and then writes the lines.
func (l *heldLog) release(mu *sync.Mutex) {
	lines := l.lines
	l.lines = nil
	mu.Unlock()
	for _, line := range lines {
		l.to.Log(context.Background(), line.level, line.text, line.args...)
	}
}
