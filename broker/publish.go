package broker

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"sync"

	"github.com/mochi-mqtt/server/v2/packets"
)

// Message is one publish by a client that had the right to it.
type Message struct {
	Topic         string
	Payload       []byte
	QoS           byte
	Retain, Dup   bool
	User, Client  string
	Role          string   // of the user: viewer, operator, admin or gateway
	Devices       []string // of the topic's gateway that the user may see and command; nil: all
	ResponseTopic string   // of MQTT 5, if this client may read it
	Correlation   []byte   // of MQTT 5
}

// Handler is the gateway behind the broker.
type Handler interface {
	// Handle gets every publish that its client had the right to, on the goroutine that reads from that client,
	// before it is acknowledged. It may block that one client. true: it was for the gateway; it is acknowledged,
	// and neither stored nor sent to anyone.
	Handle(m Message) bool
	// Subscribed is called after a subscription has been granted and its retained messages are on their way.
	Subscribed(user, client, filter string)
}

// stripes is how many locks keep the topics in order: one topic always has the same.
const stripes = 64

// topicLocks keeps the messages of a topic in the order of their publishing, for everyone: storing and delivering one
// is a single step, and so is delivering the stored one to a new subscriber.
type topicLocks struct {
	seed  maphash.Seed
	locks [stripes]sync.Mutex
}

func (o *topicLocks) of(topic string) *sync.Mutex {
	return &o.locks[maphash.String(o.seed, topic)%stripes]
}

// Publish is for the gateway's own messages. The payload is kept; the caller must not change it. An empty
// retained one deletes the topic's retained message. correlation reaches MQTT 5 clients, if there is any.
//
// It never waits for a client, but for a moment (patience) if one that reads along needs it to keep up. It may be
// called before Start and after Stop.
func (b *Broker) Publish(topic string, payload []byte, qos byte, retain bool, correlation []byte) error {
	if topic == "" || len(topic) > math.MaxUint16 {
		return fmt.Errorf("publish: a topic has 1 to 65535 bytes, not %d", len(topic))
	}
	if len(payload) > maxGatewayPayload || len(correlation) > math.MaxUint16 {
		return errors.New("publish: payload or correlation data too long")
	}
	m := &message{topic: topic, payload: payload, qos: min(qos, 1), retain: retain}
	if len(correlation) > 0 {
		m.props = appendProps(nil, &packets.Properties{CorrelationData: correlation})
	}
	b.spread(m)
	return nil
}

// maxGatewayPayload is what surely fits a client's buffer, in bytes.
const maxGatewayPayload = maxWaiting / 2

// spread stores m, if it is to be retained, and delivers it. false: it could not be stored.
func (b *Broker) spread(m *message) bool {
	lock := b.topicLocks.of(m.topic)
	lock.Lock()
	stored := !m.retain || b.retained.put(m)
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
	if busy != nil {
		busy.wait()
	}
	return stored
}

// send delivers m to one receiver. It returns the session if that needs patience.
func (t *target) send(m *message) *session {
	if t.noLocal && m.origin != "" && m.origin == t.session.id {
		return nil
	}
	d := delivery{m: m, qos: min(m.qos, t.qos), retain: m.retain && t.asIs, subIDs: t.subIDs}
	if t.session.deliver(d) {
		return t.session
	}
	return nil
}

// snapshot sends the retained messages that filter asks for to a client that has just subscribed.
func (b *Broker) snapshot(s *session, filter string, sub subscription) {
	var ids []uint32
	if sub.id > 0 {
		ids = []uint32{sub.id}
	}
	for _, topic := range b.retained.topics(filter) {
		u := b.users.Load().byName[s.user]
		if u == nil || !u.rights.mayRead(topic, s.id) {
			continue
		}
		lock := b.topicLocks.of(topic)
		lock.Lock()
		if m := b.retained.get(topic); m != nil && !(sub.noLocal && m.origin == s.id) {
			s.deliver(delivery{m: m, qos: min(m.qos, sub.qos), retain: true, subIDs: ids, snapshot: true})
		}
		lock.Unlock()
	}
}
