// Package softboard is hardware made of software: boards on pseudo-terminals that look like serial ports. The demo, the tests
// and the bench use them. It knows nothing of the gateway.
//
// Most callers need [Open], which makes a [Line], and [Run], which runs a [Board] on it:
//
//	line, _ := softboard.Open("")
//	go softboard.Run(ctx, line, softboard.NewGreenhouse(1), time.Second)
//	// line.Path() is a serial port now
package softboard

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// Line is the board's end of a serial line. Its methods may be called from any goroutine. The caller ends it with [Line.Close].
type Line struct {
	link string // a stable name for the port, as udev makes one; "" for none

	mu     sync.Mutex
	master *os.File // nil while unplugged
	slave  *os.File // kept open, or the board would see a hang-up whenever no program has the port open
}

// Open makes a line that is plugged in. link is a path that leads to the port, even after [Line.Replug]; "" for none.
func Open(link string) (*Line, error) {
	l := &Line{link: link}
	return l, l.Replug()
}

// Path is the serial port at the other end; "" while it is unplugged.
func (l *Line) Path() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.link != "":
		return l.link
	case l.slave != nil:
		return l.slave.Name()
	}
	return ""
}

// Replug plugs the board in again. As with USB, the port has another number than before.
func (l *Line) Replug() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.master != nil {
		return errors.New("the board is plugged in already")
	}
	master, slave, err := openPTY()
	if err != nil {
		return fmt.Errorf("make a pseudo-terminal: %w", err)
	}
	if l.link != "" {
		// By renaming, so that the link never points nowhere while it exists.
		next := filepath.Join(filepath.Dir(l.link), "."+filepath.Base(l.link)+".next")
		os.Remove(next)
		if err := errors.Join(os.Symlink(slave.Name(), next), os.Rename(next, l.link)); err != nil {
			return errors.Join(err, master.Close(), slave.Close())
		}
	}
	l.master, l.slave = master, slave
	return nil
}

// openPTY opens a raw pair whose master can be closed while it is read. Package pty has asked the master for its
// number, which makes an os.File block for ever: closing it would wait for the next byte, and the gateway would not notice the
// hang-up.
func openPTY() (master, slave *os.File, err error) {
	blocking, slave, err := pty.Open()
	if err != nil {
		return nil, nil, err
	}
	defer blocking.Close()
	if _, err := term.MakeRaw(int(slave.Fd())); err != nil {
		return nil, nil, errors.Join(err, slave.Close())
	}
	fd, err := unix.FcntlInt(blocking.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, nil, errors.Join(err, slave.Close())
	}
	return os.NewFile(uintptr(fd), blocking.Name()), slave, nil
}

// Unplug disconnects the board: programs that have the port open see a hang-up, and the link disappears.
func (l *Line) Unplug() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.master == nil {
		return nil
	}
	var err error
	if l.link != "" {
		err = os.Remove(l.link)
	}
	err = errors.Join(err, l.slave.Close(), l.master.Close())
	l.master, l.slave = nil, nil
	return err
}

// Unread is the number of bytes that wait to be read at the port. They are lost when the board is unplugged.
func (l *Line) Unread() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.slave == nil {
		return 0
	}
	raw, err := l.slave.SyscallConn()
	if err != nil {
		return 0
	}
	n := 0
	_ = raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
	return n
}

// Close unplugs the board for good.
func (l *Line) Close() error { return l.Unplug() }

// ErrUnplugged is the error of Read and Write while the board is not plugged in.
var ErrUnplugged = errors.New("the board is unplugged")

func (l *Line) file() (*os.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.master == nil {
		return nil, ErrUnplugged
	}
	return l.master, nil
}

// Read reads bytes that the gateway has written. The error is [ErrUnplugged] or that of the terminal.
func (l *Line) Read(p []byte) (int, error) {
	f, err := l.file()
	if err != nil {
		return 0, err
	}
	return f.Read(p)
}

// Write puts bytes on the line. It blocks while they are not read, as a full pseudo-terminal does.
func (l *Line) Write(p []byte) (int, error) {
	f, err := l.file()
	if err != nil {
		return 0, err
	}
	return f.Write(p)
}
