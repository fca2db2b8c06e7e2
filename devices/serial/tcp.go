package serial

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// The beginnings of a path on a serial server.
const (
	TCPScheme     = "tcp://"     // tcp://192.168.1.20:4001: the server passes bytes through
	rfc2217Scheme = "rfc2217://" // rfc2217://192.168.1.20:2217: the server sets up its line on request
)

// ServerAddress is host:port of the serial server that c names; "" for a port of this machine.
func (c Config) ServerAddress() string {
	for _, scheme := range []string{TCPScheme, rfc2217Scheme} {
		if address, ok := strings.CutPrefix(c.Path, scheme); ok {
			return address
		}
	}
	return ""
}

// dialTime bounds one attempt to reach a serial server.
const dialTime = 3 * time.Second

// openServer connects to a serial server.
func openServer(c Config) (io.ReadWriteCloser, error) {
	conn, err := dial(c.ServerAddress())
	if err != nil || !strings.HasPrefix(c.Path, rfc2217Scheme) {
		return conn, err
	}
	port, err := setUpServer(conn, c)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return port, nil
}

func dial(address string) (*tcpPort, error) {
	// Keep-alive probes detect a server that is gone; without them the reader would wait for ever.
	d := net.Dialer{Timeout: dialTime, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}}
	c, err := d.Dial("tcp", address)
	if err != nil {
		return nil, &Error{What: "the serial server " + address + " cannot be reached", Err: err,
			Try: "check the address, and what the server does at this port"}
	}
	return &tcpPort{TCPConn: c.(*net.TCPConn)}, nil
}

// tcpPort is a connection to a serial server. Its owner writes and closes; another goroutine may read.
//
// The kernel tries for many minutes to deliver bytes to a server that cannot be reached: a command would be executed when the
// network is back. So the connection ends two seconds after a write that is not acknowledged, and its bytes are dropped.
type tcpPort struct {
	*net.TCPConn
	writing sync.Mutex
	bounded bool // writes must be acknowledged in time; guarded by writing
}

func (t *tcpPort) Read(b []byte) (int, error) {
	n, err := t.TCPConn.Read(b)
	if err == io.EOF {
		err = ErrHungUp
	}
	if n > 0 && t.writing.TryLock() {
		defer t.writing.Unlock()
		if t.bounded && t.unacknowledged() == 0 {
			// Else a single lost keep-alive probe would end a silent connection (tcp(7), TCP_USER_TIMEOUT).
			return n, errors.Join(err, t.bound(0))
		}
	}
	return n, err
}

func (t *tcpPort) Write(b []byte) (int, error) { return t.WriteBy(b, WriteDeadline()) }

func (t *tcpPort) WriteBy(b []byte, by time.Time) (int, error) {
	t.writing.Lock()
	defer t.writing.Unlock()
	if err := errors.Join(t.bound(writeTime), t.SetWriteDeadline(earlier(by, WriteDeadline()))); err != nil {
		return 0, err
	}
	n, err := t.TCPConn.Write(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, ErrStuck
	}
	return n, err
}

// bound sets how long a write may stay unacknowledged; 0: as long as the kernel allows.
func (t *tcpPort) bound(d time.Duration) error {
	if t.bounded == (d > 0) {
		return nil
	}
	t.bounded = d > 0
	return control(t.TCPConn, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
	})
}

// unacknowledged is the number of bytes that the server has not acknowledged.
func (t *tcpPort) unacknowledged() (n int) {
	_ = control(t.TCPConn, func(fd int) (err error) {
		n, err = unix.IoctlGetInt(fd, unix.TIOCOUTQ) // SIOCOUTQ, by its other name
		return err
	})
	return n
}
