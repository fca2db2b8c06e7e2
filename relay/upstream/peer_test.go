//go:build e2e

package upstream

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"minirelay/e2e/line"
)

// patience is how long anything may take on a busy machine. No test waits for it to pass.
const patience = 60 * time.Second

// freePort returns a port that is not in use.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// newLine returns a line to a broker.
func newLine(t testing.TB, target string) *line.Line {
	t.Helper()
	l, err := line.New(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func acceptAgain(t testing.TB, l *line.Line) {
	t.Helper()
	if err := l.Accept(); err != nil {
		t.Fatal(err)
	}
}

// mosquitto is Debian's broker on free ports.
type mosquitto struct {
	dir               string
	tcp, tls, ws, wss int
	ca                string
	cmd               *exec.Cmd
}

func newMosquitto(t testing.TB, settings ...string) *mosquitto {
	t.Helper()
	m := &mosquitto{dir: t.TempDir(), tcp: freePort(t), tls: freePort(t), ws: freePort(t), wss: freePort(t)}
	m.ca = writeCertificate(t, m.dir)
	if err := os.Chmod(m.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`
per_listener_settings false
user root
allow_anonymous true
persistence false
max_queued_messages 0
max_inflight_messages 0
log_type error
log_type warning
listener %[1]d 127.0.0.1
listener %[2]d 127.0.0.1
certfile %[5]s/cert.pem
keyfile %[5]s/key.pem
listener %[3]d 127.0.0.1
protocol websockets
listener %[4]d 127.0.0.1
protocol websockets
certfile %[5]s/cert.pem
keyfile %[5]s/key.pem
`, m.tcp, m.tls, m.ws, m.wss, m.dir)
	config = strings.Join(settings, "\n") + config
	if err := os.WriteFile(filepath.Join(m.dir, "mosquitto.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	m.start(t)
	t.Cleanup(func() { m.stop() })
	return m
}

func (m *mosquitto) start(t testing.TB) {
	t.Helper()
	m.cmd = exec.Command("mosquitto", "-c", filepath.Join(m.dir, "mosquitto.conf"))
	m.cmd.Stdout, m.cmd.Stderr = os.Stderr, os.Stderr
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // even when a test panics
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "mosquitto listens", func() bool {
		c, err := net.Dial("tcp", m.address())
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

func (m *mosquitto) stop() {
	if m.cmd != nil {
		m.cmd.Process.Kill()
		m.cmd.Wait()
		m.cmd = nil
	}
}

func (m *mosquitto) address() string { return fmt.Sprintf("127.0.0.1:%d", m.tcp) }
func (m *mosquitto) url() string     { return "mqtt://" + m.address() }

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v", what, patience)
		}
	}
}

// consumer is a client of the upstream broker.
type consumer struct {
	mqtt.Client
	mu   sync.Mutex
	came []mqtt.Message
}

func newConsumer(t testing.TB, url string, filters ...string) *consumer {
	t.Helper()
	c := &consumer{}
	c.Client = mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetClientID(fmt.Sprintf("consumer-%d", time.Now().UnixNano())).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) {
			c.mu.Lock()
			c.came = append(c.came, m)
			c.mu.Unlock()
		}))
	await(t, c.Connect())
	for _, f := range filters {
		await(t, c.Subscribe(f, 1, nil))
	}
	t.Cleanup(func() { c.Disconnect(100) })
	return c
}

func await(t testing.TB, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("MQTT: %v", token.Error())
	}
}

// on returns the messages received on a topic.
func (c *consumer) on(topic string) []mqtt.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []mqtt.Message
	for _, m := range c.came {
		if m.Topic() == topic {
			out = append(out, m)
		}
	}
	return out
}

// see returns the first message on a topic whose payload contains part.
func (c *consumer) see(t testing.TB, topic, part string) mqtt.Message {
	t.Helper()
	var found mqtt.Message
	eventually(t, topic+" "+part, func() bool {
		for _, m := range c.on(topic) {
			if strings.Contains(string(m.Payload()), part) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// desk is a Handler that records its messages.
type desk struct {
	mu      sync.Mutex
	came    []Message
	crowded int
}

func (d *desk) Handle(m Message, crowded bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.came = append(d.came, m)
	if crowded {
		d.crowded++
	}
}

func (d *desk) Changed() {}

func (d *desk) messages() []Message {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Message(nil), d.came...)
}

// quick is a timing for tests, without long waits.
func quick() timing {
	return timing{retryMin: 5 * time.Millisecond, retryMax: 50 * time.Millisecond, connect: 5 * time.Second,
		ack: 2 * time.Second, slack: time.Second, steady: time.Second, sync: 200 * time.Millisecond, reopen: 100 * time.Millisecond, tidy: 50 * time.Millisecond, aside: time.Hour}
}

func testConfig(dir, url string) Config {
	c := Default()
	c.ID, c.URL, c.Dir, c.Root, c.Gateway = "cloud", url, filepath.Join(dir, "cloud"), "minirelay", "home"
	c.Accept = []string{"command", "request"}
	return c
}

func run(t testing.TB, c Config, look func() instant) (*Upstream, *desk) {
	t.Helper()
	d := &desk{}
	u, err := start(c, d, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})), quick(), look)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(t, u) })
	return u, d
}

func end(t testing.TB, u *Upstream) {
	t.Helper()
	if err := u.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

const stateTopic = "minirelay/home/greenhouse/state"

func state(n int) []byte { return fmt.Appendf(nil, `{"ts":%d,"n":%d}`, time.Now().UnixMilli(), n) }

// reading is a state as seen by a consumer.
type arrived struct {
	TS     int64
	N      int
	Seq    uint64
	Replay bool
	Clock  string
}

func parse(t testing.TB, payload []byte) arrived {
	t.Helper()
	var r arrived
	if err := json.Unmarshal(payload, &r); err != nil {
		t.Fatalf("%s: %v", payload, err)
	}
	return r
}
