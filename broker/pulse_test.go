package broker

import (
	"context"
	"testing"
	"time"
)

// The pulse is a complete login, subscription and delivery, and leaves nothing behind. It still works after a reload.
func TestPulse(t *testing.T) {
	b := start(t, testConfig(t))
	for i := range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		if err := b.Pulse(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		b.empty(t)
		if i == 1 {
			if err := b.Reload(testConfig(t)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s := b.Stats(); s.Clients != 0 || s.Disconnections["closed"] != 0 {
		t.Errorf("%+v", s)
	}
	// No other client can log in as its user.
	c := b.raw(t, 4)
	if ack := c.login(pulseUser, "x", nil); ack.ReasonCode == 0 {
		t.Error("a stranger is the pulse")
	}
	if s := b.Stats(); s.Refusals["wrong user or password"] != 1 {
		t.Errorf("%+v", s.Refusals)
	}
}

// A broker that delivers nothing has no pulse.
func TestNoPulse(t *testing.T) {
	b := start(t, testConfig(t))
	lock := b.topicLocks.of(pulseTopic)
	lock.Lock() // held as by a publisher that never returns
	defer lock.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := b.Pulse(ctx); err == nil {
		t.Error("the pulse of a stalled broker succeeded")
	}
}
