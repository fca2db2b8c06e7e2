package nats

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"minirelay/e2e/line"
	"minirelay/relay/upstream"
)

// desk is a handler that keeps all messages.
type desk struct {
	mu   sync.Mutex
	came []string
}

func (d *desk) Handle(m upstream.Message, crowded bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.came = append(d.came, m.Topic)
}
func (d *desk) Changed() {}

func (d *desk) got(topic string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Contains(d.came, topic)
}

// history is a consumer with a session that the cluster keeps, like a database.
type history struct {
	mu   sync.Mutex
	seen map[int]bool
	seqs map[uint64]bool
	more int
}

func (h *history) take(_ mqtt.Client, m mqtt.Message) {
	var r struct {
		N   int
		Seq uint64
	}
	if json.Unmarshal(m.Payload(), &r) != nil || r.N == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seqs[r.Seq] {
		h.more++
	}
	h.seen[r.N], h.seqs[r.Seq] = true, true
}

func (h *history) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.seen)
}

// TestNodesKilledInTurn kills each node of a cluster while readings arrive: none is lost. At the end a command comes
// down and its result goes up.
func TestNodesKilledInTurn(t *testing.T) {
	nodes := newCluster(t)
	var addresses []string
	for _, n := range nodes {
		addresses = append(addresses, n.address())
		eventually(t, n.name+" is healthy", func() bool { return healthy(n) })
	}
	near, err := line.New(addresses...)
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	far, err := line.New(addresses[2], addresses[1], addresses[0])
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	h := &history{seen: map[int]bool{}, seqs: map[uint64]bool{}}
	client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("mqtt://" + far.Addr()).SetClientID("history").SetCleanSession(false).
		SetResumeSubs(true).SetMaxReconnectInterval(time.Second).SetDefaultPublishHandler(h.take).
		SetOnConnectHandler(func(c mqtt.Client) { c.Subscribe("minirelay/#", 1, nil) }))
	eventually(t, "the consumer is connected", func() bool {
		token := client.Connect()
		return token.WaitTimeout(10*time.Second) && token.Error() == nil
	})
	defer client.Disconnect(100)

	c := upstream.Default()
	c.ID, c.URL, c.Dir, c.Root, c.Gateway = "cluster", "mqtt://"+near.Addr(), t.TempDir(), "minirelay", "home"
	c.Accept, c.Retry = []string{"command"}, time.Second
	d := &desk{}
	u, err := upstream.Start(c, d, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is connected", func() bool { return u.Status().Code == upstream.CodeConnected })
	n := 0
	say := func(count int) {
		for range count {
			n++
			u.Publish("minirelay/home/greenhouse/state", fmt.Appendf(nil, `{"ts":%d,"n":%d}`, time.Now().UnixMilli(), n), 1, true, nil)
			time.Sleep(2 * time.Millisecond)
		}
	}
	say(200)
	eventually(t, "the first have come", func() bool { return h.count() == n })
	for _, victim := range nodes {
		say(100)
		victim.kill()
		say(300)
		victim.start(t)
		eventually(t, victim.name+" is healthy again", func() bool { return healthy(victim) })
	}
	say(100)
	eventually(t, "all have been acknowledged", func() bool { return u.Status().Waiting == 0 })
	eventually(t, "all have come", func() bool { return h.count() == n })
	t.Logf("%d readings over three killed nodes: lost %d, %d came more than once; %d were replayed", n, n-h.count(), h.more, u.Counts().Replayed)

	eventually(t, "a command comes down", func() bool {
		client.Publish("minirelay/home/greenhouse/command", 1, false, `{"id":"c"}`).WaitTimeout(time.Second)
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.came) > 0
	})
	if err := u.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// healthy reports whether a node has caught up with the cluster.
func healthy(n *node) bool {
	answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/healthz", n.http))
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}
