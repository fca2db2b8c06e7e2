package devices

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
	"minirelay/softboard"
)

// gateway is a relay with real ports on real pseudo-terminals.
type gateway struct {
	relay *relay.Relay
	ports *Ports
	log   *lockedBuffer

	mu     sync.Mutex
	newest map[string]string // payload by topic
	count  map[string]int
	came   chan struct{}
}

func startGateway(t testing.TB) *gateway {
	g := &gateway{log: new(lockedBuffer), newest: map[string]string{}, count: map[string]int{}, came: make(chan struct{}, 1)}
	log := slog.New(slog.NewTextHandler(g.log, nil))
	var err error
	if g.relay, err = relay.Start(relay.Config{Root: "minirelay", Gateway: "home", DataDir: t.TempDir()}, g, log); err != nil {
		t.Fatal(err)
	}
	g.ports = New(g.relay, log)
	t.Cleanup(func() {
		if err := g.ports.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := g.relay.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(g.log)
		}
	})
	return g
}

func (g *gateway) Publish(topic string, payload []byte, qos byte, retain bool, correlation []byte) error {
	g.mu.Lock()
	g.newest[topic] = string(payload)
	g.count[topic]++
	g.mu.Unlock()
	select {
	case g.came <- struct{}{}:
	default:
	}
	return nil
}

// on gives the newest payload of a device's topic, and how many there were.
func (g *gateway) on(device, leaf string) (string, int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	topic := "minirelay/home/" + device + "/" + leaf
	return g.newest[topic], g.count[topic]
}

// wait returns once is returns true, which is checked after each message.
func (g *gateway) wait(t testing.TB, what string, is func() bool) {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for !is() {
		select {
		case <-g.came:
		case <-timeout:
			t.Fatalf("waited in vain for %s\n%s", what, g.log)
		}
	}
}

func (g *gateway) online(device string) func() bool {
	return func() bool { s, _ := g.on(device, "availability"); return s == "online" }
}

func (g *gateway) offline(device string) func() bool {
	return func() bool { s, _ := g.on(device, "availability"); return s == "offline" }
}

// command sends a command and waits for its result.
func (g *gateway) command(t testing.TB, device, command string, value any) string {
	t.Helper()
	_, before := g.on(device, "result")
	v, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	g.relay.Handle(relay.Message{Topic: "minirelay/home/" + device + "/command", User: "phone",
		Payload: fmt.Appendf(nil, `{"id":"%s-%d","command":%q,"value":%s}`, device, before, command, v)})
	g.wait(t, "a result", func() bool { _, n := g.on(device, "result"); return n > before })
	payload, _ := g.on(device, "result")
	var q struct{ Status, Code, Message string }
	if err := json.Unmarshal([]byte(payload), &q); err != nil {
		t.Fatal(err)
	}
	return strings.Trim(q.Status+" "+q.Code+" "+q.Message, " ")
}

// plug starts a greenhouse board on a new line.
func plug(t testing.TB, period time.Duration) (*softboard.Line, *softboard.Faulty, func()) {
	t.Helper()
	line, err := softboard.Open(filepath.Join(t.TempDir(), "port"))
	if err != nil {
		t.Fatal(err)
	}
	board := &softboard.Faulty{Board: softboard.NewGreenhouse(1)}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	run := func() { running.Go(func() { _ = softboard.Run(ctx, line, board, period) }) }
	run()
	t.Cleanup(func() { cancel(); line.Close(); running.Wait() })
	return line, board, run
}

// greenhouse is the config of such a board.
func greenhouse(id string, line *softboard.Line) (serial.Config, mapping.DeviceConfig) {
	port := serial.Default()
	port.ID, port.Path, port.Baud = id, line.Path(), 115200
	d := Device(GreenhouseFields()...)
	d.ID, d.Port = id, id
	pump, fan := PumpBoard().Commands[0], PumpBoard().Commands[1]
	pump.Timeout, fan.Timeout = 300*time.Millisecond, 300*time.Millisecond
	fan.Refuse = pump.Refuse
	d.Commands = []mapping.CommandConfig{pump, fan}
	return port, d
}
