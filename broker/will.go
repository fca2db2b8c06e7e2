package broker

import (
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// will is what a client wants published when its connection ends without a DISCONNECT. mochi never sees it: it
// would publish it without asking whether the user may. It is not shown to the Handler either: a dying
// connection gives no commands.
type will struct {
	user  string
	m     *message
	delay time.Duration
	over  bool // a gateway's word that it is offline: true also when it may say nothing more
}

// willOf takes the will out of a CONNECT by a user who may leave it.
func willOf(r *rights, cl *mqtt.Client, pk packets.Packet) *will {
	if !pk.Connect.WillFlag {
		return nil
	}
	props := pk.Connect.WillProperties
	props.ResponseTopic = "" // nobody is there to be answered
	w := &will{user: string(pk.Connect.Username), delay: time.Duration(props.WillDelayInterval) * time.Second,
		m: &message{topic: pk.Connect.WillTopic, payload: pk.Connect.WillPayload, qos: min(pk.Connect.WillQos, 1),
			retain: pk.Connect.WillRetain, origin: cl.ID, props: appendProps(nil, &props)}}
	if after := props.MessageExpiryInterval; after > 0 {
		w.m.expires = time.Now().Unix() + int64(w.delay/time.Second) + int64(after)
	}
	_, first, _ := r.split(w.m.topic)
	w.over = r.role == roleGateway && r.under(w.m.topic) && first == "status" && string(w.m.payload) == "offline"
	return w
}

// publishWill publishes w if its user still may, or if nobody would learn otherwise that a gateway is gone.
func (b *Broker) publishWill(w *will) {
	if w == nil || b.stopping.Load() {
		return
	}
	acc := b.users.Load().byName[w.user]
	if w.over || acc != nil && acc.rights.mayWrite(w.m.topic, w.m.origin) {
		if w.m.keeper = w.user; acc != nil {
			w.m.keeper = acc.keeper()
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

// takeWill is the will that still waits, which is nobody else's from now on.
func (s *session) takeWill() *will {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.will
	s.will = nil
	if s.willTimer != nil {
		s.willTimer.Stop()
		s.willTimer = nil
	}
	return w
}
