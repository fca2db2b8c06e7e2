package upstream

import (
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func counted(n int) []byte { return fmt.Appendf(nil, `{"ts":%d,"n":%d}`, time.Now().UnixMilli(), n) }

func say(t *testing.T, u *Upstream, topic string, payload []byte) {
	t.Helper()
	if err := u.Publish(topic, payload, 1, true, nil); err != nil {
		t.Fatal(err)
	}
}

// picky is a broker that hangs up when it gets a message on certain topics, as RabbitMQ and many cloud brokers do with
// topics that a user may not publish to.
type picky struct {
	mu   sync.Mutex
	no   []string
	came map[string]int
}

func (p *picky) serve(c net.Conn) {
	for {
		packet, err := packets.ReadPacket(c)
		if err != nil {
			return
		}
		var answer packets.ControlPacket
		switch q := packet.(type) {
		case *packets.ConnectPacket:
			answer = packets.NewControlPacket(packets.Connack)
		case *packets.SubscribePacket:
			a := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
			a.MessageID, a.ReturnCodes = q.MessageID, make([]byte, len(q.Topics))
			answer = a
		case *packets.PublishPacket:
			p.mu.Lock()
			no := slices.Contains(p.no, q.TopicName)
			p.came[q.TopicName]++
			p.mu.Unlock()
			if no {
				return
			}
			a := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
			a.MessageID = q.MessageID
			answer = a
		default:
			answer = packets.NewControlPacket(packets.Pingresp)
		}
		if answer.Write(c) != nil {
			return
		}
	}
}

func (p *picky) count(topic string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.came[topic]
}

func (p *picky) allow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.no = nil
}

// Topics to which the gateway has no right keep no other message from going up. Messages on them are kept and tried
// again later.
func TestTopicsThatAreNotAllowed(t *testing.T) {
	const allowed, denied, info = "minirelay/home/greenhouse/state", "minirelay/home/cellar/state", "minirelay/home/info"
	p := &picky{no: []string{denied, info}, came: map[string]int{}}
	c := testDefault("mqtt://" + listenTCP(t, tcp(t), p.serve))
	c.ID, c.Dir, c.Root, c.Gateway = "cloud", t.TempDir(), "minirelay", "home"
	timing := timingOf(&c)
	timing.retryMin, timing.retryMax = time.Millisecond, 20*time.Millisecond
	timing.steady, timing.tidy = time.Second, 50*time.Millisecond
	u, err := start(c, hands{}, slog.New(slog.NewTextHandler(t.Output(), nil)), timing, readClock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := u.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	say(t, u, info, []byte(`{"gateway":"home"}`))
	say(t, u, "minirelay/home/status", []byte("online"))
	for n := range 20 {
		say(t, u, denied, counted(n))
		say(t, u, allowed, counted(n))
	}
	waitFor(t, func() bool {
		return p.count(allowed) >= 20 && u.Status().Waiting == 20 && u.Status().Code == CodeConnected
	})
	before := p.count(denied)
	for n := range 20 {
		say(t, u, denied, counted(n))
		say(t, u, allowed, counted(n))
	}
	waitFor(t, func() bool { return p.count(allowed) >= 40 && u.Status().Waiting == 40 })
	if n := p.count(denied) - before; n > 3 {
		t.Errorf("%d messages were tried that are not allowed", n)
	}
	p.allow()
	u.mu.Lock()
	u.refusals.since = time.Now().Add(-timing.aside)
	u.mu.Unlock()
	waitFor(t, func() bool {
		return u.Status().Waiting == 0 && p.count(denied) >= before+40 && p.count(info) > provoked && u.Status().Message == ""
	})
}

// A broker that ends every connection, whatever it gets, causes nothing to be set aside.
func TestBrokerThatTakesNothing(t *testing.T) {
	r := &refusals{}
	i := &item{full: "minirelay/home/greenhouse/state"}
	for range 20 {
		if got := r.ended(r.soon >= manySoon, 0, []*item{i}); got != nil {
			t.Fatalf("%v is set aside", got.full)
		}
	}
	var refused *item
	rounds := 0
	for ; refused == nil; rounds++ {
		refused = r.ended(true, 1, []*item{i})
	}
	if rounds != provoked || refused != i {
		t.Errorf("set aside after %d", rounds)
	}
}
