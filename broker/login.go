package broker

import (
	"log/slog"
	"strings"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// OnConnect decides which clients may connect. mochi sends no CONNACK when this refuses, so refuse does.
func (g *guard) OnConnect(cl *mqtt.Client, pk packets.Packet) error {
	c, b := connOf(cl), g.b
	if c.pulse {
		c.client = cl
		b.admitPulse(c, cl.ID)
		return nil
	}
	user := string(pk.Connect.Username)
	if c.forbidden.Code != packets.CodeSuccess.Code {
		b.refusals.log(b.log, "refused: "+c.forbidden.Reason, user, c)
		return g.refuse(cl, c.forbidden)
	}
	if len(cl.ID) > maxClientID || strings.HasPrefix(cl.ID, "$") {
		b.refusals.log(b.log, "a client id has at most 128 bytes and does not begin with $", user, c)
		return g.refuse(cl, packets.ErrClientIdentifierNotValid)
	}
	users := b.users.Load()
	t := attempt{user: user, password: string(pk.Connect.Password), client: pk.Connect.ClientIdentifier,
		place: place{host: c.host, remote: c.remote, near: c.near}, patience: loginPatience, gone: c.hungUp}
	switch v, _ := b.passwords.check(users, t); v {
	case right:
	case tooFast:
		b.refusals.often(b.log, ErrTooFast.Error(), user, c.remote)
		return g.refuse(cl, packets.ErrServerUnavailable)
	default:
		b.refusals.log(b.log, "wrong user or password", user, c)
		return g.refuse(cl, packets.ErrBadUsernameOrPassword)
	}
	acc := users.byName[user]
	if pk.Connect.WillFlag && !mayLeave(acc.rights, cl) {
		b.refusals.log(b.log, "a last will on a topic that this user may not publish to", user, c,
			slog.String("topic", clip(cl.Properties.Will.TopicName)), slog.String("hint", willHint(cl.Properties.Will.TopicName)))
		return g.refuse(cl, packets.ErrNotAuthorized)
	}
	if users.gatewayOf(cl.ID, acc) {
		b.refusals.log(b.log, "this client id is a gateway's", user, c)
		return g.refuse(cl, packets.ErrClientIdentifierNotValid)
	}
	if code := b.admitGateway(c, cl, acc); code != packets.CodeSuccess {
		return g.refuse(cl, code)
	}
	if code := b.claim(c, cl, acc); code != packets.CodeSuccess {
		b.refusals.log(b.log, "refused: "+code.Reason, user, c)
		return g.refuse(cl, code)
	}
	c.ticket.leave()
	if acc.rights.role == roleGateway {
		c.incoming.larger = maxGatewayPacket
	}
	b.passwords.welcome(t)
	if cl.Properties.ProtocolVersion == 5 {
		cl.State.ServerKeepalive = true
	}
	if c.will = willOf(acc.rights, cl, pk); c.will != nil {
		c.session.Load().charge(c.will.m.size())
	}
	cl.Properties.Will = mqtt.Will{} // mochi would publish it without checking any rights
	return nil
}

// mayLeave reports whether a client may leave this will behind. A dying connection must not send a command, so wills on
// the gateway's topics are not allowed.
func mayLeave(r *rights, cl *mqtt.Client) bool {
	topic := cl.Properties.Will.TopicName
	return validTopic(topic) && (!r.under(topic) || r.role == roleGateway) && r.mayWrite(topic, cl.ID)
}

// willHint says what to try about a will that is refused. A bridge of mosquitto leaves one below $SYS unless its
// notifications are off (mosquitto.conf(5), notifications).
func willHint(topic string) string {
	if strings.HasPrefix(topic, "$SYS/broker/connection/") {
		return "for a bridge of mosquitto, set notifications false"
	}
	return "leave the will out, or choose a topic that write of this user allows"
}

// refuse answers a CONNECT with code and ends the connection.
func (g *guard) refuse(cl *mqtt.Client, code packets.Code) error {
	connOf(cl).refused = true
	if cl.Properties.ProtocolVersion < 5 {
		// mochi answers "not authorised" to a wrong password, which makes people look for a missing right.
		answer := connack3(code.Code)
		if answer == Duplicate {
			answer = duplicateCode(connOf(cl).who)
		}
		_ = cl.WritePacket(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connack}, ReasonCode: answer})
		return code
	}
	_ = g.b.server.SendConnack(cl, code, false, nil)
	return code
}

// OnConnectAuthenticate repeats the decision of OnConnect: a client without a session has not logged in.
func (g *guard) OnConnectAuthenticate(cl *mqtt.Client, _ packets.Packet) bool {
	return connOf(cl).session.Load() != nil
}

// connack3 is the return code of MQTT 3.1.1, table 3.1, for a reason code of MQTT 5 for which mochi has none.
func connack3(code byte) byte {
	switch code {
	case Duplicate:
		return Duplicate
	case packets.ErrUnsupportedProtocolVersion.Code:
		return 1
	case packets.ErrClientIdentifierNotValid.Code:
		return 2
	case packets.ErrBadUsernameOrPassword.Code:
		return 4
	case packets.ErrNotAuthorized.Code:
		return 5
	}
	if code >= packets.ErrUnspecifiedError.Code {
		return 3 // server unavailable
	}
	return code
}
