package broker

import (
	"bytes"
	"context"
	"sync"
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
	if s := b.Stats(); s.Clients != 0 || s.Disconnections["closed"] != 0 || s.BytesIn != 0 || s.Pulses != 3 || s.Missed != 0 {
		t.Errorf("%+v", s)
	}
}

// Nothing that clients do keeps a pulse out: its id is nobody's, it needs no place, and no other pulse ends it.
func TestPulseIsNoClient(t *testing.T) {
	cfg := testConfig(t)
	cfg.MaxClients = 2
	b := start(t, cfg)
	for id, code := range map[string]byte{"$pulse": 2, pulseName + "1": 2, "$": 2, "pulse$": 0} {
		if ack := b.raw(t, 4).login("viewer", id, nil); ack.ReasonCode != code {
			t.Errorf("%s: %#x", id, ack.ReasonCode)
		}
	}
	curious := b.connected(t, 4, "admin", "curious", nil)
	if codes := curious.subscribe(0, "#", "$pulse/#", pulseTopic, "+/beat"); !bytes.Equal(codes, []byte{0, 0x80, 0x80, 0}) {
		t.Errorf("% x", codes)
	}
	if ack := b.raw(t, 4).login("viewer", "three", nil); ack.ReasonCode != 3 {
		t.Errorf("there is room for more: %+v", ack)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				ctx, cancel := context.WithTimeout(t.Context(), soon)
				if err := b.Pulse(ctx); err != nil {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	all.Wait()
	if !curious.quiet() {
		t.Error("a client sees the pulses")
	}
	if s := b.Stats(); s.Pulses != 40 || s.Missed != 0 || s.Clients != 2 || s.Sessions != 2 {
		t.Errorf("%+v", s)
	}
}

// However many ask whether the broker works, one pulse answers them all.
func TestAlive(t *testing.T) {
	b := start(t, testConfig(t))
	lock := b.topicLocks.of(pulseTopic)
	lock.Lock() // until all are waiting
	var all sync.WaitGroup
	begun := make(chan struct{}, 64)
	for range cap(begun) {
		all.Go(func() {
			begun <- struct{}{}
			if err := b.Alive(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	for range cap(begun) {
		<-begun
	}
	lock.Unlock()
	all.Wait()
	if s := b.Stats(); s.Pulses != 1 || s.Missed != 0 {
		t.Errorf("%d pulses, %d missed", s.Pulses, s.Missed)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Alive(ctx); err != nil {
		t.Errorf("the last pulse is fresh: %v", err)
	}
}

// A broker that does not work says so to all at once, and not to one after the other.
func TestNotAlive(t *testing.T) {
	b := start(t, testConfig(t))
	b.stopping.Store(true) // it serves no new connection
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			if err := b.Alive(t.Context()); err == nil {
				t.Error("it is alive")
			}
		})
	}
	all.Wait()
	if s := b.Stats(); s.Missed == 0 || s.Missed > 4 {
		t.Errorf("%d pulses were missed", s.Missed)
	}
	b.stopping.Store(false)
	eventually(t, "it is alive again", func() bool { return b.Alive(t.Context()) == nil })
}

// A caller that leaves does not end the pulse that others wait for.
func TestAliveOutlivesItsCaller(t *testing.T) {
	b := start(t, testConfig(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.pulses.turn <- struct{}{} // another one asks
	if err := b.Alive(ctx); err == nil {
		t.Error("it did not leave")
	}
	<-b.pulses.turn
	for range 100 { // select chooses at random
		if b.Alive(ctx) == nil {
			break
		}
	}
	if s := b.Stats(); s.Pulses != 1 || s.Missed != 0 {
		t.Errorf("%d pulses, %d missed", s.Pulses, s.Missed)
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
