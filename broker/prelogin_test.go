package broker

import (
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// stranger is a connection from an address that a test chooses.
type stranger struct {
	net.Conn
	from string
	cut  bool
}

func (s *stranger) RemoteAddr() net.Addr {
	a, _ := net.ResolveTCPAddr("tcp", s.from)
	return a
}

func (s *stranger) Close() error { s.cut = true; return nil }

// enterAll lets count connections from an address in.
func enterAll(g *preLogin, from string, count int) (all []*stranger, tickets []*ticketConn) {
	for range count {
		s := &stranger{from: from}
		all, tickets = append(all, s), append(tickets, g.enter(s))
	}
	return all, tickets
}

// cuts counts the connections that were cut, and reports whether they were the first ones.
func cuts(all []*stranger) (n int, first bool) {
	first = true
	for i, s := range all {
		if s.cut {
			first = first && i == n
			n++
		}
	}
	return n, first
}

// A flood displaces itself: beyond the limit of an address its own oldest connection is cut, and when all places are
// taken, the oldest of the address that has most. Honest clients stay, even those that are the oldest of all.
func TestGate(t *testing.T) {
	g := newPreLogin()
	honest, _ := enterAll(g, "10.9.0.1:1", 2)
	flood, tickets := enterAll(g, "10.0.0.1:1", maxStrangersPerHost+10)
	if n, first := cuts(flood); n != 10 || !first {
		t.Errorf("%d of the flood were cut, the oldest first: %v", n, first)
	}
	for i := range 6 {
		enterAll(g, fmt.Sprintf("10.%d.0.1:1", i+20), maxStrangersPerHost-1)
	}
	more, _ := enterAll(g, "10.40.2.1:1", 34)
	rest, _ := enterAll(g, "10.41.2.2:1", maxStrangers-2-maxStrangersPerHost-6*(maxStrangersPerHost-1)-34)
	if n, _ := cuts(flood); n != 10 {
		t.Errorf("%d were cut though there was room", n)
	}
	late, _ := enterAll(g, "10.9.0.2:1", 1)
	if n, first := cuts(flood); n != 11 || !first {
		t.Errorf("%d of the flood were cut, the oldest first: %v", n, first)
	}
	for _, others := range [][]*stranger{honest, more, rest, late} {
		if n, _ := cuts(others); n != 0 {
			t.Errorf("%d honest ones were cut", n)
		}
	}
	for _, c := range tickets {
		c.ticket.leave()
		_ = c.Close()
		_ = c.Close()
	}
	if n := g.strangers.waiting.Len(); n != maxStrangers-maxStrangersPerHost+1 || g.sockets != n {
		t.Errorf("%d strangers and %d sockets are left", n, g.sockets)
	}
}

// Whoever has a network does not look like many: of a flood from as many addresses as there are places its own oldest
// connections are cut, and those of a browser, which has several, stay.
func TestGateOfNetworks(t *testing.T) {
	for _, format := range []string{"[2001:db8:7:%x::1]:1", "[2001:db8:%x:1::1]:1", "203.0.%d.7:1"} {
		g := newPreLogin()
		honest, _ := enterAll(g, "198.51.100.1:1", 6)
		more, _ := enterAll(g, "[2001:470:1:2::3]:1", 6)
		var flood []*stranger
		for i := range 2 * maxStrangers {
			one, _ := enterAll(g, fmt.Sprintf(format, i%256), 1)
			flood = append(flood, one...)
		}
		if n, first := cuts(flood); n != maxStrangers+12 || !first {
			t.Errorf("%s: %d of the flood were cut, the oldest first: %v", format, n, first)
		}
		for _, others := range [][]*stranger{honest, more} {
			if n, _ := cuts(others); n != 0 {
				t.Errorf("%s: %d honest ones were cut", format, n)
			}
		}
	}
}

// A flood from this machine has no limit of its own, since a proxy has the address of all its clients.
func TestGateOfLoopback(t *testing.T) {
	g := newPreLogin()
	proxy, _ := enterAll(g, "127.0.0.1:1", maxStrangers)
	enterAll(g, "10.0.0.1:1", 3)
	if n, first := cuts(proxy); n != 3 || !first {
		t.Errorf("%d were cut, the oldest first: %v", n, first)
	}
}

// A user who has signed in over HTTP has a share of the connections, and is no stranger any more.
func TestGateOfGuests(t *testing.T) {
	g := newPreLogin()
	owner, tickets := enterAll(g, "10.0.0.1:1", 2)
	for _, c := range tickets {
		c.ticket.signedIn("admin")
	}
	greedy, tickets := enterAll(g, "10.0.0.2:1", maxGuestsPerUser+5)
	for range 2 { // each request signs in
		for _, c := range tickets {
			c.ticket.signedIn("viewer")
		}
	}
	if n, first := cuts(greedy); n != 5 || !first {
		t.Errorf("%d were cut, the oldest first: %v", n, first)
	}
	for i := range maxGuests - 10 {
		_, tickets := enterAll(g, "10.0.0.3:1", 1)
		tickets[0].ticket.signedIn(fmt.Sprint("user", i/2))
	}
	if n, _ := cuts(owner); n != 0 || g.strangers.waiting.Len() != 0 || g.guests.waiting.Len() != maxGuests {
		t.Errorf("%d of the owner were cut; %d strangers, %d guests", n, g.strangers.waiting.Len(), g.guests.waiting.Len())
	}
	if n, _ := cuts(greedy); n != 5+2+maxGuestsPerUser-10 {
		t.Errorf("%d of the greedy one were cut", n)
	}
}

// Connections never use the file descriptors that are kept for the ports, however many are still being closed.
func TestGateOfFiles(t *testing.T) {
	g := newPreLogin()
	r := roomOf(Config{MaxClients: 1024, Files: 100})
	g.setLimits(r.strangers, r.guests, r.sockets)
	if r.clients+r.strangers+r.guests != 100 || r.clients < 50 {
		t.Errorf("%+v", r)
	}
	var clients []*stranger
	for range 90 {
		all, tickets := enterAll(g, "10.0.0.1:1", 1)
		clients = append(clients, all...)
		tickets[0].ticket.leave() // a client, or a connection that sends its last bytes
	}
	strangers, _ := enterAll(g, "10.0.0.2:1", 30)
	if n, first := cuts(strangers); n != 20 || !first || g.sockets != 100 {
		t.Errorf("%d strangers were cut, the oldest first: %v; %d sockets", n, first, g.sockets)
	}
	for _, c := range strangers {
		_ = c.Close()
	}
	if n, _ := cuts(clients); n != 0 {
		t.Errorf("%d clients were cut", n)
	}
}

// A flood at the gate is counted, and has one line.
func TestGateTells(t *testing.T) {
	b := start(t, testConfig(t))
	b.preLogin.setLimits(3, 3, 100)
	var all []*rawClient
	for range 10 {
		all = append(all, b.raw(t, 4))
	}
	for _, c := range all[:7] {
		c.ended()
	}
	const what = "too many connections that have not logged in, or of one user over HTTP; the oldest are cut"
	eventually(t, "all are counted", func() bool { return b.Stats().Refusals[what] == 7 })
	if n := strings.Count(b.logs.String(), what); n != 1 {
		t.Errorf("%d lines\n%s", n, b.logs)
	}
}

// Without anything to cut a connection is refused.
func TestGateIsFull(t *testing.T) {
	g := newPreLogin()
	g.setLimits(5, 5, 10)
	_, tickets := enterAll(g, "10.0.0.1:1", 10)
	for _, c := range tickets {
		if c != nil {
			c.ticket.leave()
		}
	}
	for range 10 {
		if c := g.enter(&stranger{from: "10.0.0.2:1"}); c == nil {
			break
		} else {
			c.ticket.leave()
		}
	}
	if c := g.enter(&stranger{from: "10.0.0.2:1"}); c != nil || g.sockets != 10 {
		t.Errorf("%v, %d sockets", c, g.sockets)
	}
}

func TestHostOf(t *testing.T) {
	for from, want := range map[string]string{
		"10.0.0.1:1": "10.0.0.1", "[::1]:1": "::1", "[::ffff:10.0.0.1]:1": "10.0.0.1", "[2001:db8::1:2:3]:1": "2001:db8::/64",
		"[fe80::1%lo]:1": "fe80::/64",
	} {
		if got := hostOf((&stranger{from: from}).RemoteAddr()); got != want {
			t.Errorf("%s: %s, want %s", from, got, want)
		}
	}
}

// The same refusal is logged once a minute, and all refusals together take few lines.
func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, r := &logs{}, newRefusals()
		log := slog.New(slog.NewTextHandler(l, nil))
		for range 1000 {
			r.log(log, "wrong", "phone", &conn{host: "10.0.0.1"})
		}
		if n := strings.Count(l.String(), "\n"); n != 1 {
			t.Errorf("%d lines", n)
		}
		for i := range 100 {
			r.often(log, "too fast", fmt.Sprint("user", i), fmt.Sprint("10.0.0.", i))
		}
		if n := strings.Count(l.String(), "\n"); n != 2 || r.counts.counts()["too fast"] != 100 {
			t.Errorf("%d lines, %v", n, r.counts.counts())
		}
		for i := range 10_000 {
			r.log(log, "wrong", strings.Repeat("x", 1000)+fmt.Sprint(i), &conn{host: "10.0.0.1"})
		}
		if n := strings.Count(l.String(), "\n"); n != refusalLines {
			t.Errorf("%d lines", n)
		}
		if len(l.String()) > 20_000 || len(r.last) > maxRefusals {
			t.Errorf("%d bytes, %d remembered", len(l.String()), len(r.last))
		}
		time.Sleep(refusalEvery)
		r.log(log, "wrong", "phone", &conn{host: "10.0.0.1"})
		if n := strings.Count(l.String(), "\n"); n != refusalLines+1 {
			t.Errorf("%d lines after a minute", n)
		}
	})
}
