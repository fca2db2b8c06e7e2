package broker

import (
	"testing"
)

// The whole round trip over each kind of listener: state out, a command in.
func TestWalk(t *testing.T) {
	for _, scheme := range []string{"wss", "ws", "tcp"} {
		t.Run(scheme, func(t *testing.T) {
			b := start(t, testConfig(t))
			if err := b.Publish("minirelay/home/greenhouse/state", []byte("1"), 1, true, nil); err != nil {
				t.Fatal(err)
			}
			c := b.paho(t, scheme, "operator", "phone")
			got := subscribe(t, c, "minirelay/home/+/state", 1)
			expect(t, got, "minirelay/home/greenhouse/state 1 retained")
			expect(t, b.gateway.subscribed, "operator phone minirelay/home/+/state")
			if err := b.Publish("minirelay/home/greenhouse/state", []byte("2"), 1, true, nil); err != nil {
				t.Fatal(err)
			}
			expect(t, got, "minirelay/home/greenhouse/state 2")
			if err := finish(c.Publish("minirelay/home/greenhouse/command", 1, false, "{}")); err != nil {
				t.Fatal(err)
			}
			m := <-b.gateway.messages
			if m.Topic != "minirelay/home/greenhouse/command" || string(m.Payload) != "{}" || m.User != "operator" || m.Client != "phone" || m.QoS != 1 {
				t.Fatalf("%+v", m)
			}
		})
	}
}
