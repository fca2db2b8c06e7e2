package relay

import (
	"encoding/json"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// wire is a Publisher that records its messages.
type wire struct {
	mu       sync.Mutex
	messages []outgoing
	came     chan struct{}
}

func newWire() *wire { return &wire{came: make(chan struct{}, 1)} }

func (w *wire) Publish(topic string, payload []byte, qos byte, retain bool, correlation []byte) error {
	w.mu.Lock()
	w.messages = append(w.messages, outgoing{topic: topic, payload: payload, retain: retain, detail: &detail{correlation: correlation}})
	w.mu.Unlock()
	select {
	case w.came <- struct{}{}:
	default:
	}
	return nil
}

// on returns the payloads received on a topic.
func (w *wire) on(topic string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, m := range w.messages {
		if m.topic == topic {
			out = append(out, string(m.payload))
		}
	}
	return out
}

// wait returns the payloads on a topic once there are n of them.
func (w *wire) wait(t *testing.T, topic string, n int) []string {
	t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		if got := w.on(topic); len(got) >= n {
			return got
		}
		select {
		case <-w.came:
		case <-timeout:
			t.Fatalf("%d of %d messages on %s: %q", len(w.on(topic)), n, topic, w.on(topic))
		}
	}
}

var greenhouse = Model{
	Device: "greenhouse", Name: Name{Text: "温室"}, OfflineAfter: 10 * time.Second,
	Fields: []Field{
		{ID: "temperature", Name: Name{Text: "温度"}, Type: TypeNumber, Unit: "°C", Decimals: 1, Range: Range{-20, 60}},
		{ID: "pump", Type: TypeBool, Decimals: -1, Range: Open},
	},
	Commands: []Command{
		{ID: "pump", Name: Name{ByLang: map[string]string{"zh": "水泵", "en": "Pump"}}, Type: TypeBool, Field: "pump", MaxAge: 5 * time.Second, Range: Open},
		{ID: "fan", Type: TypeNumber, Range: Range{0, 100}, Step: 5, Unit: "%", MaxAge: 5 * time.Second},
		{ID: "mode", Type: TypeEnum, Options: []Option{{Value: "auto"}, {Value: "manual"}}, MaxAge: 5 * time.Second, Range: Open},
		{ID: "label", Type: TypeText, MaxLength: 8, Allow: regexp.MustCompile(`^[^;]*$`), MaxAge: 5 * time.Second, Range: Open},
		{ID: "reset", Type: TypeNone, Ask: Name{Text: "确定要复位吗?"}, MaxAge: 5 * time.Second, Range: Open},
	},
}

// bench is a relay with one greenhouse, online unless stated otherwise.
type bench struct {
	*Relay
	wire   *wire
	lane   *Lane
	device *Device
}

func open1(t *testing.T, dir string) *bench {
	t.Helper()
	w := newWire()
	r, err := Start(Config{Root: "minirelay", Gateway: "home", Name: Name{Text: "我的小屋"}, Version: "0.1.0", DataDir: dir}, w,
		slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	lane := NewLane(4)
	return &bench{r, w, lane, r.Attach(greenhouse, lane)}
}

func start(t *testing.T) *bench {
	t.Helper()
	b := open1(t, t.TempDir())
	t.Cleanup(func() { b.Close() })
	b.device.Update(time.Now(), []Reading{{0, NumberValue(21.5)}, {1, BoolValue(false)}})
	return b
}

const (
	commandTopic = "minirelay/home/greenhouse/command"
	resultTopic  = "minirelay/home/greenhouse/result"
	stateTopic   = "minirelay/home/greenhouse/state"
)

// ask sends a command as the user phone.
func (b *bench) ask(payload string) {
	b.Handle(Message{Topic: commandTopic, Payload: []byte(payload), User: "phone", Client: "c1"})
}

type result struct {
	ID, Command, Status, Code, Message, By string
	Value                                  any
	MS, TS                                 *int64
	Repeat                                 bool
}

// results returns the results once there are n.
func (b *bench) results(t *testing.T, n int) []result {
	t.Helper()
	var out []result
	for _, p := range b.wire.wait(t, resultTopic, n) {
		var r result
		if err := json.Unmarshal([]byte(p), &r); err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		out = append(out, r)
	}
	return out
}

func (r result) String() string {
	return strings.TrimSuffix(r.ID+" "+r.Status+"/"+r.Code, "/")
}

// discard is a Publisher without listeners.
type discard struct{}

func (discard) Publish(string, []byte, byte, bool, []byte) error { return nil }

var nopLog = slog.New(slog.DiscardHandler)

// The topics that a subscription covers.
func everything(string) bool    { return true }
func nothing(string) bool       { return false }
func results(topic string) bool { return strings.HasSuffix(topic, "/result") }
