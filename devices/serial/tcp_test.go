package serial

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// tcpServer is a serial server, with the port that leads to it, and the server's end of the connection.
func tcpServer(t *testing.T) (server net.Listener, c Config, p io.ReadWriteCloser, far net.Conn) {
	t.Helper()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	c = Default()
	c.Path = "tcp://" + server.Addr().String()
	if p, err = Open(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	if far, err = server.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	return server, c, p, far
}

// Bytes that a serial server does not take in time are not delivered when it is back: a command would be executed late, and
// those that were written meanwhile all at once. The connection ends instead.
func TestServerThatTakesNothing(t *testing.T) {
	_, _, p, far := tcpServer(t)
	// The far end reads nothing, as if it could not be reached: bytes that do not fit there stay in the buffer here.
	if err := p.(*tcpPort).SetWriteBuffer(8 << 20); err != nil {
		t.Fatal(err)
	}
	if err := far.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(make([]byte, 3<<20)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := p.Read(make([]byte, 1))
		ended <- err
	}()
	select {
	case err := <-ended:
		if !errors.Is(err, syscall.ETIMEDOUT) || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("it ends with %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("what was written still waits for the server")
	}
}
