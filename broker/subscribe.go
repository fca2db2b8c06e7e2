package broker

import (
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// request is one filter of a SUBSCRIBE while it is being answered.
type request struct {
	filter string
	sub    subscription
	retain bool // its retained messages are wanted
	code   byte // refused with this one, if not 0
}

// OnACLCheck is called for filters and for publishes. OnPublish decides about publishes: here the topic may still be an
// alias, and a refusal would disconnect a 3.1.1 client. Filters are refused, whatever OnSubscribe says: so mochi keeps
// none, and OnSubscribed puts the right codes into the SUBACK.
func (g *guard) OnACLCheck(_ *mqtt.Client, _ string, write bool) bool { return write }

// OnSubscribe checks each filter of a SUBSCRIBE. QoS 2 is granted as QoS 1: nothing here needs more.
func (g *guard) OnSubscribe(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	c, b := connOf(cl), g.b
	s := c.session.Load()
	acc := b.users.Load().of(s)
	c.granted = c.granted[:0]
	left, bytes := maxSubscriptions-s.subscriptions(), 0
	for i := range pk.Filters {
		f := &pk.Filters[i]
		group, inner, ok := splitShare(f.Filter)
		_, existed := s.subscribed(f.Filter)
		r := request{filter: f.Filter,
			sub:    subscription{qos: min(f.Qos, 1), noLocal: f.NoLocal, asIs: f.RetainAsPublished, id: uint32(f.Identifier)},
			retain: group == "" && (f.RetainHandling == 0 || f.RetainHandling == 1 && !existed)}
		cost := len(f.Filter) + filterCost + subscriptionCost
		switch {
		case !ok || !validFilter(inner) || len(f.Filter) > maxTopicLength:
			r.code = packets.ErrTopicFilterInvalid.Code
		case group != "" && f.NoLocal:
			r.code = packets.ErrProtocolViolationInvalidSharedNoLocal.Code
		case acc == nil || !acc.rights.maySubscribe(inner, cl.ID):
			r.code = packets.ErrNotAuthorized.Code
		case existed:
		case left == 0 || !s.share.has(bytes+cost):
			r.code = packets.ErrQuotaExceeded.Code
			if left > 0 {
				s.share.note()
			}
			b.refusals.log(b.log, "too many subscriptions; this one was refused", s.user, c)
		default:
			left, bytes = left-1, bytes+cost
		}
		c.granted = append(c.granted, r)
	}
	return pk
}

// OnSubscribed runs before the SUBACK and writes its codes.
func (g *guard) OnSubscribed(cl *mqtt.Client, _ packets.Packet, codes []byte) {
	c := connOf(cl)
	s := c.session.Load()
	for i := range c.granted {
		switch r := &c.granted[i]; {
		case r.code == 0:
			s.subscribe(r.filter, r.sub)
			codes[i] = r.sub.qos
		case cl.Properties.ProtocolVersion == 5:
			codes[i] = r.code
		default:
			codes[i] = packets.ErrUnspecifiedError.Code
		}
	}
	g.b.routes.change()
}

// OnPacketSent sends the messages that follow a SUBACK: the retained ones.
func (g *guard) OnPacketSent(cl *mqtt.Client, pk packets.Packet, _ []byte) {
	if pk.FixedHeader.Type != packets.Suback {
		return
	}
	c := connOf(cl)
	s := c.session.Load()
	for _, r := range c.granted {
		if r.code != 0 {
			continue
		}
		if r.retain {
			s.snapshot(r.filter)
		}
		g.b.handler.Subscribed(s.user, cl.ID, r.filter)
	}
	c.granted = nil
}

// OnUnsubscribed runs before the UNSUBACK, and when mochi forgets a client. mochi has no subscriptions: OnPacketEncode
// puts the right codes into the UNSUBACK.
func (g *guard) OnUnsubscribed(cl *mqtt.Client, pk packets.Packet) {
	if len(pk.Filters) == 0 {
		return
	}
	c := connOf(cl)
	c.unsubscribed = c.session.Load().unsubscribe(pk.Filters)
	g.b.routes.change()
}

// subscriptions is their number.
func (s *session) subscriptions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.subs)
}

func (s *session) subscribed(filter string) (subscription, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub, ok := s.subs[filter]
	return sub, ok
}

func (s *session) subscribe(filter string, sub subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subs == nil {
		s.subs = map[string]subscription{}
	}
	if old, existed := s.subs[filter]; existed {
		sub.entry, sub.replay = old.entry, old.replay
	} else {
		sub.entry = s.broker.index.add(s, filter)
		s.hold(sub.entry, sub.entry.size())
		s.charge(subscriptionCost)
	}
	filter = sub.entry.text // which keeps no packet in memory
	s.subs[filter] = sub
}

// unsubscribe returns the code of MQTT 5 for each filter.
func (s *session) unsubscribe(filters packets.Subscriptions) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	codes := make([]byte, len(filters))
	for i, f := range filters {
		if _, existed := s.subs[f.Filter]; !existed {
			codes[i] = packets.CodeNoSubscriptionExisted.Code
		}
		s.unsubscribeLocked(f.Filter)
	}
	return codes
}

func (s *session) unsubscribeLocked(filter string) {
	sub, existed := s.subs[filter]
	if !existed {
		return
	}
	if sub.replay != nil {
		for i, d := range s.pending.live() {
			if d.replay == sub.replay {
				s.unholdLocked(d)
				s.pending.remove(i)
				break
			}
		}
	}
	delete(s.subs, filter)
	s.release(sub.entry, sub.entry.size())
	s.charge(-subscriptionCost)
	s.broker.index.remove(s, sub.entry)
}
