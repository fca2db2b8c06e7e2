package broker

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// appendPublish agrees with mochi's encoder, at every length where the encoding of a length grows.
func TestAppendPublish(t *testing.T) {
	for _, size := range []int{0, 1, 100, 127, 128, 16383, 16384, 70_000, 1 << 21} {
		for _, version := range []byte{3, 4, 5} {
			for _, s := range []stamp{{}, {qos: 1, id: 7}, {qos: 1, id: 65535, dup: true, retain: true}, {retain: true, subIDs: []uint32{1, 127, 128, 268435455}}} {
				s.version = version
				props := packets.Properties{PayloadFormat: 1, PayloadFormatFlag: true, ContentType: "text/plain", ResponseTopic: "a/b",
					CorrelationData: []byte{0, 1}, User: []packets.UserProperty{{Key: "k", Val: strings.Repeat("v", size%200)}}}
				m := &message{topic: "minirelay/home/greenhouse/state", payload: make([]byte, size), props: appendProps(nil, &props)}
				pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: s.qos, Retain: s.retain, Dup: s.dup},
					TopicName: m.topic, Payload: m.payload, PacketID: s.id, ProtocolVersion: version, Properties: props}
				pk.Mods.AllowResponseInfo = true
				for _, id := range s.subIDs {
					pk.Properties.SubscriptionIdentifier = append(pk.Properties.SubscriptionIdentifier, int(id))
				}
				want := decoded(t, encode(t, pk), version)
				got := appendPublish([]byte("before"), m, s)[len("before"):]
				if len(got) != packetLen(m, s) {
					t.Errorf("packetLen %d of %d", packetLen(m, s), len(got))
				}
				if have := decoded(t, got, version); have != want {
					t.Errorf("size %d, %+v:\n%.300s\n%.300s", size, s, have, want)
				}
			}
		}
	}
}

// decoded is a PUBLISH as text; the order of properties does not matter.
func decoded(t *testing.T, raw []byte, version byte) string {
	t.Helper()
	conn := &bufferConn{r: bytes.NewReader(raw)}
	c := &rawClient{t: t, conn: conn, r: bufio.NewReader(conn), version: version}
	pk, err := c.next(time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return describe(pk)
}

// fifo behaves like a slice.
func TestFIFO(t *testing.T) {
	var q fifo[int]
	var model []int
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 100_000 {
		switch op := r.IntN(100); {
		case op < 50:
			q.push(i)
			model = append(model, i)
		case op < 97 && len(model) > 0:
			q.pop()
			model = model[1:]
		case op < 99 && len(model) > 0:
			at := r.IntN(len(model))
			q.remove(at)
			model = append(model[:at:at], model[at+1:]...)
		case op == 99 && i%50 == 0:
			q.clear()
			model = nil
		}
		if q.len() != len(model) || q.len() > 0 && (*q.at(0) != model[0] || *q.at(q.len() - 1) != model[len(model)-1]) {
			t.Fatalf("step %d: %v, want %v", i, q.live(), model)
		}
	}
}
