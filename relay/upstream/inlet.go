package upstream

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"minirelay/relay/fair"
)

const (
	maxInward  = 64  // messages that wait for the one being handled
	inwardRow  = 100 // messages that may arrive at once; from a hub: of one person
	inwardSec  = 50  // messages a second that may arrive over a long time
	maxPersons = 256 // of a hub, who are counted separately; all others together count as one
	slowAck    = time.Second
)

// inlet receives the messages of the upstream. paho delivers one message at a time and reads no PUBACK meanwhile, so
// the inlet only queues. Beyond a rate that people could reach, messages are answered busy: a broker wears out neither
// the disk nor the hardware. From a hub each person has a rate, and persons take turns.
type inlet struct {
	u *Upstream

	mu      sync.Mutex
	waiting []inward // in the order of arrival, at most maxInward
	turns   fair.Turns
	rates   map[string]*rate // by person
	ready   chan struct{}    // holds a token while something may wait

	hint sync.Once // that the broker may be a hub
}

// inward is one message and whether too many arrived before it.
type inward struct {
	Message
	acks    uint64 // PUBACKs that arrived before it
	stamp   stamp  // of a hub; zero: none
	hub     uint64 // the connection by which it came
	crowded bool
}

// rate is how many messages may arrive.
type rate struct {
	left   float64
	filled time.Time
}

func newInlet(u *Upstream) *inlet {
	return &inlet{u: u, rates: map[string]*rate{}, ready: make(chan struct{}, 1)}
}

// take queues one message.
func (in *inlet) take(m mqtt.Message, a arrivalAt) {
	in.put(inward{acks: a.acks, Message: Message{Topic: m.Topic(), Payload: m.Payload(), Retain: m.Retained(), Dup: m.Duplicate(), Received: a.at, Arrived: a.at}})
}

// put queues one message, on its topic at the upstream. A message without room even for an answer is dropped and
// counted.
func (in *inlet) put(m inward) {
	if m.Topic == in.u.config.infoTopic() {
		in.u.meet(m.Payload)
		return
	}
	topic, ok := in.u.config.inward(m.Topic)
	if !ok {
		in.u.count(func(c *Counts) { c.Unasked++ })
		return
	}
	m.Topic = topic
	in.readStamp(&m)
	if m.stamp.Role == roleGateway {
		var own struct{ ID uint64 }
		if json.Unmarshal(m.Payload, &own) == nil && topic == in.u.config.Root+"/"+in.u.config.Gateway+"/"+in.u.config.ownRequest() {
			in.u.hub.take(m.stamp.At, own.ID)
		}
		return
	}
	in.mu.Lock()
	m.crowded = !in.allow(m.Person, m.Received)
	dropped := in.push(m)
	in.mu.Unlock()
	in.u.count(func(c *Counts) {
		c.Inward++
		if m.crowded {
			c.Crowded++
		}
		if dropped {
			c.Dropped++
		}
	})
	signal(in.ready)
}

// readStamp takes the stamp off a message, if it comes from a hub.
func (in *inlet) readStamp(m *inward) {
	c, arrived := &in.u.config, m.Received
	m.Received = in.u.before(arrived, m.acks)
	switch s, rest, ok := takeStamp(m.Payload); {
	case !ok || !c.stamps(m.Topic):
	case c.Hub:
		m.stamp, m.hub, m.Payload, m.Received = s, in.u.hub.connection(), rest, arrived
		m.Person, m.Role = s.User, s.Role
	default:
		in.hint.Do(func() {
			in.u.log.Info("commands from this upstream name the person who gives them; if the broker is a minirelay hub, write hub = true")
		})
	}
}

// push adds a message. If there is no room, the newest one of the person who has most is dropped, which may be this one;
// mu is held.
func (in *inlet) push(m inward) (dropped bool) {
	if len(in.waiting) >= maxInward {
		most := fair.Most(len(in.waiting), in.person, m.Person)
		if most < 0 {
			return true
		}
		in.waiting = slices.Delete(in.waiting, most, most+1)
		dropped = true
	}
	in.waiting = append(in.waiting, m)
	return dropped
}

func (in *inlet) person(i int) string { return in.waiting[i].Person }

// pop takes the next message; ok is false if none waits.
func (in *inlet) pop() (m inward, ok bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	i := in.turns.Next(len(in.waiting), in.person)
	if i < 0 {
		return m, false
	}
	m = in.waiting[i]
	in.waiting = slices.Delete(in.waiting, i, i+1)
	return m, true
}

// allow takes one from the rate of a person; mu is held.
func (in *inlet) allow(person string, now time.Time) bool {
	r := in.rates[person]
	if r == nil && len(in.rates) >= maxPersons {
		for p, r := range in.rates {
			if r.fill(now); r.left >= inwardRow {
				delete(in.rates, p)
			}
		}
		if len(in.rates) >= maxPersons {
			person = ""
			r = in.rates[person]
		}
	}
	if r == nil {
		r = &rate{inwardRow, now}
		in.rates[person] = r
	}
	r.fill(now)
	if r.left < 1 {
		return false
	}
	r.left--
	return true
}

func (r *rate) fill(now time.Time) {
	r.left = min(inwardRow, r.left+inwardSec*max(0, now.Sub(r.filled).Seconds()))
	r.filled = now
}

// run hands messages to the handler, one after another.
func (in *inlet) run() {
	for {
		m, ok := in.pop()
		if !ok {
			select {
			case <-in.ready:
				continue
			case <-in.u.dial.Done():
				return
			}
		}
		if m.stamp.User != "" && !m.crowded && in.u.config.isCommand(m.Topic) {
			m.Received = in.sentAt(&m)
		}
		if in.u.dial.Err() != nil {
			return
		}
		in.u.handler.Handle(m.Message, m.crowded)
	}
}
