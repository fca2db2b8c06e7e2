package broker

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// message is one publish on its way to subscribers. They all share it, and it is never changed.
type message struct {
	topic   string
	payload []byte
	qos     byte   // as published, 0 or 1
	retain  bool   // as published
	origin  string // client id; "": this gateway
	asks    bool   // from another gateway: not kept for later
	keeper  string // the user whom it counts for when it is retained
	most    int    // bytes that this user may leave behind
	seq     uint64 // order in which it was retained; 0: it was not
	expires int64  // Unix seconds; 0: never
	props   []byte // MQTT 5 properties that are the same for everyone, encoded
}

// messageCost is what a message costs beside its content, in bytes, with its places in the tables.
const messageCost = 192

// size is what the message costs while it waits or is retained, in bytes.
func (m *message) size() int { return len(m.topic) + len(m.payload) + len(m.props) + messageCost }

func (m *message) expired(now time.Time) bool { return m.expires != 0 && now.Unix() >= m.expires }

// stamp holds the differences between copies of a message.
type stamp struct {
	version byte // of the protocol: 3, 4 or 5
	qos     byte
	retain  bool
	dup     bool
	id      uint16 // packet id, if qos > 0
	subIDs  []uint32
}

// lengths are those of the properties and of everything after the fixed header, in bytes.
func lengths(m *message, s stamp) (props, rest int) {
	rest = 2 + len(m.topic) + len(m.payload)
	if s.qos > 0 {
		rest += 2
	}
	if s.version == 5 {
		props = len(m.props)
		if m.expires != 0 {
			props += 5
		}
		for _, id := range s.subIDs {
			props += 1 + varintLen(id)
		}
		rest += varintLen(uint32(props)) + props
	}
	return props, rest
}

// packetLen is the length of m as a PUBLISH packet, in bytes.
func packetLen(m *message, s stamp) int {
	_, rest := lengths(m, s)
	return 1 + varintLen(uint32(rest)) + rest
}

// appendPublish appends m as a PUBLISH packet (MQTT 5.0, 3.3).
func appendPublish(dst []byte, m *message, s stamp) []byte {
	props, rest := lengths(m, s)
	head := packets.Publish<<4 | s.qos<<1
	if s.dup {
		head |= 1 << 3
	}
	if s.retain {
		head |= 1
	}
	dst = append(dst, head)
	dst = appendVarint(dst, uint32(rest))
	dst = appendString(dst, m.topic)
	if s.qos > 0 {
		dst = binary.BigEndian.AppendUint16(dst, s.id)
	}
	if s.version == 5 {
		dst = appendVarint(dst, uint32(props))
		dst = append(dst, m.props...)
		if m.expires != 0 {
			left := min(max(m.expires-time.Now().Unix(), 1), math.MaxUint32)
			dst = binary.BigEndian.AppendUint32(append(dst, packets.PropMessageExpiryInterval), uint32(left))
		}
		for _, id := range s.subIDs {
			dst = appendVarint(append(dst, packets.PropSubscriptionIdentifier), id)
		}
	}
	return append(dst, m.payload...)
}

// appendProps encodes the publisher's properties for the subscribers.
func appendProps(dst []byte, p *packets.Properties) []byte {
	if p.PayloadFormatFlag {
		dst = append(dst, packets.PropPayloadFormat, p.PayloadFormat)
	}
	if p.ContentType != "" {
		dst = appendString(append(dst, packets.PropContentType), p.ContentType)
	}
	if p.ResponseTopic != "" {
		dst = appendString(append(dst, packets.PropResponseTopic), p.ResponseTopic)
	}
	if len(p.CorrelationData) > 0 {
		dst = appendString(append(dst, packets.PropCorrelationData), string(p.CorrelationData))
	}
	for _, u := range p.User {
		dst = appendString(appendString(append(dst, packets.PropUser), u.Key), u.Val)
	}
	return dst
}

func appendString(dst []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(s))), s...)
}

// appendVarint appends n as a variable byte integer (MQTT 5.0, 1.5.5).
func appendVarint(dst []byte, n uint32) []byte {
	for n >= 0x80 {
		dst = append(dst, byte(n)|0x80)
		n >>= 7
	}
	return append(dst, byte(n))
}

func varintLen(n uint32) int {
	switch {
	case n < 1<<7:
		return 1
	case n < 1<<14:
		return 2
	case n < 1<<21:
		return 3
	}
	return 4
}
