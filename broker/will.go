package broker

import (
	"bytes"
	"strings"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// will is a message that a client wants published when its connection ends without a DISCONNECT. mochi never sees it,
// because it would publish it without checking the user's rights. It is not shown to the Handler either: a dying
// connection sends no commands.
type will struct {
	user  string
	m     *message
	delay time.Duration
	over  bool // a gateway's message that it is offline: true even if it may publish nothing more
}

// willOf takes the will out of a CONNECT by a user who may leave it.
func willOf(r *rights, cl *mqtt.Client, pk packets.Packet) *will {
	if !pk.Connect.WillFlag {
		return nil
	}
	props := pk.Connect.WillProperties
	props.ResponseTopic = "" // there is no client left to answer
	w := &will{user: string(pk.Connect.Username), delay: time.Duration(props.WillDelayInterval) * time.Second,
		m: &message{topic: strings.Clone(pk.Connect.WillTopic), payload: bytes.Clone(pk.Connect.WillPayload), qos: min(pk.Connect.WillQos, 1),
			retain: pk.Connect.WillRetain, origin: cl.ID, props: appendProps(nil, &props)}}
	if after := props.MessageExpiryInterval; after > 0 {
		w.m.expires = time.Now().Unix() + int64(w.delay/time.Second) + int64(after)
	}
	_, first, _ := r.split(w.m.topic)
	w.over = r.role == roleGateway && r.under(w.m.topic) && first == "status" && string(w.m.payload) == "offline"
	return w
}

// publishWill publishes w if its user still may, or if the end of a gateway would otherwise go unnoticed.
func (b *Broker) publishWill(w *will) {
	if w == nil || b.stopping.Load() {
		return
	}
	acc := b.users.Load().byName[w.user]
	if w.over || acc != nil && acc.rights.mayWrite(w.m.topic, w.m.origin) {
		if w.m.keeper, w.m.most = w.user, retainedOfPerson; acc != nil {
			w.m.most = acc.mayRetain()
		}
		b.spread(w.m)
	}
}

// delayWill keeps w until its time has come or the session ends.
func (s *session) delayWill(w *will, delay time.Duration, publish func(*will)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.will = w
	s.willTimer = time.AfterFunc(delay, func() { publish(s.takeWill()) })
}

// takeWill returns the waiting will, and leaves none for any other caller.
func (s *session) takeWill() *will {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.will
	if s.will = nil; w != nil {
		s.charge(-w.m.size())
	}
	if s.willTimer != nil {
		s.willTimer.Stop()
		s.willTimer = nil
	}
	return w
}
