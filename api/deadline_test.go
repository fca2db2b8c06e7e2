package api

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"minirelay/devices/wire"
)

// oneConn is a listener with one connection.
type oneConn struct {
	conn   chan net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *oneConn) Close() error   { close(l.closed); return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// A wire is shown for as long as the watcher reads, though the server limits the time of requests and answers.
func TestLongWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tap := &wire.Tap{}
		s := New(Source{Login: func(*http.Request) (Access, time.Duration) { return Admin, 0 },
			Watch: func(string) (*wire.Watch, error) { return tap.Watch(wire.State{Open: true}) }})
		server := &http.Server{Handler: s, ReadTimeout: 10 * time.Second, WriteTimeout: 20 * time.Second}
		l := &oneConn{make(chan net.Conn), make(chan struct{})}
		ended := make(chan error)
		go func() { ended <- server.Serve(l) }()
		ours, theirs := net.Pipe()
		l.conn <- theirs
		if _, err := io.WriteString(ours, "GET /api/ports/uno/wire HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(ours)
		await := func(part string) {
			for {
				line, err := lines.ReadString('\n')
				if err != nil {
					t.Fatalf("no %s: %v", part, err)
				}
				if strings.Contains(line, part) {
					return
				}
			}
		}
		await(`"open":true`)
		for range 3 {
			time.Sleep(time.Minute)
			tap.ShowBytes(time.Now(), false, []byte("still here"))
			await("still here")
		}
		ours.Close()
		tap.End()
		_ = server.Close()
		<-ended
		s.Wait()
	})
}
