package capture

import (
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	magic   = "minirelay capture"
	version = 1
	// maxData bounds the bytes of one record, so that no line is endless.
	maxData = 1024
)

// Writer writes a capture. It holds nothing back: a recording that is cut off can be read up to there. It serves one
// goroutine.
type Writer struct {
	w    io.Writer
	last time.Duration
}

// NewWriter begins a capture on w. The error is that of w.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	text := fmt.Sprintf("%s %d\n", magic, version)
	for _, remark := range [][2]string{{"port", h.Port}, {"path", h.Path}, {"line", h.Line}} {
		if value := oneLine(remark[1]); value != "" {
			text += remark[0] + ": " + value + "\n"
		}
	}
	if !h.Started.IsZero() {
		text += "started: " + h.Started.Format(time.RFC3339Nano) + "\n"
	}
	_, err := io.WriteString(w, text+"\n")
	return &Writer{w: w}, err
}

// oneLine makes of s a value that fits behind a key.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s))
}

// Write writes one record. A time before that of the record before becomes the same, because clocks are sometimes set
// back. The error is that of the writer below.
func (w *Writer) Write(r Record) error {
	w.last = max(w.last, r.At)
	sign := '<'
	if r.Out {
		sign = '>'
	}
	for data := r.Data; len(data) > 0; {
		part := data[:min(len(data), maxData)]
		data = data[len(part):]
		micros := w.last.Round(time.Microsecond).Microseconds()
		if _, err := fmt.Fprintf(w.w, "%d.%06d %c % x | %s\n", micros/1e6, micros%1e6, sign, part, Text(part)); err != nil {
			return err
		}
	}
	return nil
}
