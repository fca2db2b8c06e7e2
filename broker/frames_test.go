package broker

import (
	"bytes"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Packets that wait together go out in frames that a small board can take: whole packets, as many as fit, and none
// longer unless a single packet is.
func TestFramesAreShort(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		out := make([]byte, frameRoom)
		longest := maxFrame
		for range random.IntN(300) {
			m := &message{topic: "home/x", payload: make([]byte, random.IntN(400))}
			if random.IntN(20) == 0 {
				m.payload = make([]byte, random.IntN(3*writeChunk))
			}
			longest = max(longest, packetLen(m, stamp{version: 4}))
			out = appendPublish(out, m, stamp{version: 4})
		}
		if len(out) == frameRoom {
			continue
		}
		ours, theirs := net.Pipe()
		c := &conn{traffic: &traffic{}}
		go func() {
			if err := c.writeFrames(theirs, bytes.Clone(out)); err != nil {
				t.Error(err)
			}
			theirs.Close()
		}()
		ws := websocketOver(ours)
		var got []byte
		frames := 0
		for {
			kind, payload, err := ws.ReadMessage()
			if err != nil {
				break
			}
			frames++
			if kind != websocket.BinaryMessage || len(payload) > longest || len(payload) > maxFrame && packetSize(payload) != len(payload) {
				t.Errorf("a frame of %d bytes", len(payload))
			}
			for rest := payload; len(rest) > 0; rest = rest[packetSize(rest):] {
				if rest[0] != packets.Publish<<4 {
					t.Fatal("a frame does not begin with a packet")
				}
			}
			got = append(got, payload...)
		}
		ours.Close()
		if !bytes.Equal(got, out[frameRoom:]) {
			t.Fatalf("%d bytes instead of %d", len(got), len(out)-frameRoom)
		}
		if few := len(out)/(maxFrame-500) + 60; frames > few {
			t.Errorf("%d frames for %d bytes", frames, len(out))
		}
	}
}

// An idle WebSocket gets a ping twice a minute or more, so that no proxy on the way closes it.
func TestPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		c := newConn(ours, ours, &websocket.Conn{}, &traffic{})
		c.keepWarm()
		begun := time.Now()
		for n := range 4 {
			head := make([]byte, 2)
			if _, err := theirs.Read(head); err != nil || head[0] != 0x80|websocket.PingMessage || head[1] != 0 {
				t.Fatalf("% x %v", head, err)
			}
			if at := time.Since(begun); at != time.Duration(n+1)*pingEvery || pingEvery > 30*time.Second {
				t.Errorf("after %v", at)
			}
		}
		c.abort("")
		<-c.done
		theirs.Close()
		time.Sleep(2 * pingEvery)
	})
}

// inbound finds the packets however their bytes arrive.
func TestInbound(t *testing.T) {
	stream := []byte{0xc0, 0, 0xe0, 1, 0x04, 0x30, 3, 1, 2, 3, 0xe0, 2, 0x05, 0, 0x30, 0x80, 0x80, 0x04}
	for size := 1; size <= len(stream); size++ {
		var in inbound
		for rest := stream; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if in.tooBig != 0 {
				t.Fatal("too early")
			}
			in.follow(rest[:min(size, len(rest))])
		}
		if in.parting != 4 || in.tooBig != 65536+4 {
			t.Errorf("in pieces of %d: %+v", size, in)
		}
	}
	in := inbound{}
	in.follow([]byte{0x30, 0xff, 0xff, 0xff, 0xff, 0xe0, 1, 4})
	if in.part != lost || in.parting != 0 {
		t.Errorf("%+v", in)
	}
}
