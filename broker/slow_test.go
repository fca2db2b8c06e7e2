package broker

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// pipes is a listener whose connections are pipes.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// serving runs the plain server of a broker, and returns how to connect to it.
func serving(t *testing.T, pages map[string]http.HandlerFunc) (dial func() net.Conn, b *Broker) {
	cfg := testConfig(t)
	cfg.TLS.Mode = "off"
	b, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for pattern, h := range pages {
		b.HandleHTTP(pattern, h)
	}
	b.serveHTTP()
	l := &pipes{make(chan net.Conn), make(chan struct{})}
	ended := make(chan error)
	go func() { ended <- b.secure.Serve(l) }()
	t.Cleanup(func() {
		b.stopHTTP()
		<-ended
		_ = b.server.Close()
		if err := b.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return func() net.Conn {
		ours, theirs := net.Pipe()
		l.accepted <- b.preLogin.enter(theirs)
		return ours
	}, b
}

// A request whose body arrives byte by byte, or not at all, holds its connection for a few seconds, whoever sends it.
func TestSlowBody(t *testing.T) {
	for name, body := range map[string]string{"silent": "", "slow": "x"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dial, b := serving(t, map[string]http.HandlerFunc{"/api/": func(w http.ResponseWriter, r *http.Request) {
					w.WriteHeader(http.StatusUnauthorized)
				}})
				begun := time.Now()
				c := dial()
				left := make(chan struct{})
				go func() {
					defer close(left)
					defer c.Close()
					_, _ = io.WriteString(c, "POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
					for range 600 {
						time.Sleep(time.Second)
						if _, err := io.WriteString(c, body); err != nil {
							return
						}
					}
				}()
				_, _ = io.Copy(io.Discard, c) // until the broker closes it
				if took := time.Since(begun); took > askTime+time.Second {
					t.Errorf("the connection was held for %v", took)
				}
				c.Close()
				<-left
				synctest.Wait()
				if b.preLogin.sockets != 0 {
					t.Errorf("%d sockets", b.preLogin.sockets)
				}
			})
		})
	}
}

// A client that does not read its answer is disconnected too.
func TestUnreadAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan error, 1)
		dial, _ := serving(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) {
			_, err := w.Write(make([]byte, 1<<20))
			failed <- err
		}})
		begun := time.Now()
		c := dial()
		defer time.AfterFunc(2*answerTime, func() { c.Close() }).Stop()
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		_, _ = bufio.NewReader(c).ReadString('\n')
		if err := <-failed; err == nil || time.Since(begun) != answerTime {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

// Many connections may wait to be accepted, even if Go did not ask for that.
func TestBacklog(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	waiting := func() (n uint32) {
		if err := raw.Control(func(fd uintptr) {
			info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
			if err != nil {
				t.Fatal(err)
			}
			n = info.Sacked // of a listener: tcp_get_info in net/ipv4/tcp.c of Linux
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	_ = raw.Control(func(fd uintptr) { _ = unix.Listen(int(fd), 5) })
	if n := waiting(); n != 5 {
		t.Fatalf("%d", n)
	}
	if err := deepen(l); err != nil || waiting() <= 5 {
		t.Errorf("%v, %d", err, waiting())
	}
}
