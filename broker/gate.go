package broker

import (
	"container/list"
	"net"
	"net/netip"
	"sync"
)

// Bounds of connections that have not logged in. They cost memory and nothing is known about them.
const (
	maxStrangers        = 512 // all together: beyond it the one that waited longest is cut
	maxStrangersPerHost = 64  // from one address (not loopback, which proxies and benches use)
)

// gate counts the connections that have not logged in.
type gate struct {
	mu      sync.Mutex
	waiting *list.List // of *ticket, the oldest first
	hosts   map[string]int
}

// ticket stands for one such connection until it logs in or ends.
type ticket struct {
	gate *gate
	host string
	conn net.Conn
	at   *list.Element // nil: handed in
}

func newGate() *gate { return &gate{waiting: list.New(), hosts: map[string]int{}} }

// enter lets a connection in, or not. A full gate cuts the oldest stranger, so that a flood cannot lock honest
// clients out: those log in long before they are the oldest.
func (g *gate) enter(conn net.Conn) *ticket {
	t := &ticket{gate: g, host: hostOf(conn.RemoteAddr()), conn: conn}
	g.mu.Lock()
	defer g.mu.Unlock()
	if ip, err := netip.ParseAddr(t.host); g.hosts[t.host] >= maxStrangersPerHost && !(err == nil && ip.IsLoopback()) {
		return nil
	}
	if g.waiting.Len() >= maxStrangers {
		oldest := g.waiting.Front().Value.(*ticket)
		oldest.leaveLocked()
		_ = oldest.conn.Close()
	}
	t.at = g.waiting.PushBack(t)
	g.hosts[t.host]++
	return t
}

// leave hands the ticket in: the connection has logged in, or ended.
func (t *ticket) leave() {
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	t.leaveLocked()
}

func (t *ticket) leaveLocked() {
	if t.at == nil {
		return
	}
	t.gate.waiting.Remove(t.at)
	t.at = nil
	if t.gate.hosts[t.host]--; t.gate.hosts[t.host] == 0 {
		delete(t.gate.hosts, t.host)
	}
}

// gatedConn hands its ticket in when it ends.
type gatedConn struct {
	net.Conn
	ticket *ticket
}

func (c *gatedConn) Close() error {
	c.ticket.leave()
	return c.Conn.Close()
}
