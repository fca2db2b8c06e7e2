package serial

import (
	"errors"
	"io"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrNotTunable is the error of [Retune] for a stream that is not a port of this machine, such as a serial server.
var ErrNotTunable = errors.New("its speed cannot be set from here")

// Retune gives a stream of [Open] the speed and format of c and drops bytes that were not read yet. Closing and opening it
// instead would reset many boards. Nobody may write meanwhile. The error is [ErrNotTunable] or an [*Error].
func Retune(stream io.ReadWriteCloser, c Config) error {
	t := ttyOf(stream)
	if t == nil {
		return ErrNotTunable
	}
	path := t.f.Name()
	// Setting up opens the port a second time, which its exclusive use forbids; the lock stays.
	if err := control(t.f, func(fd int) error { return unix.IoctlSetInt(fd, unix.TIOCNXCL, 0) }); err != nil {
		return explain("/", path, err)
	}
	err := setUp(path, c)
	return errors.Join(err, control(t.f, func(fd int) error {
		if err := unix.IoctlSetInt(fd, unix.TIOCEXCL, 0); err != nil {
			return err
		}
		return unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH)
	}))
}

func ttyOf(stream io.ReadWriteCloser) *tty {
	switch s := stream.(type) {
	case *tty:
		return s
	case switchedTTY:
		return s.tty
	}
	return nil
}

// LineErrors is the number of characters that the driver has found broken since the machine was started: without a stop bit,
// of the wrong parity, or a break. ok is false if the driver does not count them.
func LineErrors(stream io.ReadWriteCloser) (n int, ok bool) {
	t := ttyOf(stream)
	if t == nil {
		return 0, false
	}
	// struct serial_icounter_struct of linux/serial.h: cts, dsr, rng, dcd, rx, tx, frame, overrun, parity, brk …
	var counters [20]int32
	err := control(t.f, func(fd int) error {
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCGICOUNT, uintptr(unsafe.Pointer(&counters))); errno != 0 {
			return errno
		}
		return nil
	})
	return int(counters[6]) + int(counters[8]) + int(counters[9]), err == nil
}
