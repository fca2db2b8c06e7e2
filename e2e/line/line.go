// Package line is a TCP line between a client and its broker that a test can disturb: cut it, stall it, lead it
// nowhere, or refuse it.
package line

import (
	"io"
	"net"
	"sync"
)

// Line is such a line. Its methods may be called from any goroutine.
type Line struct {
	targets []string // tried in turn
	addr    string

	mu      sync.Mutex
	listen  net.Listener // nil: connections are refused
	pairs   map[net.Conn]net.Conn
	open    chan struct{} // closed while bytes flow
	hole    bool          // new connections are accepted but carry no data
	running sync.WaitGroup
}

// New makes a line to the first of the targets that accepts a connection.
func New(targets ...string) (*Line, error) {
	p := &Line{targets: targets, addr: "127.0.0.1:0", pairs: map[net.Conn]net.Conn{}, open: make(chan struct{})}
	close(p.open)
	return p, p.Accept()
}

// Addr returns the address for the client.
func (p *Line) Addr() string { return p.addr }

// Close ends the line and all its connections.
func (p *Line) Close() {
	p.Refuse()
	p.Flow()
	p.Cut()
	p.running.Wait()
}

// Accept accepts connections again after Refuse.
func (p *Line) Accept() error {
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		return err
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
	return nil
}

// dial connects to the first target that accepts.
func (p *Line) dial() (c net.Conn, err error) {
	for _, target := range p.targets {
		if c, err = net.Dial("tcp", target); err == nil {
			return c, nil
		}
	}
	return nil, err
}

func (p *Line) serve(near net.Conn) {
	p.mu.Lock()
	hole := p.hole
	p.mu.Unlock()
	var far net.Conn
	if !hole {
		var err error
		if far, err = p.dial(); err != nil {
			near.Close()
			return
		}
	}
	p.mu.Lock()
	p.pairs[near] = far
	p.mu.Unlock()
	if far == nil {
		_, _ = io.Copy(io.Discard, near)
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

func (p *Line) copy(to, from net.Conn) {
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

// Cut ends every connection.
func (p *Line) Cut() {
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

// Stall holds back every byte until Flow.
func (p *Line) Stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
		p.open = make(chan struct{})
	default:
	}
}

// Flow lets bytes through again.
func (p *Line) Flow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
	default:
		close(p.open)
	}
}

// Blackhole cuts all connections and makes new ones lead nowhere.
func (p *Line) Blackhole(on bool) {
	p.mu.Lock()
	p.hole = on
	p.mu.Unlock()
	p.Cut()
}

// Refuse refuses all connections.
func (p *Line) Refuse() {
	p.mu.Lock()
	l := p.listen
	p.listen = nil
	p.mu.Unlock()
	if l != nil {
		l.Close()
	}
}
