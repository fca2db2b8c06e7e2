package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// With mochi a QoS 1 subscriber that has stopped reading makes honest publishers wait for 12 s.
func TestFrozenPhone(t *testing.T) {
	const allowed = 100 * time.Millisecond
	best := time.Hour
	for range 3 { // a busy machine adds to it
		if best = min(best, worstWait(t)); best < allowed {
			break
		}
	}
	if t.Logf("the worst wait was %v", best); best > allowed {
		t.Errorf("a publisher waited for %v", best)
	}
}

// worstWait is the longest that a publisher waits beside a frozen phone, until the phone is disconnected.
func worstWait(t *testing.T) (worst time.Duration) {
	b := start(t, testConfig(t))
	frozen := b.connected(t, 4, "operator", "frozen", nil)
	frozen.subscribe(1, "minirelay/home/greenhouse/event")
	payload := make([]byte, 1000)
	for range 40_000 { // far more than the kernel's buffers and ours hold
		at := time.Now()
		if err := b.Publish("minirelay/home/greenhouse/event", payload, 1, false, nil); err != nil {
			t.Fatal(err)
		}
		worst = max(worst, time.Since(at))
	}
	eventually(t, "the frozen phone is disconnected with one line", func() bool {
		return strings.Count(b.logs.String(), "it fell behind") == 1
	})
	return worst
}

// A burst does not disconnect a client that keeps reading: the publisher waits for it briefly.
func TestBurst(t *testing.T) {
	b := start(t, testConfig(t))
	for qos, burst := range []int{50_000, 9_000} { // a client takes longer to acknowledge
		c := b.rawWSS(t, 4)
		c.login("operator", fmt.Sprint("phone", qos), nil)
		c.subscribe(byte(qos), "minirelay/home/greenhouse/event")
		published := make(chan struct{})
		go func() {
			defer close(published)
			for i := range burst {
				_ = b.Publish("minirelay/home/greenhouse/event", fmt.Appendf(nil, "%0100d", i), 1, false, nil)
			}
		}()
		for i := range burst {
			pk := c.read()
			if string(pk.Payload) != fmt.Sprintf("%0100d", i) {
				t.Fatalf("QoS %d: message %d is %q: %s", qos, i, pk.Payload, b.logs)
			}
			if qos > 0 {
				c.ack(pk.PacketID)
			}
		}
		<-published
		c.conn.Close()
	}
}

// A client that falls behind and comes back gets the newest state, never an older one after it.
func TestFallsBehind(t *testing.T) {
	b := start(t, testConfig(t))
	c := b.connected(t, 4, "operator", "phone", func(pk *packets.Packet) { pk.Connect.Clean = false })
	c.subscribe(1, "minirelay/home/greenhouse/state")
	filler := strings.Repeat("x", 4000)
	last := 0
	for last < 5000 {
		last++
		_ = b.Publish("minirelay/home/greenhouse/state", fmt.Appendf(nil, "%06d%s", last, filler), 1, true, nil)
	}
	eventually(t, "it is disconnected", func() bool { return strings.Contains(b.logs.String(), "it fell behind") })
	c.ended()
	c = b.connected(t, 4, "operator", "phone", func(pk *packets.Packet) { pk.Connect.Clean = false })
	seen := 0
	for seen < last {
		pk := c.read()
		var n int
		fmt.Sscanf(string(pk.Payload[:6]), "%d", &n)
		if n < seen {
			t.Fatalf("%d came after %d", n, seen)
		}
		seen = n
		c.ack(pk.PacketID)
	}
}
