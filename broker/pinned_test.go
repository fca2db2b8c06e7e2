package broker

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
)

// heap is the memory in use, in bytes.
func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers and pools held
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// mochi's strings are parts of the packet that they came in: whatever keeps one keeps 64 KiB.
func TestKeptPartsOfPackets(t *testing.T) {
	const large, many = 60_000, 500
	for name, send := range map[string]func(c *rawClient, i int){
		"retained beside a response topic that is dropped": func(c *rawClient, i int) {
			c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Retain: true},
				TopicName: fmt.Sprint("home/chat/", i), Payload: []byte("x"), Properties: packets.Properties{ResponseTopic: strings.Repeat("x", large)}})
		},
		"the route of a topic": func(c *rawClient, i int) {
			c.publish(fmt.Sprint("home/chat/", i), strings.Repeat("x", large), 0, 0, false)
		},
		"a topic alias": func(c *rawClient, i int) {
			c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish}, TopicName: strings.Repeat("x", large),
				Properties: packets.Properties{TopicAlias: uint16(1 + i%maxAliases), TopicAliasFlag: true}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, testConfig(t))
			b.gateway.handle = func(Message) bool { return false }
			var clients []*rawClient
			for i := range many / maxAliases {
				clients = append(clients, b.connected(t, 5, "operator", fmt.Sprint("phone", i), nil))
			}
			before := heap()
			for i := range many {
				send(clients[i/maxAliases%len(clients)], i)
			}
			for _, c := range clients {
				if !c.alive() {
					t.Fatal("gone")
				}
			}
			if grown := heap() - before; grown > many*large/10 {
				t.Errorf("%d KiB are kept", grown>>10)
			}
		})
	}
}

// A session that is away keeps neither the properties of its CONNECT nor its aliases.
func TestKeptPartsOfConnect(t *testing.T) {
	b := start(t, testConfig(t))
	const many = 200
	before := heap()
	for i := range many {
		c := b.connected(t, 5, "operator", fmt.Sprint("phone", i), func(pk *packets.Packet) {
			persistent(pk)
			pk.Properties.User = []packets.UserProperty{{Key: "k", Val: strings.Repeat("v", maxConnect/2)}}
		})
		c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}})
		c.ended()
		b.away(t, fmt.Sprint("phone", i))
	}
	if grown := (heap() - before) / many; grown > maxConnect/2 {
		t.Errorf("%d bytes are kept of each", grown)
	}
}

// mochi lets a client that sends PUBCOMPs, or comes back, have any number of half-delivered messages of QoS 2.
func TestHalfDeliveredMessages(t *testing.T) {
	b := start(t, testConfig(t))
	for _, kind := range []byte{packets.Pubcomp, packets.Pubrec} {
		c := b.connected(t, 5, "operator", "phone", nil)
		c.write([]byte{kind << 4, 2, 0, 9})
		if code := c.ended(); code != packets.ErrProtocolViolation.Code {
			t.Errorf("DISCONNECT %#x", code)
		}
	}
	id := uint16(0)
	for range 4 {
		c := b.connected(t, 5, "operator", "phone", persistent)
		for range maxReceive / 3 {
			id++
			pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 2}, TopicName: "home/x/set", PacketID: id, ProtocolVersion: 5}
			_, _ = c.conn.Write(encode(t, pk)) // it is disconnected, the last time
		}
		c.alive()
		c.conn.Close()
		b.away(t, "phone")
	}
	cl, _ := b.server.Clients.Get("phone")
	if n := cl.State.Inflight.Len(); n > maxReceive {
		t.Errorf("%d are half-delivered", n)
	}
}
