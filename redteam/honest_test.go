//go:build e2e

package redteam

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// pair is the honest person who switches a relay and sees what the board says.
type pair struct {
	t       *testing.T
	g       *victim
	c       mqtt.Client
	stop    chan struct{}
	done    chan struct{}
	memory  int // before the attack
	began   time.Time
	missed  float64
	results chan result

	states atomic.Int64
}

type result struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Code   string `json:"code"`
}

// honest begins to switch, about five times a second. Its end, which the test waits for, checks what it got.
func (g *victim) honest(t *testing.T) (end func()) {
	t.Helper()
	p := &pair{t: t, g: g, c: g.must(t, "phone", "honest"), stop: make(chan struct{}), done: make(chan struct{}),
		results: make(chan result, 16), began: time.Now(), missed: g.metric(t, "minirelay_broker_missed_pulses_total"), memory: g.memory(t)}
	there := make(chan struct{})
	var online sync.Once
	for topic, take := range map[string]mqtt.MessageHandler{
		"minirelay/home/relays/result": func(_ mqtt.Client, m mqtt.Message) {
			var r result
			if json.Unmarshal(m.Payload(), &r) == nil && strings.HasPrefix(r.ID, "h-") {
				p.results <- r
			}
		},
		"minirelay/home/relays/state": func(mqtt.Client, mqtt.Message) {
			p.states.Add(1)
		},
		"minirelay/home/relays/availability": func(_ mqtt.Client, m mqtt.Message) {
			if string(m.Payload()) == "online" {
				online.Do(func() { close(there) })
			}
		},
	} {
		if token := p.c.Subscribe(topic, 1, take); !token.WaitTimeout(patience) || token.Error() != nil {
			t.Fatal(token.Error())
		}
	}
	select {
	case <-there:
	case <-time.After(patience):
		t.Fatal("the honest board is not online")
	}
	go p.run()
	return p.end
}

func (p *pair) run() {
	defer close(p.done)
	var longest time.Duration
	defer func() { p.t.Logf("the honest pair waited for %v at most", longest.Round(time.Millisecond)) }()
	for n := 0; ; n++ {
		stop := p.stop
		if n < 5 {
			stop = nil // the attack may be over sooner than its effects
		}
		select {
		case <-stop:
			return
		case <-time.After(200 * time.Millisecond): // the pace of a person, not a wait for anything
		}
		id := fmt.Sprintf("h-%d-%d", p.began.UnixNano(), n)
		asked := time.Now()
		command := fmt.Sprintf(`{"id":%q,"command":"r1","value":%t}`, id, n%2 == 0)
		if token := p.c.Publish("minirelay/home/relays/command", 1, false, command); !token.WaitTimeout(patience) || token.Error() != nil {
			p.t.Errorf("the honest person cannot send: %v", token.Error())
			return
		}
		select {
		case r := <-p.results:
			if r.ID != id || r.Status != "done" {
				p.t.Errorf("the honest command %s: %+v", id, r)
			}
		case <-time.After(patience):
			p.t.Errorf("the honest command %s has no result", id)
			return
		}
		longest = max(longest, time.Since(asked))
	}
}

// end stops the pair and checks its promises.
func (p *pair) end() {
	p.t.Helper()
	close(p.stop)
	<-p.done
	if !p.c.IsConnected() {
		p.t.Error("the honest client was disconnected")
	}
	if p.states.Load() == 0 {
		p.t.Error("the honest client saw no state")
	}
	select {
	case r := <-p.results:
		p.t.Errorf("a second result: %+v", r)
	default:
	}
	now := p.g.memory(p.t)
	p.t.Logf("memory %+.1f MiB", float64(now-p.memory)/(1<<20))
	if now-p.memory > growth {
		p.t.Errorf("the memory grew from %d to %d bytes", p.memory, now)
	}
	if missed := p.g.metric(p.t, "minirelay_broker_missed_pulses_total") - p.missed; missed != 0 {
		p.t.Errorf("%v pulses were missed", missed)
	}
	p.alive()
}

// alive checks that the service manager got its signs of life.
func (p *pair) alive() {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	last, longest := p.began, time.Duration(0)
	for _, at := range p.g.life {
		if at.After(p.began) {
			longest, last = max(longest, at.Sub(last)), at
		}
	}
	if longest = max(longest, time.Since(last)); longest >= watchdog {
		p.t.Errorf("no sign of life for %v: systemd would have killed the gateway", longest)
	}
}
