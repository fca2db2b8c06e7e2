package broker

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
)

// mostHeap is how much the heap may grow by anything that one user does, in bytes: what the process takes from the
// system is up to twice as much.
const mostHeap = 16 << 20

// An attack is what the clients of one user do at once. Without a bound per user each of these makes the broker hold
// tens or hundreds of megabytes.
func TestMemoryOfOneUser(t *testing.T) {
	for name, attack := range map[string]func(t *testing.T, b *testBroker){
		"sessions with many long filters": func(t *testing.T, b *testBroker) {
			for i := range 150 {
				c := b.connected(t, 5, "operator", fmt.Sprint("flood", i), persistent)
				for part := range 4 {
					var filters []string
					for j := range maxSubscriptions / 4 {
						filters = append(filters, "home/"+strings.Repeat("x/", 14)+fmt.Sprintf("%0200d", (i*4+part)<<10+j))
					}
					c.subscribe(1, filters...)
				}
				c.conn.Close()
			}
		},
		"shared subscriptions of long groups": func(t *testing.T, b *testBroker) {
			for i := range 100 {
				c := b.connected(t, 5, "viewer", fmt.Sprint("flood", i), persistent)
				for j := range 10 {
					c.subscribe(1, fmt.Sprintf("$share/%060000d/minirelay/home/status", i<<10+j))
				}
				c.conn.Close()
			}
		},
		"messages kept for sessions that are away": func(t *testing.T, b *testBroker) {
			for i := range maxAway {
				c := b.connected(t, 4, "operator", fmt.Sprint("flood", i), persistent)
				c.subscribe(1, fmt.Sprint("home/chat/", i))
				c.conn.Close()
				b.away(t, fmt.Sprint("flood", i))
			}
			for i := range maxAway * 32 {
				_ = b.Publish(fmt.Sprint("home/chat/", i%maxAway), make([]byte, 32<<10), 1, false, nil)
			}
		},
		"subscribers that do not acknowledge": func(t *testing.T, b *testBroker) {
			for i := range 32 {
				c := b.connected(t, 4, "operator", fmt.Sprint("flood", i), persistent)
				c.subscribe(1, fmt.Sprint("home/chat/", i))
				go func() { // it reads, and nothing else
					for {
						if _, err := c.next(soon); err != nil {
							return
						}
					}
				}()
			}
			for i := range 32 * 200 {
				_ = b.Publish(fmt.Sprint("home/chat/", i%32), make([]byte, 16<<10), 1, false, nil)
			}
		},
		"subscribing again and again without reading": func(t *testing.T, b *testBroker) {
			var clients []*rawClient
			for i := range 16 {
				c := b.connected(t, 4, "all", fmt.Sprint("flood", i), nil)
				_ = c.conn.(*net.TCPConn).SetReadBuffer(4 << 10)
				clients = append(clients, c)
			}
			for round := range 40 {
				for i := range 200 {
					_ = b.Publish(fmt.Sprintf("minirelay/home/d%d/model", i), fmt.Appendf(nil, "%08000d", round), 1, true, nil)
				}
				for _, c := range clients {
					subscribe := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: 1, ProtocolVersion: 4,
						Filters: packets.Subscriptions{{Filter: "minirelay/home/+/model", Qos: 1}, {Filter: "minirelay/home/#", Qos: 1}, {Filter: "minirelay/#"}}}
					unsubscribe := subscribe
					unsubscribe.FixedHeader.Type = packets.Unsubscribe
					_, _ = c.conn.Write(append(encode(t, subscribe), encode(t, unsubscribe)...))
				}
				eventually(t, "the packets are processed", func() bool {
					return len(b.gateway.subscribed) >= len(clients)*(round+1)*3 || len(b.gateway.subscribed) == cap(b.gateway.subscribed)
				})
			}
		},
		"large packets that do not end": func(t *testing.T, b *testBroker) {
			for i := range 500 {
				c := b.raw(t, 4)
				c.send(connectPacket(4, "viewer", fmt.Sprint("flood", i)))
				_, _ = c.next(soon) // it is disconnected, some time
				_, _ = c.conn.Write([]byte{packets.Publish << 4, 0xf0, 0xff, 0x03, 0})
			}
		},
		"acknowledgements that are not read": func(t *testing.T, b *testBroker) {
			for i := range 32 {
				c := b.connected(t, 5, "viewer", fmt.Sprint("flood", i), nil)
				_ = c.conn.(*net.TCPConn).SetReadBuffer(4 << 10)
				echo := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Unsubscribe, Qos: 1}, PacketID: 1, ProtocolVersion: 5,
					Filters: packets.Subscriptions{{Filter: "x"}}}
				echo.Properties.User = []packets.UserProperty{{Key: "k", Val: strings.Repeat("v", 60_000)}}
				for range 150 { // the kernel's buffers are not on the heap
					_, _ = c.conn.Write(encode(t, echo))
				}
			}
		},
		"a gateway at a hub, and sessions of its people": func(t *testing.T, b *testBroker) {
			for i := range 128 {
				c := b.connected(t, 4, "both", fmt.Sprint("flood", i), persistent)
				c.subscribe(1, fmt.Sprintf("minirelay/other/d%d/event", i))
				c.conn.Close()
				b.away(t, fmt.Sprint("flood", i))
			}
			c := b.connected(t, 4, "other", "minirelay-other", nil)
			go func() {
				for {
					if _, err := c.next(soon); err != nil {
						return
					}
				}
			}()
			for i := range 2000 {
				c.publish(fmt.Sprintf("minirelay/other/d%d/event", i%128), strings.Repeat("x", 60_000), 1, 1, false)
				c.publish(fmt.Sprintf("minirelay/other/d%d/state", i), strings.Repeat("x", 60_000), 1, 1, true)
			}
			eventually(t, "everything has come", func() bool { return b.traffic.messagesIn.Load() >= 4000 })
		},
		"messages of QoS 2 that are not complete": func(t *testing.T, b *testBroker) {
			for i := range 150 {
				c := b.connected(t, 4, "operator", fmt.Sprint("flood", i), persistent)
				for id := range maxReceive {
					pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 2}, TopicName: "home/x/set", PacketID: uint16(id + 1), ProtocolVersion: 4}
					_, _ = c.conn.Write(encode(t, pk))
				}
				c.alive()
				c.conn.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) { checkAttack(t, attack) })
	}
}

func checkAttack(t *testing.T, attack func(*testing.T, *testBroker)) {
	b := start(t, testConfig(t))
	b.gateway.handle = func(m Message) bool { return false }
	friend := b.connected(t, 4, "admin", "friend", nil)
	friend.subscribe(1, "letters/#")
	writer := b.connected(t, 4, "admin", "writer", nil)
	before := heap()
	attack(t, b)
	most := heap() - before
	for i := range 100 {
		writer.publish("letters/x", fmt.Sprint(i), 1, 1, false)
		writer.read()
		pk := friend.read()
		if string(pk.Payload) != fmt.Sprint(i) {
			t.Fatalf("the friend reads %q, not %d", pk.Payload, i)
		}
		friend.ack(pk.PacketID)
	}
	if most = max(most, heap()-before); most > mostHeap {
		t.Errorf("the heap has grown by %d KiB, the broker counts %d KiB", most>>10, b.budget.used.Load()>>10)
	}
	t.Logf("the heap has grown by %d KiB, the broker counts %d KiB", most>>10, b.budget.used.Load()>>10)
	if used := b.budget.of("admin").used.Load(); used > 64<<10 {
		t.Errorf("%d bytes are counted for others", used)
	}
}

// Whoever reaches a bound is named: by the SUBACK, in the log once, and in the figures.
func TestFullUserIsNamed(t *testing.T) {
	b := start(t, testConfig(t))
	refused := map[byte]bool{}
	for i := range 60 {
		version := byte(4 + i%2)
		c := b.connected(t, version, "operator", fmt.Sprint("flood", i), nil)
		var filters []string
		for j := range maxSubscriptions {
			filters = append(filters, "home/"+fmt.Sprintf("%0200d", i<<10+j))
		}
		for _, code := range c.subscribe(1, filters...) {
			if code > 1 {
				refused[version<<4] = refused[version<<4] || code == packets.ErrUnspecifiedError.Code || code == packets.ErrQuotaExceeded.Code && version == 5
			}
		}
	}
	if !refused[4<<4] || !refused[5<<4] {
		t.Errorf("refused: %v", refused)
	}
	stats := b.Stats()
	if len(stats.Full) != 1 || stats.Full[0].User != "operator" || stats.Full[0].Times == 0 || stats.Full[0].Last.IsZero() ||
		stats.Held == 0 || stats.Held > hardHeld || stats.MaxHeld != allHeld {
		t.Errorf("%+v, %d of %d bytes", stats.Full, stats.Held, stats.MaxHeld)
	}
	if n := strings.Count(b.logs.String(), "too many subscriptions"); n != 1 {
		t.Errorf("%d lines in the log", n)
	}
	if codes := b.connected(t, 5, "viewer", "phone", nil).subscribe(1, "minirelay/home/status"); codes[0] != 1 {
		t.Errorf("another user is refused: %#x", codes)
	}
}

// Many screens of one user that subscribe to the same, or get one large message at once, are no attack.
func TestManyScreensOfOneUser(t *testing.T) {
	b := start(t, testConfig(t))
	const screens = 300
	_ = b.Publish("minirelay/home/greenhouse/model", make([]byte, 20_000), 1, true, nil)
	var all []*rawClient
	for i := range screens {
		c := b.connected(t, 4, "viewer", fmt.Sprint("screen", i), nil)
		for _, code := range c.subscribe(1, "minirelay/home/status", "minirelay/home/info", "minirelay/home/+/model", "minirelay/home/+/state",
			"minirelay/home/+/availability", "minirelay/home/+/event", "minirelay/home/+/result", fmt.Sprint("minirelay/home/reply/screen", i)) {
			if code != 1 {
				t.Fatalf("SUBACK %#x for screen %d", code, i)
			}
		}
		all = append(all, c)
	}
	for range 3 {
		_ = b.Publish("minirelay/home/greenhouse/state", make([]byte, 20_000), 1, true, nil)
	}
	for _, c := range all {
		for n := 0; n < 4*20_000; {
			pk := c.read()
			if pk.FixedHeader.Type != packets.Publish {
				t.Fatalf("%d bytes came: %s", n, b.logs)
			}
			n += len(pk.Payload)
			c.ack(pk.PacketID)
		}
	}
	if full := b.budget.full(); full != nil {
		t.Errorf("%+v", full)
	}
}

// Of the users who hold too much, or who hold most if all hold too much, the session that holds most has to end.
func TestGreediest(t *testing.T) {
	b := &Broker{sessions: map[string]*session{}, budget: newBudget()}
	add := func(id, user string, bytes int) {
		s := &session{id: id, user: user, share: b.budget.of(user)}
		s.charge(bytes)
		b.sessions[id] = s
	}
	next := func() string {
		s, _ := b.greediest(leastCut)
		if s == nil {
			return ""
		}
		return s.id
	}
	add("a1", "a", maxShare/2)
	add("a2", "a", maxShare/2-4*leastCut)
	add("b1", "b", maxShare-1)
	if got := next(); got != "" {
		t.Errorf("%s has to end", got)
	}
	add("a3", "a", leastCut)
	add("a4", "a", maxShare/2+1)
	if got := next() + " " + next(); got != "a4 " { // the rest is within the share once that is gone
		t.Errorf("%s have to end", got)
	}
	for i := range allHeld / maxShare {
		add(fmt.Sprint("c", i), fmt.Sprint("c", i), maxShare-i*leastCut)
	}
	if got := next() + " " + next(); got != "c0 b1" {
		t.Errorf("%s have to end", got)
	}
	for range 100 {
		next()
	}
	all := b.budget.used.Load()
	for _, s := range b.sessions {
		if s.cut {
			all -= s.weight.Load()
		}
	}
	if all > allHeld || all < allHeld-maxShare {
		t.Errorf("%d bytes are left", all)
	}
}

// A last will counts for its session until it is published, or is not wanted any more.
func TestWillsCount(t *testing.T) {
	b := start(t, testConfig(t))
	leave := func(pk *packets.Packet) {
		persistent(pk)
		pk.Connect.WillFlag, pk.Connect.WillTopic, pk.Connect.WillPayload = true, "home/chat/phone", make([]byte, 7000)
		pk.Connect.WillProperties.WillDelayInterval = 50
	}
	c := b.connected(t, 5, "operator", "phone", leave)
	weight := b.lookup("phone").weight.Load
	if n := weight(); n < 7000 {
		t.Errorf("%d bytes are counted", n)
	}
	c.conn.Close() // it waits for its delay
	b.away(t, "phone")
	if n := weight(); n < sessionCost+7000 {
		t.Errorf("%d bytes are counted while it waits", n)
	}
	c = b.connected(t, 5, "operator", "phone", persistent)
	eventually(t, "it is not wanted any more", func() bool { return weight() == 0 })
	c.conn.Close()
	b.away(t, "phone")
	c = b.connected(t, 5, "operator", "phone", leave)
	c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}})
	c.ended()
	b.away(t, "phone")
	if n := weight(); n != sessionCost {
		t.Errorf("%d bytes are counted after a DISCONNECT", n)
	}
}
