package serial

import (
	"errors"
	"io"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrNotTunable is the error of Retune for what is no serial line of this machine, such as a serial server.
var ErrNotTunable = errors.New("its speed cannot be set from here")

// Retune gives a stream of Open another speed and format, and drops what has not been read. Opening it anew instead
// would reset many boards. Nobody may write meanwhile.
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

// LineErrors is how many characters the driver has found broken since the machine's start: without a stop bit where
// one should be, or of the wrong parity. ok is false where the driver does not count.
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
