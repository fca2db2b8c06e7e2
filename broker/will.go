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
}

// willOf takes the will out of a CONNECT.
func willOf(cl *mqtt.Client, pk packets.Packet) *will {
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
	return w
}

// publishWill publishes w if its user still may.
func (b *Broker) publishWill(w *will) {
	if w == nil || b.stopping.Load() {
		return
	}
	if acc := b.users.Load().byName[w.user]; acc != nil && acc.rights.mayWrite(w.m.topic, w.m.origin) {
		w.m.keeper = acc.keeper()
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
