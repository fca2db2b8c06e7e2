package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"go.uber.org/goleak"

	"minirelay/configs"
	"minirelay/relay"
	"minirelay/relay/upstream"
	"minirelay/softboard"
)

const patience = 20 * time.Second

// greenhouse connects a simulated board that sends data until the test ends, and returns its port.
func greenhouse(t *testing.T, dir string) string {
	t.Helper()
	line, err := softboard.Open(filepath.Join(dir, "tty"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = softboard.Run(ctx, line, softboard.NewGreenhouse(1), 20*time.Millisecond)
	}()
	t.Cleanup(func() { cancel(); _ = line.Close(); <-ended })
	return line.Path()
}

// testConfig returns the config of a gateway named name, for the board at port, after change. The path of the data
// directory is short, because the directory contains a socket.
func testConfig(t *testing.T, dir, port, name string, change func(*configs.Config)) *configs.Config {
	t.Helper()
	text := fmt.Sprintf("[gateway]\nid = \"home\"\nname = %q\ndata_dir = %q\n\n[broker]\nlisten = \"127.0.0.1:0\"\nmqtt = \"127.0.0.1:0\"\n\n"+
		"[users.phone]\npassword = \"secret\"\nrole = \"operator\"\n\n%s", name, filepath.Join(dir, "data"), softboard.GreenhouseMapping(port))
	path := filepath.Join(dir, "minirelay.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := configs.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(config)
	}
	return config
}

// noLeaks fails the test if it leaves a goroutine behind. It is called before anything starts.
func noLeaks(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// startTest starts a gateway that stops with the test.
func startTest(t *testing.T, config *configs.Config) *Gateway {
	t.Helper()
	g, err := Start(config, Options{Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), StopTime)
		defer cancel()
		if err := g.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return g
}

// watcher is an MQTT client that subscribes to all topics of the gateway.
type watcher struct {
	mqtt.Client
	came chan mqtt.Message
}

func watch(t *testing.T, g *Gateway) *watcher {
	t.Helper()
	w := &watcher{came: make(chan mqtt.Message, 4096)}
	w.Client = mqtt.NewClient(mqtt.NewClientOptions().AddBroker("mqtt://" + g.Addrs().MQTT).SetUsername("phone").SetPassword("secret").
		SetClientID("watcher-" + g.Addrs().MQTT).SetAutoReconnect(false).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { w.came <- m }))
	for _, do := range []func() mqtt.Token{w.Connect, func() mqtt.Token { return w.Subscribe("minirelay/#", 1, nil) }} {
		if token := do(); !token.WaitTimeout(patience) || token.Error() != nil {
			t.Fatalf("MQTT: %v", token.Error())
		}
	}
	t.Cleanup(func() { w.Disconnect(100) })
	return w
}

// see waits for the next message on a topic whose payload contains part.
func (w *watcher) see(t *testing.T, topic, part string) {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case m := <-w.came:
			if m.Topic() == topic && strings.Contains(string(m.Payload()), part) {
				return
			}
		case <-timeout:
			t.Fatalf("no %q on %s", part, topic)
		}
	}
}

// busyPort is an address in use.
func busyPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

const (
	info  = "minirelay/home/info"
	model = "minirelay/home/greenhouse/model"
	state = "minirelay/home/greenhouse/state"
)

// A running gateway applies another config without disturbing unchanged parts.
func TestApply(t *testing.T) {
	noLeaks(t)
	dir := t.TempDir()
	port := greenhouse(t, dir)
	g := startTest(t, testConfig(t, dir, port, "First", nil))
	<-g.Ready()
	w := watch(t, g)
	w.see(t, state, `"temperature":2`)
	addresses := g.Addresses()

	second := testConfig(t, dir, port, "Second", func(c *configs.Config) { c.Devices.Devices[0].Name = relay.Name{Text: "Glasshouse"} })
	if err := g.Apply(second); err != nil {
		t.Fatal(err)
	}
	w.see(t, model, "Glasshouse")
	w.see(t, info, `"name":"Second"`)
	w.see(t, state, `"temperature":2`)
	if s := g.Status(); g.Config() != second || fmt.Sprint(g.Addresses()) != fmt.Sprint(addresses) || s.Config.Faults != 0 || s.Ports[0].Reopened != 0 || !w.IsConnected() {
		t.Errorf("%v, %+v", g.Addresses(), s)
	}
}

// If any part of a config fails, everything is as before.
func TestApplyRollsBack(t *testing.T) {
	busy := busyPort(t)
	for name, breakIt := range map[string]func(*configs.Config){
		"the first part": func(c *configs.Config) { c.Broker.WS = busy },
		"the last part":  func(c *configs.Config) { c.Upstreams = []upstream.Config{{ID: "cloud", URL: "nonsense"}} },
	} {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			dir := t.TempDir()
			port := greenhouse(t, dir)
			first := testConfig(t, dir, port, "First", nil)
			g := startTest(t, first)
			<-g.Ready()
			w := watch(t, g)
			w.see(t, state, `"temperature":2`)
			addresses := g.Addresses()

			err := g.Apply(testConfig(t, dir, port, "Second", func(c *configs.Config) {
				c.Devices.Devices[0].Name = relay.Name{Text: "Glasshouse"}
				breakIt(c)
			}))
			if err == nil || errors.Is(err, ErrStopped) {
				t.Fatal(err)
			}
			s := g.Status()
			if g.Config() != first || fmt.Sprint(g.Addresses()) != fmt.Sprint(addresses) || len(s.Upstreams) != 0 || s.Devices[0].Name == "Glasshouse" {
				t.Errorf("%v, %+v", g.Addresses(), s)
			}
			if s.Config.Faults != 1 {
				t.Errorf("the status shows %d faults", s.Config.Faults)
			}
			w.see(t, state, `"temperature":2`) // on the connection from before
			if err := g.Apply(testConfig(t, dir, port, "Third", nil)); err != nil {
				t.Fatal(err)
			}
			w.see(t, info, `"name":"Third"`)
			if n := g.Status().Config.Faults; n != 0 {
				t.Errorf("the status still shows %d faults", n)
			}
		})
	}
}

// A gateway with another identity replaces the running one, or fails to.
func TestApplyIdentity(t *testing.T) {
	noLeaks(t)
	dir := t.TempDir()
	port := greenhouse(t, dir)
	g := startTest(t, testConfig(t, dir, port, "First", nil))
	<-g.Ready()
	shed := func(c *configs.Config) { c.Gateway.ID, c.Broker.Gateway = "shed", "shed" }

	busy := busyPort(t)
	err := g.Apply(testConfig(t, dir, port, "Second", func(c *configs.Config) { shed(c); c.Broker.MQTT = busy }))
	if !errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, ErrStopped) {
		t.Fatal(err)
	}
	watch(t, g).see(t, state, `"temperature":2`)

	if err := g.Apply(testConfig(t, dir, port, "Second", shed)); err != nil {
		t.Fatal(err)
	}
	watch(t, g).see(t, "minirelay/shed/greenhouse/state", `"temperature":2`)
}

// If the previous config cannot be used any more either, the gateway reports that it does not run.
func TestApplyStops(t *testing.T) {
	noLeaks(t)
	dir := t.TempDir()
	g := startTest(t, testConfig(t, dir, filepath.Join(dir, "none"), "First", nil))
	next := testConfig(t, dir, filepath.Join(dir, "none"), "Second", func(c *configs.Config) {
		c.Gateway.ID, c.Broker.MQTT = "shed", busyPort(t)
	})
	data := filepath.Join(dir, "data")
	if err := errors.Join(os.RemoveAll(data), os.WriteFile(data, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := g.Apply(next); !errors.Is(err, ErrStopped) {
			t.Fatal(err)
		}
	}
}

// Run serves until its context ends, and applies the file again when it is triggered.
func TestRun(t *testing.T) {
	noLeaks(t)
	dir := t.TempDir()
	config := testConfig(t, dir, filepath.Join(dir, "none"), "First", nil)
	path := filepath.Join(dir, "minirelay.toml")
	ctx, cancel := context.WithCancel(context.Background())
	changed, ready, ended := make(chan Change), make(chan *Gateway, 1), make(chan error, 1)
	level := new(slog.LevelVar)
	go func() {
		ended <- Run(ctx, config, Options{Path: path, Level: level}, Triggers{Changed: changed, Ready: func(g *Gateway) { ready <- g }})
	}()
	g := <-ready
	if _, err := net.Dial("tcp", g.Addrs().MQTT); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	save := func(text string) {
		// Rename another file: it is never read half-written.
		if err := errors.Join(os.WriteFile(path+"~", []byte(text), 0o600), os.Rename(path+"~", path)); err != nil {
			t.Fatal(err)
		}
		changed <- Change{Text: configs.Read(path)}
		changed <- Change{Text: configs.Read(path)} // received once the first has been handled
	}
	save(string(text) + "\n[log]\nlevel = \"debug\"\n")
	if got := g.Config().Log.Level; got != "debug" || level.Level() != slog.LevelDebug {
		t.Errorf("the level is %s, %v", got, level)
	}
	save("nonsense")
	if got := g.Config().Log.Level; got != "debug" {
		t.Errorf("a broken file changes the level to %s", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := g.Apply(config); !errors.Is(err, ErrStopped) {
		t.Error(err)
	}
}

// An error of the disk comes with a suggestion.
func TestExplainDisk(t *testing.T) {
	full := &os.PathError{Op: "write", Path: "key.pem", Err: syscall.ENOSPC}
	for want, err := range map[string]error{
		"free some space on the disk of data":   explainDisk(full, nil, "data"),
		"set [gateway] data_dir to a directory": explainDisk(full, os.ErrPermission, "data"),
		"minirelay check looks for faults":      explainDisk(os.ErrClosed, nil, "data"),
	} {
		if _, try := Describe(err); !strings.HasPrefix(try, want) {
			t.Errorf("%v: %q", err, try)
		}
	}
}
