package broker

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"go.uber.org/goleak"

	"minirelay/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon is how long a real process may take before a test gives up on it.
const soon = 10 * time.Second

// testConfig has one user of each kind; the password is the name. No argon2 except where a test is about it.
func testConfig(t testing.TB) Config {
	c := Default()
	c.Listen, c.MQTT, c.WS = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.Root, c.Gateway, c.DataDir = "minirelay", "home", t.TempDir()
	c.MaxClients, c.cheap = 5000, true
	c.Users = []UserConfig{
		{ID: "viewer", Role: "viewer", Devices: []string{"greenhouse"}},
		{ID: "operator", Role: "operator", Devices: []string{"greenhouse"}, Read: []string{"home/#"}, Write: []string{"home/+/set", "home/chat/#"}},
		{ID: "all", Role: "operator"},
		{ID: "admin", Role: "admin", Read: []string{"#"}, Write: []string{"#"}},
		{ID: "other", Role: "gateway", Gateways: []string{"other"}},
		{ID: "both", Role: "operator", Gateways: []string{"home", "other"}},
		{ID: "guest", Role: "operator", Gateways: []string{"other"}, Devices: []string{"other/greenhouse", "home/meter"}},
		{ID: "watcher", Role: "viewer", Gateways: []string{"other"}, Devices: []string{"meter"}},
	}
	for i := range c.Users {
		c.Users[i].Password = secret.New(c.Users[i].ID)
	}
	return c
}

// recorder is a gateway that records the publishes it is handed, and accepts those below the root.
type recorder struct {
	messages   chan Message
	subscribed chan string
	handle     func(Message) bool
}

func newRecorder() *recorder {
	return &recorder{messages: make(chan Message, 4096), subscribed: make(chan string, 4096)}
}

func (r *recorder) Handle(m Message) bool {
	if r.handle != nil {
		return r.handle(m)
	}
	r.messages <- m
	return strings.HasPrefix(m.Topic, "minirelay/")
}

func (r *recorder) Subscribed(user, client, filter string) {
	select {
	case r.subscribed <- user + " " + client + " " + filter:
	default:
	}
}

// logs collects log lines.
type logs struct {
	mu    sync.Mutex
	lines strings.Builder
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.String()
}

func (l *logs) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// insecure accepts the certificate of a test.
func insecure() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

type testBroker struct {
	*Broker
	gateway *recorder
	logs    *logs
}

// start runs a broker until the test ends.
func start(t testing.TB, cfg Config) *testBroker {
	t.Helper()
	l := &logs{}
	b, err := New(cfg, slog.New(slog.NewTextHandler(l, nil)))
	if err != nil {
		t.Fatal(err)
	}
	tb := &testBroker{Broker: b, gateway: newRecorder(), logs: l}
	if err := b.Start(tb.gateway); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		if err := b.Stop(ctx); err != nil {
			t.Error(err)
		}
		tb.balanced(t)
	})
	return tb
}

// balanced checks that the memory of sessions is counted back to nothing when they end.
func (b *testBroker) balanced(t testing.TB) {
	b.sessionsMu.Lock()
	for _, s := range b.sessions {
		if s.reset(); s.owner == nil {
			s.charge(-sessionCost)
		}
	}
	b.sessionsMu.Unlock()
	eventually(t, "nothing is held", func() bool {
		b.sessionsMu.Lock()
		defer b.sessionsMu.Unlock()
		for _, s := range b.sessions {
			if s.weight.Load() != 0 {
				return false
			}
		}
		return b.budget.used.Load() == 0 && b.traffic.buffered.Load() == 0 && len(b.index.filters) == 0 && len(b.index.after) == 0
	})
}

// options are those of a paho client of user over scheme: wss, ws or tcp.
func (b *testBroker) options(scheme, user, id string) *paho.ClientOptions {
	a := b.Addrs()
	url := map[string]string{"wss": "wss://" + a.TLS + "/mqtt", "ws": "ws://" + a.WS + "/mqtt", "tcp": "tcp://" + a.MQTT}[scheme]
	return paho.NewClientOptions().AddBroker(url).SetClientID(id).SetUsername(user).SetPassword(user).
		SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(soon).SetOrderMatters(true).
		SetTLSConfig(&tls.Config{InsecureSkipVerify: true})
}

// paho connects a paho client, disconnected when the test ends.
func (b *testBroker) paho(t testing.TB, scheme, user, id string) paho.Client {
	t.Helper()
	return dial(t, b.options(scheme, user, id))
}

func dial(t testing.TB, o *paho.ClientOptions) paho.Client {
	t.Helper()
	c := paho.NewClient(o)
	if err := finish(c.Connect()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Disconnect(100) })
	return c
}

func finish(token paho.Token) error {
	if !token.WaitTimeout(soon) {
		return fmt.Errorf("no answer in %v", soon)
	}
	return token.Error()
}

// subscribe returns the messages on filter as "topic payload", with " retained" if it is.
func subscribe(t testing.TB, c paho.Client, filter string, qos byte) chan string {
	t.Helper()
	got := make(chan string, 1<<16)
	if err := finish(c.Subscribe(filter, qos, func(_ paho.Client, m paho.Message) {
		text := m.Topic() + " " + string(m.Payload())
		if m.Retained() {
			text += " retained"
		}
		got <- text
	})); err != nil {
		t.Fatal(err)
	}
	return got
}

func expect[T comparable](t testing.TB, got <-chan T, want ...T) {
	t.Helper()
	for _, w := range want {
		select {
		case g := <-got:
			if g != w {
				t.Fatalf("got %v, want %v", g, w)
			}
		case <-time.After(soon):
			t.Fatalf("nothing arrived within %v, want %v", soon, w)
		}
	}
}

// eventually waits for another process or goroutine that sends no signal.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(soon)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", soon, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// empty waits until no session is left.
func (b *testBroker) empty(t testing.TB) {
	t.Helper()
	eventually(t, "no session is left", func() bool {
		b.sessionsMu.Lock()
		defer b.sessionsMu.Unlock()
		return len(b.sessions) == 0 && b.online == 0
	})
}
