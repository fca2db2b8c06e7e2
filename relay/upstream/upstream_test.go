package upstream

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"minirelay/secret"
)

func TestRoutes(t *testing.T) {
	c := testDefault("mqtt://h")
	c.Root, c.Gateway, c.Prefix = "minirelay", "home", "farm/7"
	c.Devices = []string{"greenhouse"}
	c.Own = map[string]string{"home/t": "greenhouse", "home/x": "cellar"}
	c.OwnCommands = map[string]string{"home/set": "greenhouse", "home/setx": "cellar"}
	c.Accept = []string{"command"}
	for topic, want := range map[string]class{
		"minirelay/home/status": current, "minirelay/home/info": current, "minirelay/home/reply/c1": passing,
		"minirelay/home/greenhouse/state": reading, "minirelay/home/greenhouse/result": outcome, "minirelay/home/greenhouse/event": outcome,
		"minirelay/home/greenhouse/model": current, "minirelay/home/greenhouse/availability": current, "home/t": current,
		"minirelay/home/cellar/state": dropped, "home/x": dropped, "other": dropped, "minirelay/shed/status": dropped,
		"minirelay/home/greenhouse/command": dropped,
	} {
		if got := c.routeOf(topic); got.class != want || want != dropped && got.full(&c) != "farm/7/"+topic {
			t.Errorf("%s: %+v", topic, got)
		}
	}
	if got := fmt.Sprint(c.filters()); got != "[farm/7/home/set farm/7/minirelay/home/greenhouse/command]" {
		t.Error(got)
	}
	for topic, want := range map[string]bool{
		"farm/7/minirelay/home/greenhouse/command": true, "farm/7/home/set": true, "farm/7/minirelay/home/cellar/command": false,
		"farm/7/home/setx": false, "minirelay/home/greenhouse/command": false, "farm/7/minirelay/home/request/c": false,
		"farm/7/minirelay/home/greenhouse/state": false, "farm/7/minirelay/home/status": false,
	} {
		if _, got := c.inward(topic); got != want {
			t.Errorf("%s may come in: %v", topic, got)
		}
	}
	c.Send = []string{"event"}
	if c.routeOf("minirelay/home/greenhouse/state").class != dropped || c.routeOf("minirelay/home/status").class != current {
		t.Error("send does not choose")
	}
}

// idle is an upstream whose broker does not exist.
func idle(t *testing.T, c Config, look func() instant) *Upstream {
	t.Helper()
	c.ID, c.Dir, c.Root, c.Gateway = "cloud", t.TempDir(), "minirelay", "home"
	u, err := start(c, hands{}, slog.New(slog.DiscardHandler), timingOf(&c), look)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := u.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return u
}

// With min_interval the newest state of each device is sent when the interval is over; it is never lost.
func TestMinInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := testDefault("mqtt://127.0.0.1:1") // no listener there
		c.MinInterval = time.Minute
		u := idle(t, c, then)
		taken := func() uint64 { synctest.Wait(); return u.Counts().Taken }
		for n := range 10 {
			u.Publish("minirelay/home/a/state", fmt.Appendf(nil, `{"ts":1,"n":%d}`, n), 1, true, nil)
			u.Publish("minirelay/home/b/state", fmt.Appendf(nil, `{"ts":1,"n":%d}`, n), 1, true, nil)
		}
		if n := taken(); n != 2 {
			t.Errorf("%d at once", n)
		}
		time.Sleep(59 * time.Second)
		if n := taken(); n != 2 {
			t.Errorf("%d after 59 s", n)
		}
		time.Sleep(time.Second)
		if n := taken(); n != 4 {
			t.Errorf("%d after a minute", n)
		}
		u.mu.Lock()
		newest := string(u.newest["minirelay/home/a/state"].payload)
		u.mu.Unlock()
		if newest != `{"ts":1,"n":9}` {
			t.Errorf("the newest is %s", newest)
		}
	})
}

// Messages older than OutboxAge or beyond OutboxMB are dropped and counted, readings before results.
func TestBounds(t *testing.T) {
	c := testDefault("mqtt://127.0.0.1:1")
	c.OutboxMB = 1
	u := idle(t, c, readClock)
	u.Publish("minirelay/home/a/result", []byte(`{"id":"first"}`), 1, false, nil)
	long := strings.Repeat("x", 1000)
	for n := range 2000 {
		for u.Publish("minirelay/home/a/state", fmt.Appendf(nil, `{"ts":1,"n":%d,"x":%q}`, n, long), 1, true, nil) != nil {
			t.Fatal("the intake is full")
		}
		if n%500 == 0 {
			waitFor(t, func() bool { return u.Counts().Taken >= uint64(n) })
		}
	}
	waitFor(t, func() bool { c := u.Counts(); return c.Taken == 2001 && c.Lost > 800 && c.Bytes <= 1<<20 })
	if left := u.Status().Waiting; left+u.Counts().Lost != 2001 {
		t.Errorf("%d wait, %d are lost", left, u.Counts().Lost)
	}
	if n := u.outcomes.waiting(); n != 1 {
		t.Errorf("%d results wait", n)
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not after a minute")
		}
	}
}

// slow is a Handler that takes its time with each command.
type slow struct {
	mu            sync.Mutex
	done, crowded int
}

func (s *slow) Handle(_ Message, crowded bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if crowded {
		s.crowded++
	} else {
		s.done++
	}
}
func (s *slow) Changed() {}

// A rogue broker floods the gateway with commands, with messages outside its subscriptions and with endless retained
// topics: few are handled, memory stays bounded, and readings still go up.
func TestRogueBroker(t *testing.T) {
	say := func(topic, payload string, retain bool) string {
		first := byte(0x30)
		if retain {
			first = 0x31
		}
		body := string([]byte{0, byte(len(topic))}) + topic + payload
		return string([]byte{first, byte(len(body))}) + body
	}
	command := say("minirelay/home/a/command", `{"id":"c","command":"x"}`, false)
	const each = 3000
	acked := make(chan struct{}, 1)
	addr := listenTCP(t, tcp(t), func(c net.Conn) {
		b := make([]byte, 1024)
		if _, err := c.Read(b); err != nil {
			return
		}
		_, _ = io.WriteString(c, accepted)
		if _, err := c.Read(b); err != nil { // SUBSCRIBE
			return
		}
		_, _ = io.WriteString(c, "\x90\x03"+string(b[2:4])+"\x01")
		for n := range each {
			_, _ = io.WriteString(c, command+say(fmt.Sprintf("x/%d", n), "junk", true)+say("minirelay/home/a/command", `{"id":"r"}`, true))
		}
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			// The id of a PUBLISH at QoS 1 follows its topic; each arrives in a write of its own here.
			if n > 4 && b[0]>>4 == publish {
				topic := int(b[2])<<8 + int(b[3])
				_, _ = io.WriteString(c, "\x40\x02"+string(b[4+topic:6+topic]))
				select {
				case acked <- struct{}{}:
				default:
				}
			}
		}
	})
	c := testDefault("mqtt://" + addr)
	c.Accept = []string{"command"}
	c.ID, c.Dir, c.Root, c.Gateway = "cloud", t.TempDir(), "minirelay", "home"
	s := &slow{}
	u, err := start(c, s, slog.New(slog.DiscardHandler), timingOf(&c), readClock)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close(t.Context())
	waitFor(t, func() bool { c := u.Counts(); return c.Inward == 2*each && c.Unasked == each })
	u.Publish("minirelay/home/a/state", []byte(`{"ts":1}`), 1, true, nil)
	<-acked
	counts := u.Counts()
	waitFor(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.done+s.crowded+int(counts.Dropped) == 2*each
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if took := time.Since(u.Status().Since).Seconds(); s.done > inwardRow+int(inwardSec*(took+1)) {
		t.Errorf("%d commands were let through in %.1f s", s.done, took)
	}
}

// However often an attempt fails, the next one follows after a pause between the shortest and the longest.
func TestBackoff(t *testing.T) {
	c := Default()
	timing := timingOf(&c)
	var longest time.Duration
	for failures := range 100 {
		for range 50 {
			d := backoff(failures, timing)
			if d < time.Second || d > time.Minute || failures == 0 && d > 2*time.Second {
				t.Fatalf("%v after %d failures", d, failures)
			}
			longest = max(longest, d)
		}
	}
	if longest < 30*time.Second {
		t.Errorf("never longer than %v", longest)
	}
}

func TestCheck(t *testing.T) {
	for url, says := range map[string]string{
		"mqtt.example.org": "not the address", "tcp://h:1883": "mqtt://", "https://h": "wss://", "ftp://h": "mqtt, mqtts, ws or wss",
		"mqtts://user:secret@h": "contains a user", "mqtt://h/path": "has no path", "mqtt://:1883": "no host", "": "not the address",
		"mqtts://mqtt.example.org": "", "wss://h/mqtt?x=1": "", "ws://[::1]:80": "", "mqtt://h:1883/": "",
	} {
		problems, err := Check(testDefault(url))
		said := fmt.Sprintf("%+q", problems)
		for _, p := range problems {
			said += p.What + "; " + p.Hint()
		}
		if (err == nil) != (says == "") || !strings.Contains(said, says) || strings.Contains(said, "secret") {
			t.Errorf("%s: %v", url, err)
		}
	}
	c := testDefault("mqtt://h")
	c.CAFile, c.KeyFile, c.Password, c.Prefix = "ca", "key", secret.New("secret"), "a/+"
	problems, _ := Check(c)
	var keys []string
	for _, p := range problems {
		keys = append(keys, p.Key)
	}
	slices.Sort(keys)
	if fmt.Sprint(keys) != "[ca_file key_file password prefix]" {
		t.Error(keys)
	}
	if s := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(s, `"secret"`) || strings.Contains(s, "Password:secret") {
		t.Error("the password is printed")
	}
}

// A message carries the keys that identify it, and a payload that is not an object is sent unchanged.
func TestBody(t *testing.T) {
	q := &queue{}
	for _, c := range []struct {
		item item
		want string
	}{
		{item{payload: []byte(`{"ts":5,"t":1}`)}, `{"ts":5,"t":1}`},
		{item{queue: q, number: 7, payload: []byte(`{"ts":5,"t":1}`)}, `{"ts":5,"t":1,"seq":7}`},
		{item{queue: q, number: 7, replay: true, payload: []byte(`{"ts":5}`)}, `{"ts":5,"seq":7,"replay":true}`},
		{item{queue: q, number: 7, replay: true, shift: 100, payload: []byte(`{"ts":5,"t":1}`)}, `{"ts":105,"t":1,"seq":7,"replay":true}`},
		{item{queue: q, number: 7, unset: true, payload: []byte(`{}`)}, `{"seq":7,"clock":"unset"}`},
		{item{unset: true, payload: []byte(`{"ts":5}`)}, `{"ts":5,"clock":"unset"}`},
		{item{queue: q, number: 7, payload: []byte(`21.5`)}, `21.5`},
		{item{queue: q, number: 7}, ``},
	} {
		if got := string(c.item.body()); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
