package broker

import (
	"encoding/binary"

	"github.com/mochi-mqtt/server/v2/packets"
)

// inbound follows the packets in the stream of a client, to see what mochi keeps to itself: the size of a packet that is
// too large, and the reason of a DISCONNECT that consists of nothing else.
type inbound struct {
	part    int // atType, atLength or atBody
	kind    byte
	size    int // bytes after the fixed header
	shift   int
	left    int  // bytes of the body that have not come yet
	parting byte // reason code of a DISCONNECT of three bytes
	tooBig  int  // size of a packet beyond limit, in bytes
	larger  int  // the limit, if it is not maxPacket
}

const (
	atType = iota
	atLength
	atBody
	lost // the length was not valid, and the stream cannot be followed any more
)

// follow looks at the next bytes.
func (in *inbound) follow(p []byte) {
	for len(p) > 0 && in.part != lost {
		switch in.part {
		case atType:
			in.kind, in.size, in.shift, in.part = p[0]>>4, 0, 0, atLength
			p = p[1:]
		case atLength:
			in.length(p[0])
			p = p[1:]
		case atBody:
			if in.kind == packets.Disconnect && in.size == 1 {
				in.parting = p[0]
			}
			n := min(in.left, len(p))
			p = p[n:]
			if in.left -= n; in.left == 0 {
				in.part = atType
			}
		}
	}
}

// limit is the longest packet that the client may send, in bytes.
func (in *inbound) limit() int { return max(in.larger, maxPacket) }

// largePacket is the length in bytes from which an incoming packet is counted.
const largePacket = 4 << 10

// memory is what mochi needs for the packet that is coming in, in bytes, if it is a large one: mochi makes room for all
// that the header announces, and waits for it for as long as the client keeps alive.
func (in *inbound) memory() int {
	if in.part == lost || in.size < largePacket {
		return 0
	}
	return 2 * min(in.size, in.limit()) // it makes a copy
}

// length takes a byte of the length (MQTT 5.0, 1.5.5).
func (in *inbound) length(b byte) {
	in.size |= int(b&0x7f) << in.shift
	in.shift += 7
	switch {
	case b&0x80 != 0 && in.shift > 21:
		in.part = lost
	case b&0x80 != 0:
	case in.size == 0:
		in.part = atType
	default:
		in.left, in.part = in.size, atBody
		if in.size+1 > in.limit() { // mochi counts like this
			in.tooBig = 1 + varintLen(uint32(in.size)) + in.size
		}
	}
}

// connectFault returns what the MQTT 5 properties in the body of a CONNECT ask for that is forbidden or impossible, and
// that mochi does not notice; CodeSuccess if it is nothing. Damage is for mochi to find.
func connectFault(body []byte) packets.Code {
	name, rest, ok := cutString(body)
	const fixed = 4 // version, flags and keep-alive
	if !ok || len(rest) < fixed || string(name) != "MQTT" || rest[0] != 5 {
		return packets.CodeSuccess
	}
	length, n := binary.Uvarint(rest[fixed:])
	if n <= 0 || length > uint64(len(rest)-fixed-n) {
		return packets.CodeSuccess
	}
	seen := map[byte]bool{}
	for props := rest[fixed+n : fixed+n+int(length)]; len(props) > 0; {
		kind := props[0]
		value, more, ok := cutProperty(kind, props[1:])
		switch {
		case !ok:
			return packets.CodeSuccess
		case seen[kind] && kind != packets.PropUser,
			(kind == packets.PropReceiveMaximum || kind == packets.PropMaximumPacketSize) && zero(value):
			return packets.ErrProtocolViolation
		case kind == packets.PropAuthenticationMethod:
			return packets.ErrBadAuthenticationMethod // there is none but the password
		}
		seen[kind] = true
		props = more
	}
	return packets.CodeSuccess
}

// cutProperty takes the value of a property of a CONNECT off p (MQTT 5.0, 2.2.2.2).
func cutProperty(kind byte, p []byte) (value, rest []byte, ok bool) {
	size := 0
	switch kind {
	case packets.PropRequestProblemInfo, packets.PropRequestResponseInfo:
		size = 1
	case packets.PropReceiveMaximum, packets.PropTopicAliasMaximum:
		size = 2
	case packets.PropSessionExpiryInterval, packets.PropMaximumPacketSize:
		size = 4
	case packets.PropAuthenticationMethod, packets.PropAuthenticationData:
		return cutString(p)
	case packets.PropUser:
		if _, rest, ok = cutString(p); ok {
			return cutString(rest)
		}
		return nil, nil, false
	default:
		return nil, nil, false
	}
	if len(p) < size {
		return nil, nil, false
	}
	return p[:size], p[size:], true
}

// cutString takes a text or binary data off p (MQTT 5.0, 1.5.4).
func cutString(p []byte) (text, rest []byte, ok bool) {
	if len(p) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(p))
	if len(p) < 2+n {
		return nil, nil, false
	}
	return p[2 : 2+n], p[2+n:], true
}

func zero(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}
