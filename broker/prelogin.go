package broker

import (
	"container/list"
	"net"
	"net/netip"
	"sync"
)

// Bounds of connections that have not logged in. They cost memory, and nothing is known about them.
const (
	maxStrangers        = 512 // all together: beyond it the one that has waited longest is cut
	maxStrangersPerHost = 64  // from one address (not loopback, which proxies and benches use)
)

// preLogin counts the connections that have not logged in.
type preLogin struct {
	mu      sync.Mutex
	waiting *list.List // of *ticket, the oldest first
	hosts   map[string]int
}

// ticket stands for one such connection until it logs in or ends.
type ticket struct {
	preLogin *preLogin
	host     string
	conn     net.Conn
	at       *list.Element // nil: handed in
}

func newPreLogin() *preLogin { return &preLogin{waiting: list.New(), hosts: map[string]int{}} }

// enter decides whether to admit a connection. At the limit it cuts the oldest stranger, so that a flood cannot lock
// honest clients out: those log in long before they are the oldest.
func (p *preLogin) enter(conn net.Conn) *ticket {
	t := &ticket{preLogin: p, host: hostOf(conn.RemoteAddr()), conn: conn}
	p.mu.Lock()
	defer p.mu.Unlock()
	if ip, err := netip.ParseAddr(t.host); p.hosts[t.host] >= maxStrangersPerHost && !(err == nil && ip.IsLoopback()) {
		return nil
	}
	if p.waiting.Len() >= maxStrangers {
		oldest := p.waiting.Front().Value.(*ticket)
		oldest.leaveLocked()
		_ = oldest.conn.Close()
	}
	t.at = p.waiting.PushBack(t)
	p.hosts[t.host]++
	return t
}

// leave hands the ticket in: the connection has logged in, or ended.
func (t *ticket) leave() {
	t.preLogin.mu.Lock()
	defer t.preLogin.mu.Unlock()
	t.leaveLocked()
}

func (t *ticket) leaveLocked() {
	if t.at == nil {
		return
	}
	t.preLogin.waiting.Remove(t.at)
	t.at = nil
	if t.preLogin.hosts[t.host]--; t.preLogin.hosts[t.host] == 0 {
		delete(t.preLogin.hosts, t.host)
	}
}

// ticketConn hands its ticket in when it ends.
type ticketConn struct {
	net.Conn
	ticket *ticket
}

func (c *ticketConn) Close() error {
	c.ticket.leave()
	return c.Conn.Close()
}
