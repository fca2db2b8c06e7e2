package broker

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// OnPublish takes every publish away from mochi: it is refused, handed to the gateway, or delivered by spread.
func (g *guard) OnPublish(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	c, b := connOf(cl), g.b
	s := c.session.Load()
	if pk.FixedHeader.Qos == 2 && cl.State.Inflight.Len() >= maxReceive {
		// mochi counts them anew with each connection of the session.
		return pk, errors.Join(b.server.DisconnectClient(cl, packets.ErrReceiveMaximum), packets.ErrRejectPacket)
	}
	if pk.TopicName == "" { // an alias that was never set
		return pk, errors.Join(b.server.DisconnectClient(cl, packets.ErrTopicAliasInvalid), packets.ErrRejectPacket)
	}
	acc := b.users.Load().of(s)
	if !validTopic(pk.TopicName) || acc == nil || !acc.rights.mayWrite(pk.TopicName, cl.ID) {
		b.refusals.log(b.log, "publish without right", s.user, c, slog.String("topic", clip(pk.TopicName)))
		return pk, g.reject(cl, pk, packets.ErrNotAuthorized)
	}
	answer := pk.Properties.ResponseTopic
	if answer != "" && !mayAnswer(acc.rights, pk.TopicName, answer, cl.ID) {
		answer = ""
	}
	if to := pk.Properties.ResponseTopic; to != "" && (!validTopic(to) || !acc.rights.mayRead(to, cl.ID)) {
		pk.Properties.ResponseTopic = "" // of the copies for other clients, who answer with their own rights
	}
	elsewhere := acc.rights.elsewhere(pk.TopicName)
	asks := elsewhere && acc.rights.asks(pk.TopicName)
	if asks && pk.FixedHeader.Retain {
		b.refusals.log(b.log, "a command is never retained; this one was dropped", s.user, c, slog.String("topic", clip(pk.TopicName)))
		return pk, g.reject(cl, pk, packets.ErrNotAuthorized)
	}
	handled := b.handler.Handle(Message{Topic: pk.TopicName, Payload: pk.Payload, QoS: pk.FixedHeader.Qos,
		Retain: pk.FixedHeader.Retain, Dup: pk.FixedHeader.Dup, User: s.user, Client: cl.ID,
		Role: acc.rights.role, Devices: acc.rights.devicesAt(pk.TopicName),
		ResponseTopic: answer, Correlation: pk.Properties.CorrelationData})
	if handled || acc.rights.under(pk.TopicName) && !elsewhere {
		return pk, packets.CodeSuccessIgnore
	}
	if asks && !acc.mayAsk(time.Now()) {
		b.refusals.log(b.log, "too many requests to other gateways; this one was dropped", s.user, c, slog.String("topic", clip(pk.TopicName)))
		return pk, g.reject(cl, pk, packets.ErrQuotaExceeded)
	}
	m := &message{topic: pk.TopicName, payload: pk.Payload, qos: min(pk.FixedHeader.Qos, 1), retain: pk.FixedHeader.Retain,
		origin: cl.ID, asks: asks, keeper: acc.id, most: acc.mayRetain(), props: appendProps(nil, &pk.Properties)}
	if after := pk.Properties.MessageExpiryInterval; after > 0 {
		m.expires = time.Now().Unix() + int64(after)
	}
	if pk.FixedHeader.Remaining > m.size() { // what is kept of the packet would keep all of it in memory
		m.topic, m.payload = strings.Clone(m.topic), bytes.Clone(m.payload)
	}
	switch {
	case asks:
		m.payload = b.stamped(m.payload, acc)
	case acc.rights.role == roleGateway:
		m.payload = b.withinRights(acc.rights, m.topic, m.payload)
	}
	if !b.spread(m) {
		s.share.note()
		b.refusals.log(b.log, "too many retained messages of this user; this one was not kept", s.user, c, slog.String("topic", clip(m.topic)))
		return pk, g.reject(cl, pk, packets.ErrQuotaExceeded)
	}
	return pk, packets.CodeSuccessIgnore
}

// reject answers a publish that is dropped. MQTT 5 clients get the code; 3.1.1 has no way to refuse, so its clients get
// their acknowledgement and stay connected.
func (g *guard) reject(cl *mqtt.Client, pk packets.Packet, code packets.Code) error {
	kind := packets.Puback
	switch {
	case pk.FixedHeader.Qos == 0 || cl.Properties.ProtocolVersion < 5:
		return packets.CodeSuccessIgnore
	case pk.FixedHeader.Qos == 2:
		kind = packets.Pubrec
	}
	_ = cl.WritePacket(packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}, PacketID: pk.PacketID,
		ReasonCode: code.Code, Properties: packets.Properties{ReasonString: code.Reason}})
	return packets.ErrRejectPacket
}

// mayAnswer reports whether this gateway may publish the answer to a message on topic to another one, to, on behalf of
// client: to the client's own reply topic at the gateway that it asks, or outside the root to a topic that the client
// may read, and could publish to itself.
func mayAnswer(r *rights, topic, to, client string) bool {
	if !validTopic(to) || !r.mayRead(to, client) {
		return false
	}
	if !r.under(to) {
		return r.mayWrite(to, client)
	}
	asked := r.here
	if r.under(topic) {
		asked, _, _ = r.split(topic)
	}
	gateway, first, leaf := r.split(to)
	return gateway == asked && first == "reply" && leaf == client
}
