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

// Setting is the speed and the format of a line, always with one stop bit.
type Setting struct {
	Baud     int    // bit/s
	DataBits int    // 7 or 8
	Parity   string // none, even or odd
}

// String is the setting as people write it: 9600 8N1.
func (s Setting) String() string {
	return fmt.Sprintf("%d %d%s1", s.Baud, s.DataBits, strings.ToUpper(s.Parity[:1]))
}

// lasts is the time of n characters on the line.
func (s Setting) lasts(n int) time.Duration {
	bits := 2 + s.DataBits
	if s.Parity != "none" {
		bits++
	}
	return time.Duration(n*bits) * time.Second / time.Duration(s.Baud)
}

// ErrLost is the error of every search whose port is gone, as after unplugging its adapter.
var ErrLost = errors.New("the line is lost")

// Line is a serial line whose setting can be changed without closing it, because opening a port resets many boards.
type Line interface {
	io.Writer
	// Tune changes the setting and drops the bytes that came before. A serial server keeps its own setting.
	Tune(Setting) error
	// Heard delivers the bytes that come, in pieces. It is closed when the line is lost.
	Heard() <-chan []byte
	// Errors is the number of characters that the hardware found broken; ok is false if the driver does not count them.
	Errors() (n int, ok bool)
}

// serialLine is a [Line] on a port of this machine or on a serial server.
type serialLine struct {
	io.ReadWriteCloser
	port  serial.Config
	heard chan []byte
	done  chan struct{}
}

// Open opens a port for a search. The caller closes it. Errors are those of [serial.Open].
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

// drop discards the bytes that have come already.
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

// wait pauses for d, or until ctx ends.
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
