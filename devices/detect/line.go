package detect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"minirelay/devices/serial"
)

// Setting is a speed and a format of a line.
type Setting struct {
	Baud     int    // bit/s
	DataBits int    // 7 or 8
	Parity   string // none, even or odd
}

// String is as people write it: 9600 8N1.
func (s Setting) String() string {
	return fmt.Sprintf("%d %d%s1", s.Baud, s.DataBits, strings.ToUpper(s.Parity[:1]))
}

// lasts is how long n characters take.
func (s Setting) lasts(n int) time.Duration {
	bits := 2 + s.DataBits
	if s.Parity != "none" {
		bits++
	}
	return time.Duration(n*bits) * time.Second / time.Duration(s.Baud)
}

// ErrLost is the error of a line that has broken.
var ErrLost = errors.New("the line is lost")

// Line is a serial line that can be set up anew without closing it.
type Line interface {
	io.Writer
	// Tune sets it up and drops what was read before.
	Tune(Setting) error
	// Heard gives what comes, as it comes. It is closed when the line is lost.
	Heard() <-chan []byte
	// Errors counts characters that the hardware found broken. ok is false where nobody counts them.
	Errors() (n int, ok bool)
}

// serialLine is a Line of this machine.
type serialLine struct {
	io.ReadWriteCloser
	port  serial.Config
	heard chan []byte
	done  chan struct{}
}

// Open opens a port for detection. Close ends it.
func Open(port serial.Config) (interface {
	Line
	io.Closer
}, error) {
	stream, err := serial.Open(port)
	if err != nil {
		return nil, err
	}
	l := &serialLine{ReadWriteCloser: stream, port: port, heard: make(chan []byte, 64), done: make(chan struct{})}
	go l.read()
	return l, nil
}

func (l *serialLine) read() {
	defer close(l.heard)
	for buf := make([]byte, 4096); ; {
		n, err := l.ReadWriteCloser.Read(buf)
		if n > 0 {
			select {
			case l.heard <- bytes.Clone(buf[:n]):
			case <-l.done:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (l *serialLine) Heard() <-chan []byte { return l.heard }

func (l *serialLine) Errors() (int, bool) { return serial.LineErrors(l.ReadWriteCloser) }

func (l *serialLine) Tune(s Setting) error {
	l.port.Baud, l.port.DataBits, l.port.Parity, l.port.StopBits = s.Baud, s.DataBits, s.Parity, 1
	if err := serial.Retune(l.ReadWriteCloser, l.port); err != nil && !errors.Is(err, serial.ErrNotTunable) {
		return err
	}
	drop(l)
	return nil
}

func (l *serialLine) Close() error {
	close(l.done)
	return l.ReadWriteCloser.Close()
}

// drop throws away what has come already.
func drop(l Line) {
	for {
		select {
		case _, ok := <-l.Heard():
			if ok {
				continue
			}
		default:
		}
		return
	}
}

// wait lets d pass, or ends with ctx.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
