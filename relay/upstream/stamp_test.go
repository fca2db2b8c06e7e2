package upstream

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A stamp counts at the very first byte only: everything behind it is the client's.
func TestTakeStamp(t *testing.T) {
	li := stamp{"li", "operator", 81234}
	for payload, want := range map[string]struct {
		stamp
		rest string
	}{
		`{"by":{"user":"li","role":"operator","at":81234},"id":"a"}`:              {li, `{"id":"a"}`},
		`{"by":{"user":"li","role":"operator","at":81234}}`:                       {li, `{}`},
		`{"by":{"user":"li","role":"operator","at":81234},"by":{"user":"admin"}}`: {li, `{"by":{"user":"admin"}}`},
		`{"by":{"user":"li","role":"operator","at":81234},{"id`:                   {li, `{{"id`},
		` {"by":{"user":"li"}}`:          {stamp{}, ` {"by":{"user":"li"}}`},
		`{ "by":{"user":"li"}}`:          {stamp{}, `{ "by":{"user":"li"}}`},
		`{"id":"a","by":{"user":"li"}}`:  {stamp{}, `{"id":"a","by":{"user":"li"}}`},
		`{"by":{"user":"Li Wei (hub)"}}`: {stamp{}, `{"by":{"user":"Li Wei (hub)"}}`},
		`{"by":{"user":""}}`:             {stamp{}, `{"by":{"user":""}}`}, `{"by":"li"}`: {stamp{}, `{"by":"li"}`}, `{"by":`: {stamp{}, `{"by":`}, ``: {},
	} {
		s, rest, ok := takeStamp([]byte(payload))
		if s != want.stamp || string(rest) != want.rest || ok != (s != stamp{}) {
			t.Errorf("%s: %+v %s %v", payload, s, rest, ok)
		}
	}
}

// hubInlet is an inlet of a hub that nothing runs, with a connection that only collects.
func hubInlet(t *testing.T, change func(*Config)) *inlet {
	c := testDefault("mqtt://127.0.0.1:1")
	c.Hub, c.Accept = true, []string{"command", "request"}
	if change != nil {
		change(&c)
	}
	c.ID, c.Dir, c.Root, c.Gateway = "hub", t.TempDir(), "minirelay", "home"
	timing := timingOf(&c)
	timing.retryMin, timing.retryMax = 1000*time.Hour, 1000*time.Hour // a new try would be another connection
	u, err := start(c, hands{}, slog.New(slog.DiscardHandler), timing, then)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	u.mu.Lock()
	u.session = &session{u: u}
	u.mu.Unlock()
	t.Cleanup(func() {
		u.mu.Lock()
		u.session = nil
		u.mu.Unlock()
		if err := u.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return newInlet(u)
}

// arrive puts a command into the inlet, with the stamp of a person unless person is empty.
func (in *inlet) arrive(person, id string, at time.Duration) {
	payload := fmt.Sprintf(`{"id":%q}`, id)
	if person != "" {
		payload = fmt.Sprintf(`{"by":{"user":%q,"role":"operator","at":%d},"id":%q}`, person, at.Milliseconds(), id)
	}
	in.put(inward{Message: Message{Topic: "minirelay/home/a/command", Payload: []byte(payload), Received: time.Now()}})
}

// The person of a command comes from a hub only, and only from where the hub writes the name.
func TestPersonOfACommand(t *testing.T) {
	own := func(c *Config) { c.OwnCommands = map[string]string{"home/set": "a"} }
	stamped := []byte(`{"by":{"user":"li","role":"viewer","at":1},"id":"a"}`)
	for name, tt := range map[string]struct {
		topic  string
		change func(*Config)
		person string
	}{
		"command at a hub":          {"minirelay/home/a/command", nil, "li"},
		"request at a hub":          {"minirelay/home/request/c1", nil, "li"},
		"a topic of users at a hub": {"home/set", own, ""},
		"at another broker":         {"minirelay/home/a/command", func(c *Config) { c.Hub = false }, ""},
		"request at another broker": {"minirelay/home/request/c1", func(c *Config) { c.Hub = false }, ""},
		"behind a prefix, at a hub": {"farm/minirelay/home/a/command", func(c *Config) { c.Prefix = "farm" }, "li"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := hubInlet(t, tt.change)
				in.put(inward{Message: Message{Topic: tt.topic, Payload: stamped, Received: time.Now()}})
				m, ok := in.pop()
				if want := map[string]string{"li": `{"id":"a"}`, "": string(stamped)}[tt.person]; !ok || m.Person != tt.person || string(m.Payload) != want {
					t.Errorf("%v %q %s", ok, m.Person, m.Payload)
				}
			})
		})
	}
}

// One person of a hub neither delays the commands of another, nor takes the room of them, nor has them answered busy.
func TestPersonsOfAHubTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := hubInlet(t, nil)
		for i := range 1000 {
			in.arrive("greedy", fmt.Sprint("g", i), 0)
		}
		for i := range 20 {
			in.arrive("li", fmt.Sprint("l", i), 0)
		}
		var first []string
		crowded := map[string]int{}
		for m, ok := in.pop(); ok; m, ok = in.pop() {
			if first = append(first, m.Person); m.crowded {
				crowded[m.Person]++
			}
		}
		if len(first) != maxInward || !slices.Equal(first[:4], []string{"greedy", "li", "greedy", "li"}) || crowded["li"] > 0 {
			t.Errorf("%d, beginning with %v, crowded: %v", len(first), first[:4], crowded)
		}
		for i := range 4 * maxPersons {
			in.arrive(fmt.Sprint("p", i), "a", 0)
		}
		if len(in.rates) > maxPersons+1 {
			t.Errorf("%d persons are counted", len(in.rates))
		}
	})
}

// A command through a hub counts from when the hub took it, however long it was on its way, whatever the clocks show,
// and although nothing else was under way.
func TestAgeOfACommandThroughAHub(t *testing.T) {
	for name, tt := range map[string]struct {
		compared bool          // the clocks have been compared before
		onWay    time.Duration // how long the command was on its way
		answer   time.Duration // how long our request to ourselves takes, both ways; 0: it does not come back
		least    time.Duration
		most     time.Duration // the age that the command is given
	}{
		"at once":                       {true, 0, 40 * time.Millisecond, 0, 40 * time.Millisecond},
		"the line has stalled":          {true, 18 * time.Second, 40 * time.Millisecond, 18 * time.Second, 18*time.Second + 40*time.Millisecond},
		"at once, the first one":        {false, 0, 40 * time.Millisecond, 0, 40 * time.Millisecond},
		"stalled, the first one":        {false, 18 * time.Second, 40 * time.Millisecond, 18 * time.Second, 18*time.Second + 40*time.Millisecond},
		"the hub does not compare":      {false, 0, 0, veryOld, veryOld},
		"a slow line, but not too slow": {false, 0, 3 * time.Second, 0, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := hubInlet(t, nil)
				u, began := in.u, time.Now().Add(-1000*time.Hour) // of the hub
				var stalled time.Time                             // nothing arrives before; guarded by u.mu
				over := make(chan struct{})
				defer close(over)
				go func() { // the hub and the line
					for {
						select {
						case <-over:
							return
						case <-time.After(time.Millisecond):
						}
						u.mu.Lock()
						asked, wait := u.passing, time.Until(stalled)
						u.passing = nil
						u.mu.Unlock()
						for _, i := range asked {
							payload := fmt.Appendf(nil, `{"by":{"user":"gw","role":"gateway","at":%d},%s`,
								(time.Since(began) + tt.answer/2).Milliseconds(), i.body()[1:])
							if tt.answer > 0 {
								time.AfterFunc(max(tt.answer, wait), func() {
									in.put(inward{Message: Message{Topic: "minirelay/home/request/minirelay-home", Received: time.Now(), Payload: payload}})
								})
							}
						}
					}
				}()
				if tt.compared {
					time.Sleep(time.Minute)
				}
				at := time.Since(began)
				u.mu.Lock()
				stalled = time.Now().Add(tt.onWay)
				u.mu.Unlock()
				time.Sleep(tt.onWay)
				in.arrive("li", "a", at)
				m, _ := in.pop()
				arrived := time.Now()
				m.Received = in.sentAt(&m)
				if age := arrived.Sub(m.Received); age < tt.least-2*time.Millisecond || age > tt.most+2*time.Millisecond {
					t.Errorf("its age is %v", age)
				}
			})
		})
	}
}

// A command of an earlier connection, whose hub may have been another one, is not executed.
func TestCommandOfAnEarlierConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := hubInlet(t, nil)
		in.arrive("li", "a", time.Hour)
		in.u.hub.reset()
		number := in.u.hub.ask(time.Now(), 0)
		in.u.hub.take(1000, number) // by the clock of the next hub
		m, _ := in.pop()
		if age := time.Since(in.sentAt(&m)); age < veryOld {
			t.Errorf("it is taken to be %v old", age)
		}
	})
}

// The clocks are compared now and then, and again soon after a comparison over a slow line.
func TestHubClockIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c hubClock
		asks := func(want uint64) {
			t.Helper()
			if got := c.ask(time.Now(), hubCompare); got != want {
				t.Errorf("the number of the request is %d, want %d", got, want)
			}
		}
		asks(1)
		asks(0)                 // it is under way
		time.Sleep(hubPatience) // and did not come back
		asks(2)
		c.take(77, 1) // sent at another time
		time.Sleep(3 * time.Second)
		c.take(1000, 2)
		asks(0)
		time.Sleep(2 * hubPatience)
		asks(3) // the last one was slow
		time.Sleep(20 * time.Millisecond)
		c.take(20_000, 3)
		time.Sleep(hubCompare - time.Second)
		asks(0)
		time.Sleep(time.Second)
		asks(4)
		time.Sleep(4 * time.Second)
		c.take(99_999_999, 4) // slow again: the last one is better
		if age, ok, _ := c.age(20_000, time.Now()); !ok || age < hubCompare || age > hubCompare+6*time.Second {
			t.Errorf("%v %v", age, ok)
		}
		time.Sleep(hubFresh)
		if _, ok, _ := c.age(0, time.Now()); ok {
			t.Error("the clocks may have drifted apart")
		}
	})
}

// Without a hub, a connection that has stalled shows by messages that are not acknowledged: what arrives then may be as
// old as the oldest of them.
func TestCommandOverAStalledConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := hubInlet(t, func(c *Config) { c.Hub = false })
		age := func(acks uint64) time.Duration {
			in.put(inward{acks: acks, Message: Message{Topic: "minirelay/home/a/command", Payload: []byte("{}"), Received: time.Now()}})
			m, _ := in.pop()
			return time.Since(m.Received)
		}
		s := in.u.session
		s.sent.add(time.Now())
		time.Sleep(slowAck)
		if age(0) != 0 {
			t.Error("an acknowledgement may take a moment")
		}
		time.Sleep(9 * time.Second)
		s.sent.add(time.Now())
		time.Sleep(8 * time.Second)
		for acks, want := range map[uint64]time.Duration{0: 18 * time.Second, 1: 8 * time.Second, 2: 0, math.MaxUint64: 0} {
			if got := age(acks); got != want {
				t.Errorf("behind %d acknowledgements it is %v old", acks, got)
			}
		}
		for range 1000 {
			s.sent.add(time.Now())
		}
		if age(0) != 0 {
			t.Error("a message of so long ago is taken for the next one")
		}
	})
}

// What a message arrived behind is known, although paho hands PUBACKs and messages on in no certain order.
func TestWhereAMessageArrived(t *testing.T) {
	const ack = "\x40\x02\x00\x01"
	w := newWire(scripted{Reader: strings.NewReader(accepted + ack + message + message + ack + ack + message)}, time.Second, time.Second, 0)
	if _, err := io.Copy(io.Discard, w); err != nil {
		t.Fatal(err)
	}
	for i, want := range []uint64{1, 1, 3, math.MaxUint64} {
		if got := w.arrived().acks; got != want {
			t.Errorf("message %d arrived behind %d PUBACKs, not %d", i, got, want)
		}
	}
}

// A gateway at a hub that takes commands only subscribes to its own request, too, and takes no other.
func TestOwnRequestAtAHub(t *testing.T) {
	c := testDefault("mqtt://h")
	c.Root, c.Gateway, c.Hub, c.Accept = "minirelay", "home", true, []string{"command"}
	if got := fmt.Sprint(c.filters()); got != "[minirelay/home/+/command minirelay/home/request/minirelay-home]" {
		t.Error(got)
	}
	for topic, want := range map[string]bool{"minirelay/home/request/minirelay-home": true, "minirelay/home/request/c1": false} {
		if _, got := c.inward(topic); got != want {
			t.Errorf("%s may come in: %v", topic, got)
		}
	}
	c.ClientID = "a/b"
	if problems, _ := Check(c); len(problems) != 1 || problems[0].Key != "client_id" {
		t.Errorf("%v", problems)
	}
}
