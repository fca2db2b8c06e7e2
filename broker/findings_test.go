package broker

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// Each test here covers a fault of plain mochi 2.7.9.

// A client with a ReceiveMaximum, subscribed at QoS 1 and hit by a burst, stops all of mochi for ever: it takes a read
// lock twice with a writer in between. Here the client gets everything, and never more at once than it allowed.
func TestReceiveMaximum(t *testing.T) {
	b := start(t, testConfig(t))
	const allowed, burst = 3, 2000
	c := b.connected(t, 5, "operator", "phone", func(pk *packets.Packet) { pk.Properties.ReceiveMaximum = allowed })
	c.subscribe(1, "minirelay/home/greenhouse/event")
	published := make(chan error, 1)
	go func() {
		for i := range burst {
			if err := b.Publish("minirelay/home/greenhouse/event", fmt.Append(nil, i), 1, false, nil); err != nil {
				published <- err
				return
			}
		}
		published <- nil
	}()
	var open []uint16
	for i := range burst {
		pk := c.read()
		if string(pk.Payload) != fmt.Sprint(i) {
			t.Fatalf("message %d is %q", i, pk.Payload)
		}
		if open = append(open, pk.PacketID); len(open) == allowed {
			if i < 10 {
				if extra, err := c.next(50 * time.Millisecond); err == nil {
					t.Fatalf("%+v came beyond the ReceiveMaximum", extra)
				}
			}
			for _, id := range open {
				c.ack(id)
			}
			open = nil
		}
	}
	expect(t, published, error(nil))
}

// A SUBSCRIBE of MQTT 5 that ends after its filter panics in SubscribeDecode and ends the process.
func TestTruncatedSubscribe(t *testing.T) {
	b := start(t, testConfig(t))
	for _, scheme := range []string{"tcp", "wss"} {
		c := &rawClient{t: t, version: 5}
		if scheme == "tcp" {
			c = b.raw(t, 5)
		} else {
			c = b.rawWSS(t, 5)
		}
		c.login("operator", "phone-"+scheme, nil)
		c.write([]byte{0x82, 6, 0, 1, 0, 0, 1, 'a'})
		c.ended()
	}
	if n := strings.Count(b.logs.String(), "a packet could not be handled"); n != 1 {
		t.Errorf("%d lines in the log; one is enough to know, and many would fill the disk", n)
	}
	if !b.connected(t, 5, "operator", "phone-tcp", nil).alive() {
		t.Error("the same client cannot come back")
	}
	eventually(t, "nothing is left of the connections", func() bool {
		b.sessionsMu.Lock()
		defer b.sessionsMu.Unlock()
		return len(b.sessions) == 1 && b.online == 1
	})
}

// mochi publishes a last will without checking any rights: a read-only client switches a relay by disconnecting.
func TestWills(t *testing.T) {
	leave := func(topic string) func(*packets.Packet) {
		return func(pk *packets.Packet) {
			pk.Connect.WillFlag, pk.Connect.WillTopic, pk.Connect.WillPayload = true, topic, []byte("bye")
		}
	}
	for _, test := range []struct {
		user, topic string
		ok          bool
	}{
		{"viewer", "minirelay/home/greenhouse/command", false},
		{"operator", "minirelay/home/greenhouse/command", false}, // a dying connection sends no commands
		{"admin", "minirelay/home/greenhouse/command", false},
		{"admin", "minirelay/home/greenhouse/state", false},
		{"operator", "minirelay/home/request/phone", false},
		{"viewer", "home/chat/phone", false},
		{"operator", "home/chat/phone", true},
		{"operator", "home/+/set", false},
		{"operator", "$SYS/broker/uptime", false},
	} {
		for version, refused := range map[byte]byte{4: 5, 5: packets.ErrNotAuthorized.Code} {
			t.Run(fmt.Sprint(test.user, version, test.topic), func(t *testing.T) {
				b := start(t, testConfig(t))
				friend := b.connected(t, 4, "operator", "friend", nil)
				friend.subscribe(1, "home/#")
				c := b.raw(t, version)
				ack := c.login(test.user, "phone", leave(test.topic))
				if !test.ok {
					if ack.ReasonCode != refused {
						t.Fatalf("CONNACK %#x, want %#x", ack.ReasonCode, refused)
					}
					c.ended()
					return
				}
				if ack.ReasonCode != 0 {
					t.Fatalf("CONNACK %#x", ack.ReasonCode)
				}
				c.conn.Close()
				if pk := friend.read(); pk.TopicName != test.topic || string(pk.Payload) != "bye" {
					t.Fatalf("%+v", pk)
				}
				select {
				case m := <-b.gateway.messages:
					t.Fatalf("the gateway got the will: %+v", m)
				default:
				}
			})
		}
	}
}

// A DISCONNECT cancels the will.
func TestWillTakenBack(t *testing.T) {
	b := start(t, testConfig(t))
	friend := b.connected(t, 4, "operator", "friend", nil)
	friend.subscribe(1, "home/#")
	c := b.connected(t, 4, "operator", "phone", func(pk *packets.Packet) {
		pk.Connect.WillFlag, pk.Connect.WillTopic, pk.Connect.WillPayload = true, "home/chat/phone", []byte("bye")
	})
	c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}})
	c.ended()
	other := b.connected(t, 4, "operator", "other", nil)
	other.publish("home/chat/other", "after", 1, 1, false)
	if pk := friend.read(); string(pk.Payload) != "after" {
		t.Fatalf("%+v", pk)
	}
}

// In mochi a session belongs to a client id only: another user with the same id gets its messages and disconnects it.
func TestClientIDOfAnotherUser(t *testing.T) {
	b := start(t, testConfig(t))
	for version, refused := range map[byte]byte{4: 2, 5: packets.ErrClientIdentifierNotValid.Code} {
		id := fmt.Sprint("phone", version)
		owner := b.connected(t, version, "operator", id, func(pk *packets.Packet) {
			pk.Connect.Clean = false
			pk.Properties.SessionExpiryInterval, pk.Properties.SessionExpiryIntervalFlag = 60, true
		})
		for range 2 { // while the owner is online, and while it is away
			if ack := b.raw(t, version).login("viewer", id, nil); ack.ReasonCode != refused {
				t.Fatalf("CONNACK %#x, want %#x", ack.ReasonCode, refused)
			}
			owner.conn.Close()
		}
		if ack := b.raw(t, version).login("operator", id, func(pk *packets.Packet) { pk.Connect.Clean = false }); ack.ReasonCode != 0 || !ack.SessionPresent {
			t.Fatalf("the owner cannot come back: %+v", ack)
		}
	}
}

// The same user with the same id takes over; the old connection learns why. In mochi the two race, and the new
// client may be dropped from its tables while it stays connected.
func TestTakeover(t *testing.T) {
	b := start(t, testConfig(t))
	for i := range 50 {
		version := byte(4 + i%2)
		old := b.connected(t, version, "operator", "phone", nil)
		old.subscribe(1, "minirelay/home/greenhouse/event")
		c := b.connected(t, version, "operator", "phone", nil)
		if code := old.ended(); version == 5 && code != packets.ErrSessionTakenOver.Code {
			t.Fatalf("DISCONNECT %#x", code)
		}
		c.subscribe(1, "minirelay/home/greenhouse/event")
		_ = b.Publish("minirelay/home/greenhouse/event", []byte("x"), 1, false, nil)
		if pk := c.read(); string(pk.Payload) != "x" {
			t.Fatalf("round %d: %+v", i, pk)
		}
		c.conn.Close()
	}
}

// mochi allocates whatever five bytes announce, before any login: 256 MB each.
func TestHugeAnnouncement(t *testing.T) {
	b := start(t, testConfig(t))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		c := b.raw(t, 4)
		c.write([]byte{packets.Connect << 4, 0xff, 0xff, 0xff, 0x7f})
		c.ended()
	}
	c := b.raw(t, 4)
	c.write([]byte{packets.Connect << 4, 0x80, 0x80, 0x01}) // 16 KiB, none of which has to arrive
	if pk, err := c.next(connectTime / 2); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a large CONNECT is waited for: %+v", pk)
	}
	c = b.connected(t, 4, "operator", "phone", nil)
	c.write([]byte{packets.Publish << 4, 0xff, 0xff, 0xff, 0x7f})
	c.ended()
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
		t.Errorf("%d MiB were allocated", grown>>20)
	}
}

// mochi waits for a CONNECT without a timeout.
func TestNoConnect(t *testing.T) {
	b := start(t, testConfig(t))
	var silent []net.Conn
	for i := range 200 {
		address := b.Addrs().MQTT
		if i%2 == 1 {
			address = b.Addrs().TLS
		}
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		silent = append(silent, conn)
	}
	for range 20 { // upgraded, and then silent
		silent = append(silent, b.dialWS(t, nil, "mqtt").NetConn())
	}
	b.paho(t, "wss", "operator", "phone")
	for _, conn := range silent {
		_ = conn.SetReadDeadline(time.Now().Add(connectTime + soon))
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("a connection without CONNECT is still open: %v", err)
		}
	}
	eventually(t, "nobody is before the login", func() bool {
		b.preLogin.mu.Lock()
		defer b.preLogin.mu.Unlock()
		return b.preLogin.strangers.waiting.Len() == 0 && len(b.preLogin.strangers.of) == 0
	})
}

// 1.5 × 43691 s overflows mochi's uint16, so that the client is disconnected at once.
func TestKeepaliveOverflow(t *testing.T) {
	b := start(t, testConfig(t))
	for _, keepalive := range []uint16{0, 1, 43691, 65535} {
		for _, version := range []byte{4, 5} {
			c := b.raw(t, version)
			ack := c.login("operator", "phone", func(pk *packets.Packet) { pk.Connect.Keepalive = keepalive })
			if version == 5 && keepalive != 1 && ack.Properties.ServerKeepAlive != maxKeepalive {
				t.Errorf("keepalive %d: the CONNACK says %d", keepalive, ack.Properties.ServerKeepAlive)
			}
			if pk, err := c.next(100 * time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("keepalive %d: %v %+v", keepalive, err, pk)
			}
			if !c.alive() {
				t.Errorf("keepalive %d: disconnected", keepalive)
			}
			c.conn.Close()
		}
	}
}

// mochi sends as many retained messages as its queue holds, 8192 or the configured number, and drops the rest silently.
func TestManyRetained(t *testing.T) {
	b := start(t, testConfig(t))
	const many = 12_000
	for i := range many {
		_ = b.Publish(fmt.Sprintf("minirelay/home/d%d/state", i), []byte("x"), 1, true, nil)
	}
	c := b.paho(t, "wss", "all", "phone")
	got := subscribe(t, c, "minirelay/home/+/state", 1)
	seen := map[string]bool{}
	for len(seen) < many {
		select {
		case m := <-got:
			seen[m] = true
		case <-time.After(soon):
			t.Fatalf("%d of %d came", len(seen), many)
		}
	}
}

// mochi forgets an outgoing message when a publish with the same packet id comes in, and refuses a SUBSCRIBE with the
// id of one, although each side counts on its own.
func TestPacketIDsOfBothSides(t *testing.T) {
	b := start(t, testConfig(t))
	keep := func(pk *packets.Packet) { pk.Connect.Clean = false }
	c := b.connected(t, 4, "operator", "phone", keep)
	c.subscribe(1, "minirelay/home/greenhouse/event")
	_ = b.Publish("minirelay/home/greenhouse/event", []byte("precious"), 1, false, nil)
	id := c.read().PacketID
	c.publish("home/x/set", "1", 1, id, false)
	c.read()
	c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: id,
		Filters: packets.Subscriptions{{Filter: "home/x"}}})
	if ack := c.read(); len(ack.ReasonCodes) != 1 || ack.ReasonCodes[0] != 0 {
		t.Fatalf("SUBACK %+v", ack.ReasonCodes)
	}
	c.conn.Close()
	c = b.connected(t, 4, "operator", "phone", keep)
	if pk := c.read(); string(pk.Payload) != "precious" || !pk.FixedHeader.Dup || pk.PacketID != id {
		t.Fatalf("%+v", pk)
	}
}
