package upstream

import (
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

const (
	maxInward = 64  // messages that wait for the one being handled
	inwardRow = 100 // messages that may arrive at once
	inwardSec = 50  // messages a second that may arrive over a long time
)

// inlet receives the messages of the upstream. paho delivers one message at a time and reads no PUBACK meanwhile, so
// the inlet only queues. Beyond a rate that people could reach, messages are answered busy: a broker wears out neither
// the disk nor the hardware.
type inlet struct {
	u      *Upstream
	queue  chan inward
	budget float64
	filled time.Time
}

// inward is one message and whether too many arrived before it.
type inward struct {
	Message
	crowded bool
}

func newInlet(u *Upstream) *inlet {
	return &inlet{u: u, queue: make(chan inward, maxInward), budget: inwardRow, filled: time.Now()}
}

// take queues one message. A message without room even for an answer is dropped and counted.
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

// run hands messages to the handler, one after another.
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
