package broker

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	maxPacket        = 64 << 10           // bytes of a client's packet
	maxGatewayPacket = MaxPayload + 1<<10 // of another gateway's: what it may publish on its own broker, it may here
	maxConnect       = 8 << 10            // bytes of a CONNECT, before anything is known about the sender
	maxClientID      = 128                // bytes
	maxSubscriptions = 256                // of one client
	maxSessionExpiry = 86400              // seconds that a session outlives its connection
	maxReceive       = 256                // QoS 2 messages that a client may have half-delivered
	maxAliases       = 16
	minKeepalive     = 5   // seconds
	maxKeepalive     = 600 // seconds; MQTT 5 clients are informed of it
)

// guard is the one hook of mochi, which ORs the answers of its hooks: a second one could only grant more. Every request
// of a client passes here.
type guard struct {
	mqtt.HookBase
	b *Broker
}

func (*guard) ID() string { return "guard" }

func (*guard) Provides(event byte) bool {
	switch event {
	case mqtt.OnPacketRead, mqtt.OnConnect, mqtt.OnConnectAuthenticate, mqtt.OnSessionEstablish,
		mqtt.OnSessionEstablished, mqtt.OnPacketEncode, mqtt.OnACLCheck, mqtt.OnSubscribe, mqtt.OnSubscribed,
		mqtt.OnPacketSent, mqtt.OnPacketProcessed, mqtt.OnUnsubscribed, mqtt.OnPublish, mqtt.OnDisconnect, mqtt.OnClientExpired:
		return true
	}
	return false
}

// connOf is the connection behind a client of mochi's; all clients come from serve.
func connOf(cl *mqtt.Client) *conn { return cl.Net.Conn.(*conn) }

// OnPacketRead sees each packet before mochi processes it.
func (g *guard) OnPacketRead(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	c := connOf(cl)
	switch pk.FixedHeader.Type {
	case packets.Connect:
		if !c.established {
			g.readConnect(c, &pk)
		}
	case packets.Publish:
		g.b.traffic.messagesIn.Add(1)
		if len(pk.TopicName) > 0 && pk.TopicName[0] == '$' {
			// mochi drops these without the acknowledgement that a QoS 1 client waits for. With another $ in front the
			// publish reaches OnPublish, which refuses every topic of that kind.
			pk.TopicName = "$" + pk.TopicName
		}
		if pk.Properties.TopicAliasFlag {
			pk.TopicName = aliased(pk.TopicName)
		}
	case packets.Pubrec, packets.Pubcomp:
		// Nothing goes out at QoS 2. mochi counts these all the same, and would let the client have any number of
		// half-delivered messages.
		_ = g.b.server.DisconnectClient(cl, packets.ErrProtocolViolation)
		return pk, packets.ErrRejectPacket
	case packets.Puback:
		if s := c.session.Load(); s != nil {
			s.ack(pk.PacketID)
		}
	case packets.Subscribe:
		shared := func(f packets.Subscription) bool { return f.NoLocal && strings.HasPrefix(f.Filter, "$share/") }
		if slices.Contains(pk.Properties.SubscriptionIdentifier, 0) || slices.ContainsFunc(pk.Filters, shared) { // MQTT 5.0, 3.8.2.1.2 and 3.8.3.1
			return pk, errors.Join(g.b.server.DisconnectClient(cl, packets.ErrProtocolViolation), packets.ErrRejectPacket)
		}
	case packets.Disconnect:
		if pk.FixedHeader.Remaining == 1 {
			pk.ReasonCode = c.incoming.parting // mochi skips it
		}
		if pk.ReasonCode != 0 { // only a normal end takes the will back (MQTT 5.0, 3.1.2.5); mochi leaves it for this code alone
			pk.ReasonCode = packets.CodeDisconnectWillMessage.Code
		}
		pk.Properties.SessionExpiryInterval = min(pk.Properties.SessionExpiryInterval, maxSessionExpiry)
	}
	return pk, nil
}

// aliased is the topic that mochi keeps for an alias, for as long as the connection lasts: a copy, because mochi's strings
// keep the whole packet in memory, and one that OnPublish refuses if it is too long.
func aliased(topic string) string {
	if len(topic) > maxTopicLength {
		return "$"
	}
	return strings.Clone(topic)
}

// OnPacketProcessed counts the messages of QoS 2 that are not complete: mochi keeps something of each.
func (g *guard) OnPacketProcessed(cl *mqtt.Client, pk packets.Packet, _ error) {
	if pk.FixedHeader.Type == packets.Pubrel || pk.FixedHeader.Type == packets.Publish && pk.FixedHeader.Qos == 2 {
		if s := connOf(cl).session.Load(); s != nil {
			s.setHalf(cl.State.Inflight.Len())
		}
	}
}

// readConnect removes from a CONNECT the properties that mochi must not see, and everything that it would keep without
// need while the session lives: its strings keep the whole packet in memory.
func (g *guard) readConnect(c *conn, pk *packets.Packet) {
	pk.Connect.ClientIdentifier = strings.Clone(pk.Connect.ClientIdentifier)
	pk.Connect.Username = bytes.Clone(pk.Connect.Username)
	pk.Properties.User, pk.Properties.AuthenticationMethod, pk.Properties.AuthenticationData = nil, "", nil

	// With a ReceiveMaximum mochi takes a read lock twice with a writer in between and deadlocks. The session enforces
	// it instead.
	c.receiveMax = pk.Properties.ReceiveMaximum
	pk.Properties.ReceiveMaximum = 0

	alive := pk.Connect.Keepalive
	if pk.ProtocolVersion == 5 {
		if alive == 0 || alive > maxKeepalive {
			pk.Connect.Keepalive = maxKeepalive
		}
	}
	if pk.Connect.Keepalive = max(pk.Connect.Keepalive, minKeepalive); alive > 0 && alive < minKeepalive && pk.ProtocolVersion < 5 {
		c.raised = alive
	}
	if alive == 0 && pk.ProtocolVersion < 5 {
		c.idle = 0 // cannot be given a keepalive; TCP finds out when it is gone
	} else {
		c.idle = time.Duration(pk.Connect.Keepalive) * time.Second * 3 / 2 // MQTT 5.0, 3.1.2.10
	}
}

// OnSessionEstablish begins a session, or continues the one that the client left.
func (g *guard) OnSessionEstablish(cl *mqtt.Client, pk packets.Packet) {
	s := connOf(cl).session.Load()
	_, left := g.b.server.Clients.Get(cl.ID)
	if left && !pk.Connect.Clean {
		s.takeWill()
		return
	}
	g.b.publishWill(s.takeWill())
	s.reset()
	g.b.routes.change()
}

// OnSessionEstablished runs after the CONNACK: from here on messages may follow.
func (g *guard) OnSessionEstablished(cl *mqtt.Client, pk packets.Packet) {
	c := connOf(cl)
	window := maxUnacked
	if c.receiveMax > 0 {
		window = min(window, int(c.receiveMax))
	}
	c.established = true
	c.session.Load().attach(c, cl.Properties.ProtocolVersion, window, cl.Properties.Props.MaximumPacketSize, !expires(cl))
	if c.raised > 0 && g.b.refusals.dueAfter("keep-alive\x00"+g.b.few(c.session.Load()), time.Now(), nameAgain) { // MQTT 5 clients are told by the CONNACK
		g.b.log.Info("the keep-alive of a client is too short; the shortest one is used", "client", cl.ID, "user", c.session.Load().user,
			"from", c.remote, "asked", c.raised, "used", minKeepalive)
	}
	g.b.log.Debug("client connected", "client", cl.ID, "user", c.session.Load().user, "from", c.remote)
}

// OnPacketEncode completes mochi's CONNACK and UNSUBACK.
func (g *guard) OnPacketEncode(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	switch pk.FixedHeader.Type {
	case packets.Connack:
	case packets.Unsuback:
		pk.ReasonCodes = connOf(cl).unsubscribed
		return pk
	default:
		return pk
	}
	switch version := cl.Properties.ProtocolVersion; {
	case version < 3 || version > 5:
		pk.ReasonCode = connack3(packets.ErrUnsupportedProtocolVersion.Code)
		return pk
	case version < 5 && pk.ReasonCode == packets.ErrUnspecifiedError.Code:
		pk.ReasonCode = 2 // no client id, but a session to keep: the one case in which mochi has this code (MQTT 3.1.1, 3.1.3.1)
		return pk
	case version < 5:
		pk.ReasonCode = connack3(pk.ReasonCode)
		return pk
	}
	if pk.ReasonCode == packets.CodeSuccess.Code {
		pk.Properties.MaximumPacketSize = uint32(connOf(cl).incoming.limit())
		pk.Properties.TopicAliasMaximum = maxAliases
	}
	return pk
}

// OnDisconnect runs when the connection has ended, for whatever reason.
func (g *guard) OnDisconnect(cl *mqtt.Client, _ error, expire bool) {
	g.b.leave(cl, expire)
}

// OnClientExpired runs when a session has been away for too long. mochi forgets the owner of its subscriptions, but not
// the subscriptions.
func (g *guard) OnClientExpired(cl *mqtt.Client) {
	if now, ok := g.b.server.Clients.Get(cl.ID); ok && now == cl {
		g.b.expire(connOf(cl).session.Load())
	}
}

// expires reports whether the session ends with its connection.
func expires(cl *mqtt.Client) bool {
	if cl.Properties.ProtocolVersion == 5 {
		return cl.Properties.Props.SessionExpiryInterval == 0
	}
	return cl.Properties.Clean
}

func capabilities() *mqtt.Capabilities {
	c := mqtt.NewDefaultServerCapabilities()
	c.MaximumClients = math.MaxInt64   // counted by claim, since a reload may change it
	c.MaximumMessageExpiryInterval = 0 // or retained messages and sessions would lose theirs afterwards
	c.MaximumClientWritesPending = 1   // mochi's queue is not used
	c.MaximumSessionExpiryInterval = maxSessionExpiry
	c.MaximumPacketSize = maxGatewayPacket // of all: conn.Read keeps the others to less
	c.ReceiveMaximum = maxReceive
	c.MaximumInflight = maxReceive
	c.TopicAliasMaximum = maxAliases
	c.Compatibilities.NoInheritedPropertiesOnAck = true // MQTT 5.0 does not echo a publish's properties
	return c
}
