package serial

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
	"unsafe"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"
)

// writeTime bounds one write. The longest command takes 1.2 s at 9600 baud; an adapter that takes no bytes for longer is
// stuck, and must not stop the owner of the port.
const writeTime = 2 * time.Second

var (
	// ErrHungUp is the error of a Read after the adapter was unplugged or the serial server ended the connection.
	ErrHungUp = errors.New("the port hung up")
	// ErrStuck is the error of a Write whose bytes could not leave in time.
	ErrStuck = errors.New("the port accepts no data")
)

// Lasts is the time that n characters take on the line, from the start bit of the first to the stop bit of the last.
func (c Config) Lasts(n int) time.Duration { return time.Duration(float64(n) * c.Character()) }

// Character is the time of one character on the line, in nanoseconds, with start, parity and stop bits.
func (c Config) Character() float64 {
	bits := 1 + float64(c.DataBits) + c.StopBits
	if c.Parity != "none" {
		bits++
	}
	return bits / float64(max(c.Baud, 1)) * float64(time.Second)
}

// Open opens the port that c names, and locks it. Close ends a Read that waits; a Write ends with [ErrStuck] after two
// seconds; a Read after a loss ends with [ErrHungUp]. Errors of Open are of type [*Error]. The caller owns the stream: see the
// package comment.
//
// go.bug.st/serial only sets up the line, because settings belong to the terminal and not to the descriptor. The bytes go
// through an os.File of our own, on Go's poller: the library's Read panics if a descriptor's number is 1024 or more, and its
// Write has no deadline and may reach a file that was given the number of a closed descriptor.
func Open(c Config) (io.ReadWriteCloser, error) {
	if c.ServerAddress() != "" {
		return openServer(c)
	}
	path, err := find("/", c)
	if err != nil {
		return nil, err
	}
	f, err := openTTY(path, c)
	if err != nil {
		return nil, explain("/", path, err)
	}
	t := &tty{f: f, config: c}
	if c.RS485 == "rts" {
		return switchedTTY{t, newSender(f, t, c)}, nil
	}
	return t, nil
}

var (
	errNoTTY  = errors.New("not a serial port")
	errLocked = errors.New("locked")
)

func openTTY(path string, c Config) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, unix.EISDIR
	case info.Mode()&fs.ModeCharDevice == 0:
		return nil, errNoTTY
	}
	// Without O_NONBLOCK, opening may wait for a carrier that never comes.
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	// The lock comes first: the line of another program must not be changed.
	if err := control(f, claim); err != nil {
		f.Close()
		return nil, err
	}
	if err := setUp(path, c); err != nil {
		f.Close()
		return nil, err
	}
	err = control(f, func(fd int) error {
		if c.LowLatency {
			lowLatency(fd)
		}
		if err := setUpRS485(fd, c.RS485Config); err != nil {
			return err
		}
		// Setting up has ended the exclusive use, which stops programs that ignore locks.
		if err := unix.IoctlSetInt(fd, unix.TIOCEXCL, 0); err != nil {
			return err
		}
		// Bytes that came before were sent at another speed, or long ago.
		return unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH)
	})
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// control runs do with the descriptor of f.
func control(f syscall.Conn, do func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	if cerr := raw.Control(func(fd uintptr) { err = do(int(fd)) }); cerr != nil {
		return cerr
	}
	return err
}

// claim locks fd. The error is errNoTTY, or errLocked if another program has locked it.
func claim(fd int) error {
	if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err != nil {
		return errNoTTY
	}
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return errLocked
	}
	return nil
}

// setUp sets speed and format of the line, without echo and without any translation.
func setUp(path string, c Config) error {
	mode := &serial.Mode{BaudRate: c.Baud, DataBits: c.DataBits}
	switch c.Parity {
	case "odd":
		mode.Parity = serial.OddParity
	case "even":
		mode.Parity = serial.EvenParity
	case "mark":
		mode.Parity = serial.MarkParity
	case "space":
		mode.Parity = serial.SpaceParity
	}
	if c.StopBits == 2 {
		mode.StopBits = serial.TwoStopBits
	}
	p, err := serial.Open(path, mode)
	if err == nil {
		return p.Close()
	}
	var pe *serial.PortError
	if errors.As(err, &pe) {
		switch pe.Code() {
		case serial.PortBusy:
			return unix.EBUSY
		case serial.PermissionDenied:
			return unix.EACCES
		}
	}
	return err
}

// lowLatency asks the driver to deliver bytes at once; FTDI adapters otherwise collect them for 16 ms. Other drivers refuse,
// which does not matter. The words are struct serial_struct of linux/serial.h, whose fifth int is flags; ASYNC_LOW_LATENCY is
// bit 13 (linux/tty_flags.h).
func lowLatency(fd int) {
	var serialStruct [32]int32
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCGSERIAL, uintptr(unsafe.Pointer(&serialStruct)))
	if errno != 0 {
		return
	}
	serialStruct[4] |= 1 << 13
	_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCSSERIAL, uintptr(unsafe.Pointer(&serialStruct)))
}

// tty is an open serial port. Its owner writes and closes; another goroutine may read.
type tty struct {
	f      *os.File
	config Config
	stuck  bool // the last write ended too early; only the owner touches it
}

func (t *tty) Read(b []byte) (int, error) {
	n, err := t.f.Read(b)
	if err == nil || errors.Is(err, os.ErrClosed) {
		return n, err
	}
	// A hang-up is an end of file or EIO on most drivers, ENODEV or ENXIO on some.
	for _, gone := range []error{io.EOF, syscall.EIO, syscall.ENODEV, syscall.ENXIO} {
		if errors.Is(err, gone) {
			return n, ErrHungUp
		}
	}
	return n, err
}

func (t *tty) Write(b []byte) (int, error) { return t.WriteBy(b, WriteDeadline()) }

func (t *tty) WriteBy(b []byte, by time.Time) (int, error) {
	if err := t.f.SetWriteDeadline(earlier(by, WriteDeadline())); err != nil {
		return 0, err
	}
	n, err := t.f.Write(b)
	t.stuck = errors.Is(err, os.ErrDeadlineExceeded)
	if t.stuck {
		return n, ErrStuck
	}
	return n, err
}

// emptied waits until every byte has left the driver; the error is ErrStuck after by. Asking the driver itself to wait could
// take forever with an adapter that is stuck.
func emptied(fd int, by time.Time) error {
	for {
		n, err := unix.IoctlGetInt(fd, unix.TIOCOUTQ)
		switch {
		case err != nil || n == 0:
			return err
		case time.Now().After(by):
			return ErrStuck
		}
		Pause(time.Millisecond)
	}
}

// closeTime is how long the last bytes may take to leave when the port is closed, in addition to their time on the line.
const closeTime = 100 * time.Millisecond

func (t *tty) Close() error {
	// Errors do not matter here: the port may be gone. A pseudo-terminal stays exclusive after the last close.
	_ = control(t.f, func(fd int) error {
		// Bytes that cannot leave are dropped, or closing would wait up to 30 s for them, and a command could leave then.
		n, _ := unix.IoctlGetInt(fd, unix.TIOCOUTQ)
		if t.stuck || emptied(fd, time.Now().Add(t.config.Lasts(n)+closeTime)) != nil {
			_ = unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCOFLUSH)
		}
		return unix.IoctlSetInt(fd, unix.TIOCNXCL, 0)
	})
	return t.f.Close()
}
