package upstream

import (
	"io"
	"net"
	"sync"
	"testing"
)

// proxy is a TCP line to a broker that a test can spoil.
type proxy struct {
	target string
	addr   string

	mu      sync.Mutex
	listen  net.Listener // nil: connections are refused
	pairs   map[net.Conn]net.Conn
	open    chan struct{} // closed while bytes flow
	hole    bool          // new connections are accepted and nothing comes through
	running sync.WaitGroup
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	p := &proxy{target: target, pairs: map[net.Conn]net.Conn{}, open: make(chan struct{})}
	close(p.open)
	p.accept(t, "127.0.0.1:0")
	t.Cleanup(func() {
		p.refuse()
		p.flow()
		p.cut()
		p.running.Wait()
	})
	return p
}

// accept lets connections come again.
func (p *proxy) accept(t testing.TB, addr string) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.listen, p.addr = l, l.Addr().String()
	p.mu.Unlock()
	p.running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.running.Go(func() { p.serve(c) })
		}
	})
}

func (p *proxy) serve(near net.Conn) {
	p.mu.Lock()
	hole := p.hole
	p.mu.Unlock()
	var far net.Conn
	if !hole {
		var err error
		if far, err = net.Dial("tcp", p.target); err != nil {
			near.Close()
			return
		}
	}
	p.mu.Lock()
	p.pairs[near] = far
	p.mu.Unlock()
	if far == nil {
		io.Copy(io.Discard, near)
		near.Close()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.copy(far, near) })
	both.Go(func() { p.copy(near, far) })
	both.Wait()
	p.mu.Lock()
	delete(p.pairs, near)
	p.mu.Unlock()
}

func (p *proxy) copy(to, from net.Conn) {
	defer to.Close()
	b := make([]byte, 4096)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		p.mu.Lock()
		open := p.open
		p.mu.Unlock()
		<-open
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// cut ends every connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for near, far := range p.pairs {
		near.Close()
		if far != nil {
			far.Close()
		}
	}
	clear(p.pairs)
}

// stall holds every byte back until flow.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
		p.open = make(chan struct{})
	default:
	}
}

func (p *proxy) flow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
	default:
		close(p.open)
	}
}

// blackhole makes new connections lead nowhere; what is there is cut.
func (p *proxy) blackhole(on bool) {
	p.mu.Lock()
	p.hole = on
	p.mu.Unlock()
	p.cut()
}

// refuse lets nobody in.
func (p *proxy) refuse() {
	p.mu.Lock()
	l := p.listen
	p.listen = nil
	p.mu.Unlock()
	if l != nil {
		l.Close()
	}
}
