package redteam

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Each request for /readyz used to throw out the pulse of the watchdog.
func TestReadyz(t *testing.T) {
	g := attack(t, "", "")
	everywhere(8, 100, func(int, int) {
		if code, text := g.get(t, "/readyz"); code != http.StatusOK {
			t.Errorf("%d %s", code, text)
		}
	})
	g.survives(t)
	if pulses := g.metric(t, "minirelay_broker_pulses_total"); pulses > 100 {
		t.Errorf("800 requests cost %v pulses", pulses)
	}
}

// A viewer must not get the client id of the pulse, nor any that begins with $.
func TestPulseID(t *testing.T) {
	g := attack(t, "", "")
	everywhere(4, 200, func(goroutine, n int) {
		id := []string{"$pulse", "$", "$SYS", fmt.Sprint("$pulse-", n)}[goroutine]
		c, code := g.mqtt("viewer", id)
		if code != 2 {
			t.Errorf("%s: %d", id, code)
		}
		if c != nil {
			c.Close()
		}
	})
	g.survives(t)
}

// A viewer takes every place that it gets, and goes on trying; everybody else gets one all the same, and keeps it.
func TestEveryPlace(t *testing.T) {
	for _, limits := range []string{"max_clients = 1\n", "max_clients = 5\n", "max_clients = 400\n"} {
		t.Run(strings.TrimSpace(limits), func(t *testing.T) {
			g := attack(t, limits, "")
			var mu sync.Mutex
			var held []net.Conn
			defer func() {
				for _, c := range held {
					c.Close()
				}
			}()
			take := func(user string) func(goroutine, n int) {
				return func(goroutine, n int) {
					if c, code := g.mqtt(user, fmt.Sprint(user, goroutine, "-", n)); c != nil && code == 0 {
						mu.Lock()
						held = append(held, c)
						mu.Unlock()
					} else if c != nil {
						c.Close()
					}
				}
			}
			everywhere(4, 125, take("viewer"))
			boss, code := g.mqtt("boss", "boss")
			if code != 0 {
				t.Fatalf("the admin cannot log in: %d", code)
			}
			defer boss.Close()
			everywhere(4, 125, take("viewer"))
			if !alive(boss) {
				t.Error("the admin lost its connection")
			}
			if limits != "max_clients = 1\n" { // with one place there is none for the others
				boss.Close()
				g.survives(t)
			}
		})
	}
}

// alive reports whether a client gets an answer to a PINGREQ.
func alive(c net.Conn) bool {
	if _, err := c.Write([]byte{0xc0, 0}); err != nil {
		return false
	}
	_ = c.SetReadDeadline(time.Now().Add(patience))
	answer := make([]byte, 2)
	_, err := io.ReadFull(c, answer)
	return err == nil && answer[0] == 0xd0
}

// Requests whose body never comes, of a stranger and of a viewer that has signed in, hold few connections.
func TestSlowBodies(t *testing.T) {
	for user, most := range map[string]float64{"": 512 + 64, "viewer": 32 + 64} {
		t.Run("user "+user, func(t *testing.T) {
			g := attack(t, "", "")
			var mu sync.Mutex
			var held []net.Conn
			defer func() {
				for _, c := range held {
					c.Close()
				}
			}()
			everywhere(4, 200, func(int, int) {
				c, err := g.tls()
				if err != nil {
					return // it was cut
				}
				mu.Lock()
				held = append(held, c)
				mu.Unlock()
				header := "POST /api/status HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
				if user != "" {
					header += authorization(user) + "\r\n"
				}
				_, _ = io.WriteString(c, header+"\r\nx")
			})
			g.opensAtMost(t, most)
			g.survives(t)
		})
	}
}

// Strangers that say nothing, half a TLS handshake, or half a CONNECT.
func TestStrangers(t *testing.T) {
	g := attack(t, "", "ulimit -n 512;")
	if !strings.Contains(g.log.String(), "fewer clients than max_clients can connect") {
		t.Error("the start does not say how many clients can connect")
	}
	var mu sync.Mutex
	var held []net.Conn
	everywhere(3, 600, func(goroutine, _ int) {
		address, words := g.plain, ""
		switch goroutine {
		case 1:
			address, words = g.secure, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
		case 2:
			words = "\x10\x20\x00\x04MQTT\x04"
		}
		c, err := net.DialTimeout("tcp", address, patience)
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(c, words)
		mu.Lock()
		held = append(held, c)
		mu.Unlock()
	})
	defer func() {
		for _, c := range held {
			c.Close()
		}
	}()
	g.opensAtMost(t, 512-64)
	g.survives(t)
	if strings.Contains(g.log.String(), "too many open files") {
		t.Error("the file descriptors were used up")
	}
	if lines := strings.Count(g.log.String(), "\n"); lines > 60 {
		t.Errorf("%d lines in the log", lines)
	}
}
