package broker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
)

// A client that does not read costs no memory for the retained messages that it has asked for, and gets the newest.
func TestSlowReader(t *testing.T) {
	b := start(t, testConfig(t))
	const topics, changed = 2000, 100
	filler := strings.Repeat("x", 4000)
	state := func(i, version int) {
		_ = b.Publish(fmt.Sprintf("minirelay/home/d%04d/state", i), fmt.Append(nil, version, " ", filler), 1, true, nil)
	}
	for i := range topics {
		state(i, 1)
	}
	c := b.connected(t, 4, "all", "phone", nil)
	c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: 1,
		Filters: packets.Subscriptions{{Filter: "minirelay/home/+/state", Qos: 1}}})
	<-b.gateway.subscribed
	if weight := b.lookup("phone").weight.Load(); weight > unackedBytes+4*publishRoom {
		t.Errorf("%d bytes are held for it", weight)
	}
	for i := range changed {
		state(topics-1-i, 2) // the last ones, which have not been sent
		state(i, 2)          // the first ones, which have
	}
	newest := map[string]int{}
	for last := fmt.Sprintf("minirelay/home/d%04d/state", changed-1); newest[last] < 2; {
		pk := c.read()
		if pk.FixedHeader.Type != packets.Publish {
			continue
		}
		version := int(pk.Payload[0] - '0')
		if version < newest[pk.TopicName] {
			t.Fatalf("%s: %d comes after %d", pk.TopicName, version, newest[pk.TopicName])
		}
		newest[pk.TopicName] = version
		c.ack(pk.PacketID)
	}
	for i := range topics {
		want := 1
		if i < changed || i >= topics-changed {
			want = 2
		}
		if got := newest[fmt.Sprintf("minirelay/home/d%04d/state", i)]; got != want {
			t.Fatalf("d%04d is %d, want %d", i, got, want)
		}
	}
	if !c.quiet() {
		t.Error("there is more")
	}
}

// A client that subscribes again before it has everything begins anew, and one that unsubscribes gets no more.
func TestSubscribeAgain(t *testing.T) {
	b := start(t, testConfig(t))
	const topics = 200
	for i := range topics {
		_ = b.Publish(fmt.Sprintf("minirelay/home/d%03d/state", i), []byte("x"), 1, true, nil)
	}
	c := b.connected(t, 5, "all", "phone", func(pk *packets.Packet) { pk.Properties.ReceiveMaximum = 2 })
	var open []uint16
	send := func(kind byte) {
		c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: kind, Qos: 1}, PacketID: 1,
			Filters: packets.Subscriptions{{Filter: "minirelay/home/+/state", Qos: 1}}})
		for {
			pk := c.read()
			if pk.FixedHeader.Type != packets.Publish {
				return
			}
			open = append(open, pk.PacketID)
		}
	}
	waiting := func() int {
		s := b.lookup("phone")
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.pending.len()
	}
	for range 50 {
		send(packets.Subscribe)
	}
	if n := waiting(); n != 1 {
		t.Errorf("%d wait", n)
	}
	for range 50 {
		send(packets.Unsubscribe)
		if n := waiting(); n != 0 {
			t.Fatalf("%d wait", n)
		}
		send(packets.Subscribe)
	}
	next := 0
	for next < topics {
		for _, id := range open {
			c.ack(id)
		}
		pk := c.read()
		open = []uint16{pk.PacketID}
		if pk.TopicName == fmt.Sprintf("minirelay/home/d%03d/state", next) {
			next++
		} else if next > 0 {
			t.Fatalf("%s comes after number %d", pk.TopicName, next)
		}
	}
	if !c.quiet() {
		t.Error("there is more")
	}
}

// A search through many retained messages does not keep the publishers waiting that deliver to the same client.
func TestReplayTakesSteps(t *testing.T) {
	b := start(t, testConfig(t))
	for i := range 3*replayStep + 1 {
		_ = b.Publish(fmt.Sprintf("minirelay/home/d%04d/state", i), []byte("x"), 1, true, nil)
	}
	b.connected(t, 4, "all", "phone", nil).subscribe(1, "minirelay/home/+/event")
	s := b.lookup("phone")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pushLocked(delivery{replay: &replay{filter: "minirelay/home/+/event", to: b.retained.newest()}})
	steps := 1
	for s.pumpLocked() {
		steps++
	}
	if steps != 4 || s.pending.len() != 0 {
		t.Errorf("%d steps, %d wait", steps, s.pending.len())
	}
}

// A client that was away gets the newest state of every device that has changed, however many they are.
func TestAwayWhileEverythingChanges(t *testing.T) {
	b := start(t, testConfig(t))
	const topics = 4 * maxOffline
	state := func(i int, version string) {
		_ = b.Publish(fmt.Sprintf("minirelay/home/d%04d/state", i), []byte(version), 1, true, nil)
	}
	for i := range topics {
		state(i, "1")
	}
	c := b.connected(t, 4, "all", "phone", persistent)
	c.subscribe(1, "minirelay/home/+/state", "minirelay/home/+/event", "minirelay/home/d0001/#")
	for range topics + 1 {
		c.ack(c.read().PacketID)
	}
	if !c.quiet() {
		t.Fatal("there is more")
	}
	c.conn.Close()
	b.away(t, "phone")
	for version := range 3 {
		for i := 1; i < topics; i++ {
			state(i, fmt.Sprint(version))
		}
	}
	_ = b.Publish("minirelay/home/d0002/state", nil, 1, true, nil) // it is gone
	for i := range 10 {
		_ = b.Publish("minirelay/home/d0003/event", fmt.Append(nil, i), 1, false, nil)
	}
	if weight := b.lookup("phone").weight.Load(); weight > sessionCost+11*(slotCost+messageCost+64)+3*(filterCost+subscriptionCost+64) {
		t.Errorf("%d bytes are held for it", weight)
	}
	c = b.connected(t, 4, "all", "phone", persistent)
	for i := 1; i < topics; i++ {
		if i == 2 {
			continue
		}
		pk := c.read()
		if want := fmt.Sprintf("minirelay/home/d%04d/state", i); pk.TopicName != want || string(pk.Payload) != "2" {
			t.Fatalf("%s is %s, want %s", pk.TopicName, pk.Payload, want)
		}
		c.ack(pk.PacketID)
	}
	if pk := c.read(); pk.TopicName != "minirelay/home/d0002/state" || len(pk.Payload) != 0 {
		t.Fatalf("%s %s", pk.TopicName, pk.Payload)
	}
	for i := range 10 {
		if pk := c.read(); string(pk.Payload) != fmt.Sprint(i) {
			t.Fatalf("%s %s", pk.TopicName, pk.Payload)
		}
	}
	if !c.quiet() {
		t.Error("there is more")
	}
}

// On a topic with retained and other messages, they stay in order.
func TestAwayOnAMixedTopic(t *testing.T) {
	b := start(t, testConfig(t))
	c := b.connected(t, 4, "operator", "phone", persistent)
	c.subscribe(1, "home/lamp")
	c.conn.Close()
	b.away(t, "phone")
	for _, m := range []struct {
		payload string
		retain  bool
	}{{"a", true}, {"1", false}, {"b", true}, {"", true}, {"c", true}, {"2", false}, {"d", true}, {"3", false}} {
		_ = b.Publish("home/lamp", []byte(m.payload), 1, m.retain, nil)
	}
	c = b.connected(t, 4, "operator", "phone", persistent)
	var got []string
	for range 4 {
		pk := c.read()
		got = append(got, string(pk.Payload))
	}
	if fmt.Sprint(got) != "[1 2 d 3]" || !c.quiet() {
		t.Error(got)
	}
}

// What waits for a client that is away, or has not acknowledged it, is not delivered after the right to read it is gone.
func TestRightsTakenWhileAway(t *testing.T) {
	cfg := testConfig(t)
	b := start(t, cfg)
	c := b.connected(t, 4, "all", "phone", persistent)
	c.subscribe(1, "minirelay/home/+/event", "minirelay/home/+/state")
	publish := func(device, payload string) {
		_ = b.Publish("minirelay/home/"+device+"/event", []byte(payload), 1, false, nil)
		_ = b.Publish("minirelay/home/"+device+"/state", []byte(payload), 1, true, nil)
	}
	publish("greenhouse", "1")
	publish("meter", "1")
	for range 4 {
		c.read()
	}
	c.conn.Close()
	b.away(t, "phone")
	publish("greenhouse", "2")
	publish("meter", "2")
	user(&cfg, "all").Devices = []string{"meter"}
	if err := b.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	c = b.connected(t, 4, "all", "phone", persistent)
	for _, want := range []string{"event 1", "state 1", "state 2", "event 2"} {
		pk := c.read()
		if got := strings.TrimPrefix(pk.TopicName, "minirelay/home/meter/") + " " + string(pk.Payload); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if !c.quiet() {
		t.Error("there is more")
	}
}
