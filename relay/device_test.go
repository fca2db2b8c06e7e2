package relay

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// inBubble runs f with a relay whose clock is synthetic: it starts at 2000-01-01, and waiting takes no time.
func inBubble(t *testing.T, m Model, f func(b *bench)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		r, err := Start(Config{Root: "minirelay", Gateway: "home", DataDir: dir}, w, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		lane := NewLane(4)
		b := &bench{r, w, lane, r.Attach(m, lane)}
		f(b)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

// states returns the published states without their ts.
func (b *bench) states() []string {
	synctest.Wait()
	var out []string
	for _, s := range b.wire.on(stateTopic) {
		_, rest, _ := strings.Cut(s, ",")
		out = append(out, "{"+rest)
	}
	return out
}

func expectStates(t *testing.T, b *bench, want ...string) {
	t.Helper()
	if got := b.states(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("states\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

const (
	noState = `{"temperature":null,"pump":null}`
	state21 = `{"temperature":21.5,"pump":false}`
)

var reading21 = []Reading{{0, NumberValue(21.53)}, {1, BoolValue(false)}}

func TestModelStateAndInfoAsInTheContract(t *testing.T) {
	inBubble(t, greenhouse, func(b *bench) {
		now := time.Now()
		b.device.Update(now, reading21)
		synctest.Wait()
		for topic, want := range map[string]string{
			"minirelay/home/status":                  `online`,
			"minirelay/home/info":                    fmt.Sprintf(`{"gateway":"home","version":"","started":%d}`, now.UnixMilli()),
			"minirelay/home/greenhouse/availability": `offline online`,
			stateTopic:                               fmt.Sprintf(`{"ts":%d,"temperature":null,"pump":null} {"ts":%[1]d,"temperature":21.5,"pump":false}`, now.UnixMilli()),
			"minirelay/home/greenhouse/model": `{"device":"greenhouse","name":"温室","fields":[` +
				`{"id":"temperature","name":"温度","type":"number","unit":"°C","decimals":1,"min":-20,"max":60},{"id":"pump","type":"bool"}],` +
				`"commands":[{"id":"pump","name":{"en":"Pump","zh":"水泵"},"type":"bool","field":"pump"},` +
				`{"id":"fan","type":"number","min":0,"max":100,"step":5,"unit":"%"},` +
				`{"id":"mode","type":"enum","options":[{"value":"auto"},{"value":"manual"}]},` +
				`{"id":"label","type":"text","max_length":8,"allow":"^[^;]*$"},{"id":"reset","type":"none","ask":"确定要复位吗?"}]}`,
		} {
			if got := strings.Join(b.wire.on(topic), " "); got != want {
				t.Errorf("%s\n got %s\nwant %s", topic, got, want)
			}
		}
	})
}

func TestSilentDeviceGoesOfflineAndItsValuesUnknown(t *testing.T) {
	inBubble(t, greenhouse, func(b *bench) {
		b.device.Update(time.Now(), reading21)
		time.Sleep(9 * time.Second)
		b.device.Seen(time.Now()) // an acknowledgement shows that it is alive, but brings no value
		time.Sleep(9*time.Second + 999*time.Millisecond)
		expectStates(t, b, noState, state21, noState) // the values of 10 s ago are stale, but the device is still online
		if !b.device.Online() {
			t.Error("offline before offline_after")
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if b.device.Online() {
			t.Error("online after offline_after")
		}
		b.device.Update(time.Now(), reading21)
		synctest.Wait()
		if got := fmt.Sprint(b.wire.on("minirelay/home/greenhouse/availability")); got != "[offline online offline online]" {
			t.Error(got)
		}
	})
}

func TestStaleAfterPerField(t *testing.T) {
	m := greenhouse
	m.Fields = append([]Field{}, m.Fields...)
	m.Fields[0].StaleAfter = time.Second
	inBubble(t, m, func(b *bench) {
		b.device.Update(time.Now(), reading21)
		time.Sleep(900 * time.Millisecond)
		b.device.Update(time.Now(), reading21[1:]) // the pump only
		time.Sleep(100 * time.Millisecond)
		expectStates(t, b, noState, state21, state21, `{"temperature":null,"pump":false}`)
	})
}

func TestLostPortMakesEverythingUnknownAtOnce(t *testing.T) {
	inBubble(t, greenhouse, func(b *bench) {
		b.device.Update(time.Now(), reading21)
		b.device.Lost("unplugged")
		expectStates(t, b, noState, state21, noState)
	})
}

// stuckLog is the handler of a log that nobody reads.
type stuckLog struct {
	slog.Handler
	reached chan string // the line that waits
	free    chan struct{}
}

func (l stuckLog) Handle(_ context.Context, r slog.Record) error {
	l.reached <- r.Message
	<-l.free
	return nil
}

func (l stuckLog) Enabled(context.Context, slog.Level) bool { return true }

func (l stuckLog) WithAttrs([]slog.Attr) slog.Handler { return l }

// What a device has to say is published before it is logged, and the log is written without the lock of the device: whoever
// reads the log slowly does not leave it online on every screen.
func TestLostPortIsPublishedBeforeItIsLogged(t *testing.T) {
	w, log := newWire(), stuckLog{slog.DiscardHandler, make(chan string), make(chan struct{})}
	r, err := Start(Config{Root: "minirelay", Gateway: "home", DataDir: t.TempDir()}, w, slog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	d := r.Attach(greenhouse, NewLane(4))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.Update(time.Now(), []Reading{{0, NumberValue(21.5)}})
		d.Lost("cable pulled")
	}()
	if line := <-log.reached; line != "device is online" {
		t.Error(line)
	}
	log.free <- struct{}{}
	if line := <-log.reached; line != "device is offline" {
		t.Error(line)
	}
	w.wait(t, "minirelay/home/greenhouse/availability", 3)
	if d.Online() {
		t.Error("it is online")
	}
	log.free <- struct{}{}
	<-ended
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestMinIntervalKeepsTheNewest(t *testing.T) {
	m := greenhouse
	m.MinInterval = time.Second
	inBubble(t, m, func(b *bench) {
		for i := range 25 {
			b.device.Update(time.Now(), []Reading{{0, NumberValue(float64(i))}})
			time.Sleep(90 * time.Millisecond)
		}
		time.Sleep(time.Second)
		expectStates(t, b, noState, `{"temperature":0,"pump":null}`, `{"temperature":11,"pump":null}`,
			`{"temperature":22,"pump":null}`, `{"temperature":24,"pump":null}`)
	})
}

func TestPublishOnlyChanges(t *testing.T) {
	m := greenhouse
	m.OnChange = true
	inBubble(t, m, func(b *bench) {
		for range 3 {
			b.device.Update(time.Now(), reading21)
		}
		b.device.Update(time.Now(), []Reading{{1, BoolValue(true)}})
		expectStates(t, b, noState, state21, `{"temperature":21.5,"pump":true}`)
	})
}

func TestSensorErrorIsNull(t *testing.T) {
	inBubble(t, greenhouse, func(b *bench) {
		b.device.Update(time.Now(), reading21)
		b.device.Update(time.Now(), []Reading{{0, Value{}}})
		expectStates(t, b, noState, state21, `{"temperature":null,"pump":false}`)
	})
}

func TestTopicsOfTheUsersOwn(t *testing.T) {
	m := greenhouse
	m.Topic = "home/greenhouse"
	m.Fields = append([]Field{}, m.Fields...)
	m.Fields[0].Topic = "home/temperature"
	inBubble(t, m, func(b *bench) {
		b.device.Update(time.Now(), reading21)
		synctest.Wait()
		if got := fmt.Sprint(b.wire.on("home/temperature")); got != "[null 21.5]" {
			t.Error(got)
		}
		if got := b.wire.on("home/greenhouse"); len(got) != 2 || got[1] != b.wire.on(stateTopic)[1] {
			t.Error(got)
		}
		next := m
		next.Topic = ""
		b.Attach(next, b.lane)
		synctest.Wait()
		if got := b.wire.on("home/greenhouse"); got[len(got)-1] != "" {
			t.Errorf("a topic that the new mapping does not have must be emptied: %q", got)
		}
		if got := fmt.Sprint(b.wire.on("home/temperature")); got != "[null 21.5 null]" {
			t.Errorf("a topic that it still has must not: %s", got)
		}
	})
}

func TestDetachedDeviceIsGone(t *testing.T) {
	inBubble(t, greenhouse, func(b *bench) {
		b.device.Update(time.Now(), reading21)
		b.device.Detach()
		b.device.Update(time.Now(), reading21)
		synctest.Wait()
		for _, leaf := range []string{"model", "state", "availability"} {
			got := b.wire.on("minirelay/home/greenhouse/" + leaf)
			if got[len(got)-1] != "" {
				t.Errorf("%s is not emptied: %q", leaf, got)
			}
		}
	})
}

// A full outlet holds the port back instead of losing a reading.
func TestEveryReadingIsPublished(t *testing.T) {
	b := start(t)
	const n = 3 * outletSize
	for i := range n {
		b.device.Update(time.Now(), []Reading{{0, NumberValue(float64(i % 50))}})
	}
	b.wire.wait(t, stateTopic, n+2)
}

// The gateway's info is published when it changes, not each time the config is saved.
func TestInfoIsPublishedWhenItChanges(t *testing.T) {
	b := start(t)
	const info = "minirelay/home/info"
	name := Name{ByLang: map[string]string{"zh": "小屋", "en": "Hut"}}
	for range 3 {
		b.Rename(name)
	}
	b.Rename(Name{Text: "last"})
	got := b.wire.wait(t, info, 3)
	if len(got) != 3 || !strings.Contains(got[1], "小屋") || !strings.Contains(got[2], "last") {
		t.Errorf("%q", got)
	}
}

// A derived value is computed whenever one of its inputs changes, and becomes null with them.
func TestDerivedValues(t *testing.T) {
	m := Model{Device: "greenhouse", OfflineAfter: 10 * time.Second,
		Fields: []Field{{ID: "sum", Type: TypeNumber, Decimals: -1, Derived: true}, {ID: "a", Type: TypeNumber, Decimals: -1}, {ID: "b", Type: TypeNumber, Decimals: -1, StaleAfter: time.Second}},
		Derive: func(v []Value, _ []Reading) {
			if v[0] = (Value{}); !v[1].IsNull() && !v[2].IsNull() {
				v[0] = NumberValue(v[1].Number() + v[2].Number())
			}
		}}
	inBubble(t, m, func(b *bench) {
		b.device.Update(time.Now(), []Reading{{1, NumberValue(1)}})
		b.device.Update(time.Now(), []Reading{{2, NumberValue(2)}})
		time.Sleep(time.Second + time.Millisecond) // not at the instant when b goes stale: either could come first
		b.device.Update(time.Now(), []Reading{{2, NumberValue(3)}})
		b.device.Lost("unplugged")
		expectStates(t, b, `{"sum":null,"a":null,"b":null}`, `{"sum":null,"a":1,"b":null}`, `{"sum":3,"a":1,"b":2}`, `{"sum":null,"a":1,"b":null}`,
			`{"sum":4,"a":1,"b":3}`, `{"sum":null,"a":null,"b":null}`)
	})
}
