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

// OnACLCheck is called for filters, which OnSubscribe has checked, and for publishes, which OnPublish decides: here the
// topic may still be an alias, and a refusal would disconnect a 3.1.1 client.
func (g *guard) OnACLCheck(cl *mqtt.Client, filter string, write bool) bool {
	if write {
		return true
	}
	for _, r := range connOf(cl).granted {
		if r.filter == filter {
			return r.code == 0
		}
	}
	return false
}

// OnSubscribe checks each filter of a SUBSCRIBE. QoS 2 is granted as QoS 1: nothing here needs more.
func (g *guard) OnSubscribe(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	c := connOf(cl)
	s := c.session.Load()
	acc := g.b.users.Load().of(s)
	c.granted = c.granted[:0]
	fresh := 0
	for i := range pk.Filters {
		f := &pk.Filters[i]
		f.Qos = min(f.Qos, 1)
		group, inner, ok := splitShare(f.Filter)
		_, existed := s.subscribed(f.Filter)
		r := request{filter: f.Filter,
			sub:    subscription{qos: f.Qos, noLocal: f.NoLocal, asIs: f.RetainAsPublished, id: uint32(f.Identifier)},
			retain: group == "" && (f.RetainHandling == 0 || f.RetainHandling == 1 && !existed)}
		switch {
		case !ok || !validFilter(inner):
			r.code = packets.ErrTopicFilterInvalid.Code
		case acc == nil || !acc.rights.maySubscribe(inner, cl.ID):
			r.code = packets.ErrNotAuthorized.Code
		case !existed && cl.State.Subscriptions.Len()+fresh >= maxSubscriptions:
			r.code = packets.ErrQuotaExceeded.Code
		case !existed:
			fresh++
		}
		f.RetainHandling = 2 // snapshot sends them: mochi drops those beyond its queue
		c.granted = append(c.granted, r)
	}
	return pk
}

// OnSubscribed runs before the SUBACK, whose codes it may still change.
func (g *guard) OnSubscribed(cl *mqtt.Client, pk packets.Packet, codes []byte) {
	c := connOf(cl)
	s := c.session.Load()
	for i := range c.granted {
		r := &c.granted[i]
		if codes[i] < packets.ErrUnspecifiedError.Code {
			s.subscribe(r.filter, r.sub)
			continue
		}
		if r.code == 0 {
			r.code = codes[i]
		}
		if cl.Properties.ProtocolVersion == 5 {
			codes[i] = r.code
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
			g.b.snapshot(s, r.filter, r.sub)
		}
		g.b.handler.Subscribed(s.user, cl.ID, r.filter)
	}
	c.granted = nil
}

// OnUnsubscribed runs after an UNSUBSCRIBE and when a session ends.
func (g *guard) OnUnsubscribed(cl *mqtt.Client, pk packets.Packet) {
	if s := connOf(cl).session.Load(); s != nil {
		s.unsubscribe(pk.Filters)
	}
	g.b.routes.change()
}
