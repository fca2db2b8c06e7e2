package serial

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// RS485Config holds the settings of an RS-485 adapter that does not switch between sending and receiving by itself. Most USB
// adapters do.
type RS485Config struct {
	RS485     string        `toml:"rs485" doc:"direction control of an RS-485 adapter: off if the adapter switches itself, kernel for the driver, rts for the gateway with the RTS line" oneof:"off,kernel,rts"`
	RTSLow    bool          `toml:"rts_low" doc:"RTS is low instead of high while sending"`
	RTSBefore time.Duration `toml:"rts_before" doc:"delay between the switch to sending and the first bit; the driver counts in milliseconds" min:"0s" max:"100ms"`
	RTSAfter  time.Duration `toml:"rts_after" doc:"delay between the last bit and the switch to receiving; the driver counts in milliseconds" min:"0s" max:"100ms"`
}

var (
	errNoRS485 = errors.New("the driver cannot switch RS-485")
	errNoRTS   = errors.New("no RTS line")
)

// serialRS485 is struct serial_rs485 of linux/serial.h.
type serialRS485 struct {
	flags         uint32
	before, after uint32 // milliseconds
	_             [5]uint32
}

// The flags of serial_rs485.
const (
	rs485Enabled = 1 << 0
	rtsOnSend    = 1 << 1
	rtsAfterSend = 1 << 2
)

// waitOnly makes the ioctl TCSBRK wait until every byte has been sent, without a break.
const waitOnly = 1

// kernel is the setting for the driver, rounded up to milliseconds.
func (c RS485Config) kernel() serialRS485 {
	whole := func(d time.Duration) uint32 { return uint32((d + time.Millisecond - 1) / time.Millisecond) }
	s := serialRS485{flags: rs485Enabled | rtsOnSend, before: whole(c.RTSBefore), after: whole(c.RTSAfter)}
	if c.RTSLow {
		s.flags = rs485Enabled | rtsAfterSend
	}
	return s
}

// setUpRS485 makes the driver switch, or puts RTS to receiving for the gateway. With rs485 off it changes nothing. The error
// is errNoRS485 or errNoRTS.
func setUpRS485(fd int, c RS485Config) error {
	switch c.RS485 {
	case "kernel":
		s := c.kernel()
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCSRS485, uintptr(unsafe.Pointer(&s)))
		if errno != 0 {
			return errors.Join(errNoRS485, errno)
		}
	case "rts":
		if err := setRTS(fd, c.RTSLow); err != nil {
			return errors.Join(errNoRTS, err)
		}
	}
	return nil
}

func setRTS(fd int, high bool) error {
	request := uint(unix.TIOCMBIC)
	if high {
		request = unix.TIOCMBIS
	}
	return unix.IoctlSetPointerInt(fd, request, unix.TIOCM_RTS)
}

// sender is a line whose direction has to be switched around each write.
type sender struct {
	io.Writer
	config Config
	send   func(sending bool) error
	drain  func() error        // waits until the last bit has left the driver
	pause  func(time.Duration) // see Pause
}

// switchedTTY is a port with an adapter that the gateway switches.
type switchedTTY struct {
	*tty
	sender *sender
}

func (t switchedTTY) Write(b []byte) (int, error) { return t.sender.WriteBy(b, WriteDeadline()) }

func (t switchedTTY) WriteBy(b []byte, by time.Time) (int, error) { return t.sender.WriteBy(b, by) }

// newSender switches the RTS line of f.
func newSender(f *os.File, w io.Writer, c Config) *sender {
	return &sender{Writer: w, config: c, pause: Pause,
		send: func(sending bool) error {
			return control(f, func(fd int) error { return setRTS(fd, sending != c.RTSLow) })
		},
		drain: func() error {
			return control(f, func(fd int) error {
				if err := emptied(fd, WriteDeadline()); err != nil {
					return err
				}
				return unix.IoctlSetInt(fd, unix.TCSBRK, waitOnly) // the driver's own buffer is empty: it is short
			})
		}}
}

// WriteBy writes b between two switches. The line is switched back even after an error: an adapter that goes on sending
// blocks every other device.
func (s *sender) WriteBy(b []byte, by time.Time) (n int, err error) {
	if err := s.send(true); err != nil {
		return 0, fmt.Errorf("switch the RS-485 adapter to sending: %w", err)
	}
	defer func() {
		if serr := s.send(false); serr != nil && err == nil {
			err = fmt.Errorf("switch the RS-485 adapter to receiving: %w", serr)
		}
	}()
	s.pause(s.config.RTSBefore)
	started := time.Now()
	n, err = WriteBy(s.Writer, b, by)
	if err != nil {
		return n, err
	}
	err = s.drain()
	// For drivers of USB adapters the bytes have left once the adapter has them, before they are on the line.
	s.pause(time.Until(started.Add(s.config.Lasts(n))))
	s.pause(s.config.RTSAfter)
	return n, err
}
