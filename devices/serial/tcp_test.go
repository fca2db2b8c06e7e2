package serial

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// Bytes that a serial server does not take in time are not delivered when it is back: a command would be executed late, and
// those that were written meanwhile all at once. The connection ends instead.
func TestServerThatTakesNothing(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c := Default()
	c.Path = "tcp://" + server.Addr().String()
	p, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	far, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
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
