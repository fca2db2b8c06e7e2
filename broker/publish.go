package broker

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// Message is one publish by a client that is allowed to publish it.
type Message struct {
	Topic         string
	Payload       []byte
	QoS           byte
	Retain, Dup   bool
	User, Client  string
	Role          string   // of the user: viewer, operator, admin or gateway
	Devices       []string // of the topic's gateway that the user may see and command; nil: all
	ResponseTopic string   // of MQTT 5: the client's reply topic, or one that this client may both read and publish to
	Correlation   []byte   // of MQTT 5
}

// Handler is the application behind the broker. See [Broker.Start].
type Handler interface {
	// Handle gets every publish of a client, after the rights of the client were checked and before the publish is
	// acknowledged. It runs on the goroutine that reads from this client, and may block it. It returns true if the
	// message was for the application: then it is acknowledged, and neither stored nor sent to any client.
	Handle(m Message) bool
	// Subscribed is called after a subscription was granted and its retained messages were sent. filter is the
	// client's: see [Matches].
	Subscribed(user, client, filter string)
}

// stripes is how many locks keep the topics in order: a topic always has the same one.
const stripes = 64

// topicLocks keeps the messages of a topic in the order of their publishing, for all receivers: storing and delivering
// a message is a single step, and so is delivering the stored one to a new subscriber.
type topicLocks struct {
	seed  maphash.Seed
	locks [stripes]sync.Mutex
}

func (o *topicLocks) of(topic string) *sync.Mutex {
	return &o.locks[maphash.String(o.seed, topic)%stripes]
}

// Publish sends a message of the application to every client that may read its topic. It retains payload: the caller
// must not change it. An empty retained message deletes the retained message of the topic. correlation reaches MQTT 5
// clients; it may be nil.
//
// Publish never waits for a client, except for a moment if a subscriber needs it to keep up. It may be called before
// [Broker.Start] and after [Broker.Stop].
func (b *Broker) Publish(topic string, payload []byte, qos byte, retain bool, correlation []byte) error {
	if topic == "" || len(topic) > math.MaxUint16 {
		return fmt.Errorf("publish: a topic has 1 to 65535 bytes, not %d", len(topic))
	}
	if len(payload) > MaxPayload || len(correlation) > math.MaxUint16 {
		return errors.New("publish: payload or correlation data too long")
	}
	m := &message{topic: topic, payload: payload, qos: min(qos, 1), retain: retain}
	if len(correlation) > 0 {
		m.props = appendProps(nil, &packets.Properties{CorrelationData: correlation})
	}
	b.spread(m)
	return nil
}

// MaxPayload is the longest payload that the gateway, or another gateway at a hub, can publish, in bytes: it always fits a
// client's buffer.
const MaxPayload = maxWaiting / 2

// spread stores m, if it is to be retained, and delivers it. It returns false if m could not be stored.
func (b *Broker) spread(m *message) bool {
	lock := b.topicLocks.of(m.topic)
	lock.Lock()
	stored, loser := true, ""
	if m.retain {
		stored, loser = b.retained.put(m)
	}
	var busy *session
	r := b.route(m.topic)
	for i := range r.targets {
		if s := r.targets[i].send(m); s != nil {
			busy = s
		}
	}
	for _, group := range r.groups {
		if s := r.pick(group).send(m); s != nil {
			busy = s
		}
	}
	lock.Unlock()
	if loser != "" {
		b.lost(loser)
	}
	if busy != nil {
		busy.wait()
	}
	return stored
}

// lost reports that a user's oldest retained messages had to make room for other users'.
func (b *Broker) lost(user string) {
	b.budget.of(user).note()
	if b.refusals.due("lost\x00"+user, time.Now()) {
		b.log.Warn("all users together leave too many retained messages; the oldest of the user with the most were dropped", "user", clip(user))
	}
}

// send delivers m to one receiver. It returns the session if the publisher should wait for it.
func (t *target) send(m *message) *session {
	if t.noLocal && m.origin != "" && m.origin == t.session.id {
		return nil
	}
	d := delivery{m: m, qos: min(m.qos, t.qos), retain: m.retain && t.asIs, subIDs: t.subIDs, shared: t.shared}
	if t.session.deliver(d) {
		return t.session
	}
	return nil
}
