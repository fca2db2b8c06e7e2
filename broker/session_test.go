package broker

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

func persistent(pk *packets.Packet) {
	pk.Connect.Clean = false
	if pk.ProtocolVersion == 5 {
		pk.Properties.SessionExpiryInterval, pk.Properties.SessionExpiryIntervalFlag = 60, true
	}
}

// away waits until the client id has no connection but still a session.
func (b *testBroker) away(t testing.TB, id string) {
	t.Helper()
	eventually(t, id+" is away", func() bool {
		b.sessionsMu.Lock()
		defer b.sessionsMu.Unlock()
		s := b.sessions[id]
		return s != nil && s.owner == nil
	})
}

// A client that was away gets its unacknowledged messages again, in order, then the newest of each retained topic and
// the latest of the others. mochi has no order here.
func TestPersistentSession(t *testing.T) {
	for _, version := range []byte{4, 5} {
		b := start(t, testConfig(t))
		c := b.connected(t, version, "operator", "phone", persistent)
		c.subscribe(1, "minirelay/home/greenhouse/+")
		for i := range 5 {
			_ = b.Publish("minirelay/home/greenhouse/event", fmt.Append(nil, i), 1, false, nil)
		}
		var ids []uint16
		for range 5 {
			ids = append(ids, c.read().PacketID)
		}
		c.ack(ids[1]) // out of order
		c.ack(ids[3])
		if !c.alive() {
			t.Fatal("gone")
		}
		c.conn.Close()
		b.away(t, "phone")
		for i := range 1000 {
			_ = b.Publish("minirelay/home/greenhouse/state", fmt.Append(nil, "s", i), 1, true, nil)
		}
		_ = b.Publish("minirelay/home/greenhouse/result", []byte("r"), 1, false, nil)
		c = b.connected(t, version, "operator", "phone", persistent)
		for _, want := range []string{"0", "2", "4", "s999", "r"} {
			pk := c.read()
			if string(pk.Payload) != want || pk.FixedHeader.Dup != (want < "9") {
				t.Fatalf("MQTT %d: %s (dup %v), want %s", version, pk.Payload, pk.FixedHeader.Dup, want)
			}
			c.ack(pk.PacketID)
		}
		_ = b.Publish("minirelay/home/greenhouse/event", []byte("live"), 1, false, nil)
		if pk := c.read(); string(pk.Payload) != "live" || pk.FixedHeader.Dup {
			t.Fatalf("%+v", pk)
		}
	}
}

// Messages kept for a client that is away are bounded; the oldest is dropped.
func TestAwayForLong(t *testing.T) {
	b := start(t, testConfig(t))
	c := b.connected(t, 4, "operator", "phone", persistent)
	c.subscribe(1, "minirelay/home/greenhouse/event")
	c.conn.Close()
	b.away(t, "phone")
	for i := range 1000 {
		_ = b.Publish("minirelay/home/greenhouse/event", fmt.Append(nil, i), 1, false, nil)
	}
	c = b.connected(t, 4, "operator", "phone", persistent)
	for i := 1000 - maxOffline; i < 1000; i++ {
		if pk := c.read(); string(pk.Payload) != fmt.Sprint(i) {
			t.Fatalf("%s, want %d", pk.Payload, i)
		}
	}
}

// A clean start discards the old session, and a session that ends leaves no subscription behind.
func TestCleanStart(t *testing.T) {
	b := start(t, testConfig(t))
	c := b.connected(t, 4, "operator", "phone", persistent)
	c.subscribe(1, "minirelay/home/greenhouse/event")
	c.conn.Close()
	b.away(t, "phone")
	_ = b.Publish("minirelay/home/greenhouse/event", []byte("old"), 1, false, nil)
	c = b.connected(t, 4, "operator", "phone", nil)
	_ = b.Publish("minirelay/home/greenhouse/event", []byte("unasked"), 1, false, nil)
	if !c.alive() {
		t.Fatal("gone")
	}
	c.subscribe(1, "minirelay/home/greenhouse/event")
	_ = b.Publish("minirelay/home/greenhouse/event", []byte("new"), 1, false, nil)
	if pk := c.read(); string(pk.Payload) != "new" {
		t.Fatalf("%s", pk.Payload)
	}
	c.conn.Close()
	b.empty(t)
	if left, _ := b.index.match("minirelay/home/greenhouse/event"); len(left) != 0 || len(b.index.filters) != 0 {
		t.Errorf("%d subscriptions are left", len(left))
	}
}

// MQTT 5 clients may lengthen their session when they leave, but not without limit.
func TestSessionExpiryBound(t *testing.T) {
	b := start(t, testConfig(t))
	c := b.connected(t, 5, "operator", "phone", persistent)
	c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect},
		Properties: packets.Properties{SessionExpiryInterval: 1 << 31, SessionExpiryIntervalFlag: true}})
	c.ended()
	b.away(t, "phone")
	cl, _ := b.server.Clients.Get("phone")
	if got := cl.Properties.Props.SessionExpiryInterval; got != maxSessionExpiry {
		t.Errorf("%d s", got)
	}
	(&guard{b: b.Broker}).OnClientExpired(cl)
	b.empty(t)
}

// Messages on one topic from many publishers reach all subscribers in the same order, and the retained message is the
// last one.
func TestOrder(t *testing.T) {
	b := start(t, testConfig(t))
	const clients, publishers, each = 5, 4, 500
	var cs []*rawClient
	for i := range clients {
		c := b.connected(t, 4, "operator", fmt.Sprint("phone", i), nil)
		c.subscribe(byte(i%2), "minirelay/home/greenhouse/state")
		<-b.gateway.subscribed // or the first state may come twice, live and retained
		cs = append(cs, c)
	}
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for i := range each {
				_ = b.Publish("minirelay/home/greenhouse/state", fmt.Append(nil, p, " ", i), 1, true, nil)
			}
		})
	}
	var first []string
	for i, c := range cs {
		var all []string
		for range publishers * each {
			pk := c.read()
			all = append(all, string(pk.Payload))
			if pk.FixedHeader.Qos > 0 {
				c.ack(pk.PacketID)
			}
		}
		if i == 0 {
			first = all
		}
		for n := range all {
			if all[n] != first[n] {
				t.Fatalf("client %d: from message %d on %q, another saw %q", i, n, all[n:min(n+8, len(all))], first[n:min(n+8, len(all))])
			}
		}
	}
	wg.Wait()
	if last := string(b.retained.get("minirelay/home/greenhouse/state").payload); last != first[len(first)-1] {
		t.Errorf("%s is retained, %s came last", last, first[len(first)-1])
	}
}

// States keep changing while a client subscribes: its view never goes back.
func TestRetainedNeverOvertakes(t *testing.T) {
	b := start(t, testConfig(t))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				_ = b.Publish("minirelay/home/greenhouse/state", fmt.Appendf(nil, "%08d", i), 1, true, nil)
			}
		}
	}()
	defer func() { close(stop); <-stopped }()
	for round := range 50 {
		c := b.connected(t, 4, "operator", fmt.Sprint("phone", round), nil)
		c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: 1,
			Filters: packets.Subscriptions{{Filter: "minirelay/home/greenhouse/#", Qos: 0}}})
		seen := ""
		for n := 0; n < 100; {
			pk := c.read()
			if pk.FixedHeader.Type != packets.Publish {
				continue
			}
			if n++; string(pk.Payload) < seen {
				t.Fatalf("%s came after %s", pk.Payload, seen)
			}
			seen = string(pk.Payload)
		}
		c.conn.Close()
	}
}

// MQTT 5: subscription identifiers, no local, retain as published, retain handling, properties, expiry.
func TestOptionsOfMQTT5(t *testing.T) {
	b := start(t, testConfig(t))
	c := b.connected(t, 5, "operator", "phone", nil)
	sub := func(s packets.Subscription) {
		pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: 9,
			Filters: packets.Subscriptions{s}}
		if s.Identifier > 0 {
			pk.Properties.SubscriptionIdentifier = []int{s.Identifier}
		}
		c.send(pk)
		if ack := c.read(); ack.FixedHeader.Type != packets.Suback || ack.ReasonCodes[0] > 1 {
			t.Fatalf("SUBACK %+v", ack.ReasonCodes)
		}
	}
	_ = b.Publish("home/lamp", []byte("kept"), 1, true, nil)
	sub(packets.Subscription{Filter: "home/lamp", Qos: 1, Identifier: 7, RetainAsPublished: true})
	if pk := c.read(); string(pk.Payload) != "kept" || !pk.FixedHeader.Retain || fmt.Sprint(pk.Properties.SubscriptionIdentifier) != "[7]" {
		t.Fatalf("%+v", pk)
	}
	sub(packets.Subscription{Filter: "home/+", Qos: 0, Identifier: 300, RetainHandling: 2})
	sub(packets.Subscription{Filter: "home/lamp", Qos: 1, Identifier: 7, RetainAsPublished: true, RetainHandling: 1})
	_ = b.Publish("home/lamp", []byte("on"), 1, true, []byte("c"))
	pk := c.read()
	if string(pk.Payload) != "on" || pk.FixedHeader.Qos != 1 || !pk.FixedHeader.Retain ||
		fmt.Sprint(pk.Properties.SubscriptionIdentifier) != "[7 300]" || string(pk.Properties.CorrelationData) != "c" {
		t.Fatalf("%+v", pk)
	}
	sub(packets.Subscription{Filter: "home/chat/#", Qos: 1, NoLocal: true})
	c.publish("home/chat/x", "own", 0, 0, false)
	other := b.connected(t, 5, "operator", "other", nil)
	other.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish}, TopicName: "home/chat/x", Payload: []byte("other's"),
		Properties: packets.Properties{ContentType: "text/plain", PayloadFormat: 1, PayloadFormatFlag: true, MessageExpiryInterval: 50,
			ResponseTopic: "home/answers", User: []packets.UserProperty{{Key: "k", Val: "v"}}}})
	pk = c.read()
	p := pk.Properties
	if string(pk.Payload) != "other's" || p.ContentType != "text/plain" || p.PayloadFormat != 1 || p.ResponseTopic != "home/answers" ||
		fmt.Sprint(p.User) != "[{k v}]" || p.MessageExpiryInterval < 40 || p.MessageExpiryInterval > 50 {
		t.Fatalf("%s %+v", pk.Payload, p)
	}
}

// A client that accepts only small packets does not get the large ones.
func TestMaximumPacketSize(t *testing.T) {
	b := start(t, testConfig(t))
	c := b.connected(t, 5, "operator", "phone", func(pk *packets.Packet) { pk.Properties.MaximumPacketSize = 100 })
	c.subscribe(1, "minirelay/home/greenhouse/event")
	topic := "minirelay/home/greenhouse/event"
	fits := 100 - 2 - 2 - len(topic) - 2 - 1 // fixed header, topic, packet id, properties
	for n := fits + 1; n >= fits; n-- {
		_ = b.Publish(topic, make([]byte, n), 1, false, nil)
	}
	if pk := c.read(); len(pk.Payload) != fits {
		t.Errorf("%d bytes came", len(pk.Payload))
	}
}

// One member of a shared group gets each message, in turn, and none that is away while another is online.
func TestSharedSubscription(t *testing.T) {
	b := start(t, testConfig(t))
	one, two := b.connected(t, 5, "operator", "one", persistent), b.connected(t, 5, "operator", "two", nil)
	one.subscribe(1, "$share/g/home/#")
	two.subscribe(1, "$share/g/home/#")
	for range 10 {
		_ = b.Publish("home/x", []byte("x"), 0, false, nil)
	}
	for range 5 {
		one.read()
		two.read()
	}
	one.conn.Close()
	b.away(t, "one")
	for range 10 {
		_ = b.Publish("home/x", []byte("y"), 0, false, nil)
	}
	for range 10 {
		two.read()
	}
}

// QoS 2 is accepted from clients and passed on once.
func TestQoS2(t *testing.T) {
	b := start(t, testConfig(t))
	c := b.connected(t, 4, "operator", "phone", nil)
	c.subscribe(2, "home/#")
	c.publish("home/lamp/set", "on", 2, 5, false)
	c.publish("home/lamp/set", "on", 2, 5, false) // again, before the PUBREL
	got := map[byte]int{}
	for range 3 {
		pk := c.read()
		got[pk.FixedHeader.Type]++
	}
	c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pubrel, Qos: 1}, PacketID: 5})
	got[c.read().FixedHeader.Type]++
	if got[packets.Publish] != 1 || got[packets.Pubrec] != 2 || got[packets.Pubcomp] != 1 {
		t.Errorf("%v", got)
	}
}

// A will with a delay waits for it, and is dropped if the client comes back.
func TestWillDelay(t *testing.T) {
	b := start(t, testConfig(t))
	friend := b.connected(t, 4, "operator", "friend", nil)
	friend.subscribe(1, "home/#")
	leave := func(pk *packets.Packet) {
		persistent(pk)
		pk.Connect.WillFlag, pk.Connect.WillTopic, pk.Connect.WillPayload = true, "home/chat/phone", []byte("bye")
		pk.Connect.WillProperties.WillDelayInterval = 1
	}
	for range 2 {
		c := b.connected(t, 5, "operator", "phone", leave)
		c.conn.Close()
		b.away(t, "phone")
	}
	begun := time.Now()
	if pk := friend.read(); string(pk.Payload) != "bye" || time.Since(begun) < time.Second/2 {
		t.Errorf("%s after %v", pk.Payload, time.Since(begun))
	}
	if pk, err := friend.next(100 * time.Millisecond); err == nil {
		t.Errorf("another will: %+v", pk)
	}
}
