package upstream

import (
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

const (
	maxInward = 64  // messages that wait for the one being dealt with
	inwardRow = 100 // messages that may come at once
	inwardSec = 50  // messages a second that may come for long
)

// inlet takes what the upstream sends. paho gives it one message at a time and reads no PUBACK meanwhile, so that
// it only queues. A broker that sends more than any person could mean is answered busy: it wears out neither the
// disk nor the hardware.
type inlet struct {
	u      *Upstream
	queue  chan inward
	budget float64
	filled time.Time
}

// inward is one message and whether too many came before it.
type inward struct {
	Message
	crowded bool
}

func newInlet(u *Upstream) *inlet {
	return &inlet{u: u, queue: make(chan inward, maxInward), budget: inwardRow, filled: time.Now()}
}

// take queues one message. What finds no room even to be answered is dropped and counted.
func (in *inlet) take(m mqtt.Message) {
	topic, ok := in.u.config.inward(m.Topic())
	crowded := ok && !in.allow(time.Now())
	in.u.mu.Lock()
	defer in.u.mu.Unlock()
	if !ok {
		in.u.counts.Unasked++
		return
	}
	in.u.counts.Inward++
	if crowded {
		in.u.counts.Crowded++
	}
	select {
	case in.queue <- inward{Message{Topic: topic, Payload: m.Payload(), Retain: m.Retained(), Dup: m.Duplicate(), Received: time.Now()}, crowded}:
	default:
		in.u.counts.Dropped++
	}
}

// allow takes one from the budget, which grows with time.
func (in *inlet) allow(now time.Time) bool {
	in.budget = min(inwardRow, in.budget+inwardSec*now.Sub(in.filled).Seconds())
	in.filled = now
	if in.budget < 1 {
		return false
	}
	in.budget--
	return true
}

// run hands messages to the handler, one after the other.
func (in *inlet) run() {
	for {
		select {
		case m := <-in.queue:
			in.u.handler.Handle(m.Message, m.crowded)
		case <-in.u.dial.Done():
			return
		}
	}
}
