package broker

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"minirelay/secret"
)

// user returns a user of cfg to be changed.
func user(cfg *Config, id string) *UserConfig {
	cfg.Users = append([]UserConfig(nil), cfg.Users...)
	for i := range cfg.Users {
		if cfg.Users[i].ID == id {
			return &cfg.Users[i]
		}
	}
	return nil
}

// A plain password that is replaced by its hash, or the reverse, is the same password: nobody is disconnected.
func TestReloadHashOfThePassword(t *testing.T) {
	cfg := testConfig(t)
	b := start(t, cfg)
	c := b.connected(t, 5, "operator", "one", nil)
	plain := user(&cfg, "operator").Password
	for _, hashed := range []bool{true, false} {
		u := user(&cfg, "operator")
		u.Password, u.PasswordHash = plain, secret.Text{}
		if hashed {
			hash, err := HashPassword(plain.Value())
			if err != nil {
				t.Fatal(err)
			}
			u.Password, u.PasswordHash = secret.Text{}, secret.New(hash)
		}
		if err := b.Reload(cfg); err != nil {
			t.Fatal(err)
		}
		if !c.alive() {
			t.Fatalf("the client is disconnected; hashed: %v", hashed)
		}
	}
	hash, err := HashPassword("another one")
	if err != nil {
		t.Fatal(err)
	}
	u := user(&cfg, "operator")
	u.Password, u.PasswordHash = secret.Text{}, secret.New(hash)
	if err := b.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	if code := c.ended(); code != packets.ErrAdministrativeAction.Code {
		t.Errorf("DISCONNECT %#x", code)
	}
}

// A user who is removed or has another password is disconnected; the others are not. Other rules apply at once.
func TestReloadUsers(t *testing.T) {
	cfg := testConfig(t)
	b := start(t, cfg)
	operator := b.connected(t, 5, "operator", "one", nil)
	viewer := b.connected(t, 5, "viewer", "two", nil)
	all := b.connected(t, 5, "all", "three", nil)
	b.connected(t, 5, "all", "four", persistent).conn.Close()
	b.away(t, "four")
	for _, c := range []*rawClient{operator, viewer, all} {
		c.subscribe(1, "minirelay/home/+/state")
	}
	user(&cfg, "viewer").Devices = []string{"meter"}
	user(&cfg, "operator").Password = secret.New("new")
	for i, u := range cfg.Users {
		if u.ID == "all" {
			cfg.Users = append(cfg.Users[:i:i], cfg.Users[i+1:]...)
			break
		}
	}
	if err := b.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*rawClient{operator, all} {
		if code := c.ended(); code != packets.ErrAdministrativeAction.Code {
			t.Errorf("DISCONNECT %#x", code)
		}
	}
	_ = b.Publish("minirelay/home/greenhouse/state", []byte("1"), 1, false, nil)
	_ = b.Publish("minirelay/home/meter/state", []byte("2"), 1, false, nil)
	if pk := viewer.read(); string(pk.Payload) != "2" {
		t.Errorf("%s %s", pk.TopicName, pk.Payload)
	}
	if ack := b.raw(t, 4).login("operator", "one", nil); ack.ReasonCode == 0 {
		t.Error("the old password still works")
	}
	if ack := b.raw(t, 4).login("operator", "one", func(pk *packets.Packet) { pk.Connect.Password = []byte("new") }); ack.ReasonCode != 0 {
		t.Error("the new password does not work")
	}
	eventually(t, "no session of a user that is gone is left", func() bool { return b.lookup("four") == nil && b.lookup("three") == nil })
}

// A listener that moves leaves its connections alone; another address of the same port is no conflict.
func TestReloadListeners(t *testing.T) {
	cfg := testConfig(t)
	b := start(t, cfg)
	before := b.Addrs()
	c := b.connected(t, 4, "operator", "one", nil)
	w := b.paho(t, "wss", "operator", "two")
	_, port, _ := net.SplitHostPort(before.MQTT)
	moved := cfg
	moved.WS, moved.MQTT = "", "127.0.0.2:0"
	if err := b.Reload(moved); err != nil {
		t.Fatal(err)
	}
	after := b.Addrs()
	if after.WS != "" || after.MQTT == before.MQTT || after.TLS != before.TLS {
		t.Errorf("%+v became %+v", before, after)
	}
	if _, err := net.Dial("tcp", before.MQTT); err == nil {
		t.Error("the old port still answers")
	}
	if !c.alive() || !w.IsConnectionOpen() {
		t.Error("a connection was lost")
	}
	b.connected(t, 4, "operator", "three", nil)
	moved.MQTT = "127.0.0.1:" + port
	if err := b.Reload(moved); err != nil {
		t.Fatal(err)
	}
	moved.MQTT = ":" + port
	if err := b.Reload(moved); err != nil {
		t.Fatal(err)
	}
	b.connected(t, 4, "operator", "four", nil)
}

// A reload that fails changes nothing.
func TestReloadFails(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	cfg := testConfig(t)
	b := start(t, cfg)
	before := b.Addrs()
	c := b.connected(t, 4, "operator", "one", nil)
	for name, spoil := range map[string]func(*Config){
		"busy port":    func(c *Config) { c.WS = busy.Addr().String() },
		"bad user":     func(c *Config) { user(c, "viewer").Role = "root" },
		"no such file": func(c *Config) { c.TLS = TLSConfig{Mode: "files", CertFile: "/none", KeyFile: "/none"} },
		"bad address":  func(c *Config) { c.MQTT = "nonsense" },
	} {
		bad := cfg
		user(&bad, "operator").Password = secret.New("new")
		spoil(&bad)
		if err := b.Reload(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
		if b.Addrs() != before || !c.alive() {
			t.Errorf("%s: something changed", name)
		}
	}
	b.connected(t, 4, "operator", "two", nil)
	// The address changes within its own port, which another program has on the other address: back to the old one.
	_, port, _ := net.SplitHostPort(before.MQTT)
	other, err := net.Listen("tcp", "127.0.0.2:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	bad := cfg
	bad.MQTT = "0.0.0.0:" + port
	b.config.MQTT = before.MQTT // as if the config had named the port
	if err := b.Reload(bad); err == nil {
		t.Error("no error")
	}
	b.connected(t, 4, "operator", "three", nil)
}

// TLS is switched off and on again on the same port.
func TestReloadTLSMode(t *testing.T) {
	cfg := testConfig(t)
	b := start(t, cfg)
	w := b.paho(t, "wss", "operator", "one")
	get := func(url string) string {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		r, err := client.Get(url)
		if err != nil {
			return err.Error()
		}
		defer r.Body.Close()
		text, _ := io.ReadAll(r.Body)
		return string(text)
	}
	plain := cfg
	plain.TLS.Mode = "off"
	if err := b.Reload(plain); err != nil {
		t.Fatal(err)
	}
	if got := get("http://" + b.Addrs().TLS + "/healthz"); got != "ok\n" {
		t.Error(got)
	}
	if err := b.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	if got := get("https://" + b.Addrs().TLS + "/healthz"); got != "ok\n" {
		t.Error(got)
	}
	if !w.IsConnectionOpen() {
		t.Error("a connection was lost")
	}
}

func TestBusyPort(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	cfg := testConfig(t)
	cfg.WS = busy.Addr().String()
	b, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	err = b.Start(newRecorder())
	if err == nil || !strings.Contains(err.Error(), busy.Addr().String()) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("%v", err)
	}
	if b.Addrs() != (Addrs{}) {
		t.Error("something is still bound")
	}
	if err := b.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// Stop disconnects all clients properly and leaves nothing behind; TestMain looks for goroutines.
func TestStop(t *testing.T) {
	b := start(t, testConfig(t))
	c := b.connected(t, 5, "operator", "one", nil)
	w := b.rawWSS(t, 5)
	w.login("operator", "two", nil)
	stranger := b.raw(t, 4)
	frozen := b.connected(t, 4, "operator", "three", nil)
	frozen.subscribe(1, "home/#")
	for range 10_000 {
		_ = b.Publish("home/x", make([]byte, 1000), 1, false, nil)
	}
	begun := time.Now()
	for range 2 {
		if err := b.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	// Between the time that a frozen client gets for its last bytes and its usual time: machines are busy.
	if took := time.Since(begun); took > (closeTime+stuckTime)/2 {
		t.Errorf("it took %v", took)
	}
	for _, c := range []*rawClient{c, w} {
		if code := c.ended(); code != packets.ErrServerShuttingDown.Code {
			t.Errorf("DISCONNECT %#x", code)
		}
	}
	stranger.ended()
	if err := b.Publish("home/x", nil, 0, false, nil); err != nil {
		t.Error(err)
	}
	if err := b.Reload(testConfig(t)); err == nil {
		t.Error("a stopped broker reloads")
	}
	if n := b.traffic.buffered.Load(); n != 0 {
		t.Errorf("%d bytes are still accounted for", n)
	}
}

// A broker that was never started stops too, and accepts publishes before that.
func TestStopUnstarted(t *testing.T) {
	b, err := New(testConfig(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish("x", []byte("y"), 1, true, nil); err != nil {
		t.Error(err)
	}
	if err := b.Reload(testConfig(t)); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := b.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := b.Start(newRecorder()); err == nil {
		t.Error("it starts again")
	}
}

func TestBadPublishes(t *testing.T) {
	b := start(t, testConfig(t))
	for _, topic := range []string{"", strings.Repeat("x", 65536)} {
		if b.Publish(topic, nil, 0, false, nil) == nil {
			t.Errorf("a topic of %d bytes passes", len(topic))
		}
	}
	if b.Publish("x", make([]byte, MaxPayload+1), 0, false, nil) == nil {
		t.Error("a huge payload passes")
	}
	_ = b.Publish("home/x", []byte("1"), 1, true, nil)
	_ = b.Publish("home/x", nil, 1, true, nil)
	c := b.connected(t, 4, "operator", "one", nil)
	c.subscribe(1, "home/#")
	_ = b.Publish("home/y", make([]byte, MaxPayload), 1, true, nil)
	if pk := c.read(); pk.TopicName != "home/y" || len(pk.Payload) != MaxPayload {
		t.Errorf("%s, %d bytes", pk.TopicName, len(pk.Payload))
	}
}

// The messages that clients leave behind are bounded.
func TestRetainedOfClients(t *testing.T) {
	b := start(t, testConfig(t))
	b.gateway.handle = func(Message) bool { return false }
	c := b.connected(t, 5, "operator", "one", nil)
	for i := range maxRetained + 1 {
		c.publish(fmt.Sprint("home/chat/", i), "x", 1, 1, true)
		want := byte(0)
		if i == maxRetained {
			want = packets.ErrQuotaExceeded.Code
		}
		if ack := c.read(); ack.ReasonCode != want {
			t.Fatalf("PUBACK %#x for %d", ack.ReasonCode, i)
		}
	}
	c.publish("home/chat/1", "", 1, 1, true)
	c.read()
	c.publish("home/chat/new", "x", 1, 1, true)
	if ack := c.read(); ack.ReasonCode != 0 {
		t.Errorf("PUBACK %#x after one was deleted", ack.ReasonCode)
	}
}

// A gateway that never returns cannot hold Stop for longer than its context allows.
func TestStopWithStuckHandler(t *testing.T) {
	b, err := New(testConfig(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	free, inside := make(chan struct{}), make(chan struct{})
	gateway := newRecorder()
	gateway.handle = func(Message) bool { close(inside); <-free; return true }
	if err := b.Start(gateway); err != nil {
		t.Fatal(err)
	}
	tb := &testBroker{Broker: b}
	c := tb.connected(t, 4, "operator", "one", nil)
	c.publish("minirelay/home/greenhouse/command", "{}", 0, 0, false)
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := b.Stop(ctx); err == nil {
		t.Error("it stopped")
	}
	close(free)
}
