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

// One address cannot take all places before the login; many addresses push out the oldest.
func TestGate(t *testing.T) {
	g := newPreLogin()
	for i := range maxStrangersPerHost + 10 {
		if in := g.enter(&stranger{from: "10.0.0.1:1"}) != nil; in != (i < maxStrangersPerHost) {
			t.Fatalf("stranger %d: %v", i, in)
		}
	}
	var all []*stranger
	var tickets []*ticket
	for i := range maxStrangers {
		s := &stranger{from: fmt.Sprintf("10.0.%d.%d:1", 1+i/100, i%100)}
		all, tickets = append(all, s), append(tickets, g.enter(s))
	}
	if all[0].cut {
		t.Error("a newer one was cut")
	}
	tickets[0].leave()
	g.enter(&stranger{from: "10.1.0.1:1"})
	if all[1].cut {
		t.Error("one was cut though there was room")
	}
	g.enter(&stranger{from: "10.1.0.2:1"})
	if !all[1].cut {
		t.Error("the oldest was not cut")
	}
	for _, ticket := range tickets {
		ticket.leave()
		ticket.leave()
	}
	if g.waiting.Len() != 2 || len(g.hosts) != 2 {
		t.Errorf("%d strangers of %v are left", g.waiting.Len(), g.hosts)
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
