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
			for i := range 64 {
				c := b.connected(t, 4, "operator", fmt.Sprint("flood", i), persistent)
				c.subscribe(1, fmt.Sprint("home/chat/", i))
				c.conn.Close()
				b.away(t, fmt.Sprint("flood", i))
			}
			for i := range 64 * 64 {
				_ = b.Publish(fmt.Sprint("home/chat/", i%64), make([]byte, 32<<10), 1, false, nil)
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
