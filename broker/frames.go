package broker

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	frameRoom = 10               // bytes of the longest header of a WebSocket frame from a server (RFC 6455, 5.2)
	maxFrame  = 4 << 10          // bytes of a frame with several packets: small boards cannot take long ones
	pingEvery = 25 * time.Second // between the pings to a WebSocket: proxies close one that is idle for a minute
)

// appendFrameHeader appends the header of a binary frame with n bytes.
func appendFrameHeader(dst []byte, n int) []byte {
	const final = 0x80
	dst = append(dst, final|websocket.BinaryMessage)
	switch {
	case n < 126:
		return append(dst, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, 127), uint64(n))
}

// frame fills in the header of a binary frame in front of the payload that begins after frameRoom.
func frame(out []byte) []byte {
	var header [frameRoom]byte
	h := appendFrameHeader(header[:0], len(out)-frameRoom)
	out = out[frameRoom-len(h):]
	copy(out, h)
	return out
}

// chunks are buffers for frames.
var chunks = sync.Pool{New: func() any { return new([writeChunk]byte) }}

// writeFrames writes the packets that begin after frameRoom, in frames of maxFrame bytes at most, or of one packet.
func (c *conn) writeFrames(raw net.Conn, out []byte) error {
	if len(out)-frameRoom <= maxFrame {
		return c.writeAll(raw, frame(out))
	}
	buffer := chunks.Get().(*[writeChunk]byte)
	defer chunks.Put(buffer)
	chunk := buffer[:0]
	for rest := out[frameRoom:]; len(rest) > 0; {
		n := frameLength(rest)
		if len(chunk)+frameRoom+n > writeChunk {
			if err := c.writeAll(raw, chunk); err != nil {
				return err
			}
			chunk = buffer[:0]
		}
		if chunk = appendFrameHeader(chunk, n); n > writeChunk-frameRoom {
			if err := c.writeAll(raw, chunk); err != nil {
				return err
			}
			if err := c.writeAll(raw, rest[:n]); err != nil {
				return err
			}
			chunk = buffer[:0]
		} else {
			chunk = append(chunk, rest[:n]...)
		}
		rest = rest[n:]
	}
	return c.writeAll(raw, chunk)
}

// frameLength returns how many bytes of the packets in p go into the next frame: at least one packet.
func frameLength(p []byte) (n int) {
	for n < len(p) {
		size := packetSize(p[n:])
		if n > 0 && n+size > maxFrame {
			break
		}
		n += size
	}
	return n
}

// packetSize returns the length of the packet at the beginning of p, which holds all of it, in bytes.
func packetSize(p []byte) int {
	if len(p) > 1 {
		if size, n := binary.Uvarint(p[1:]); n > 0 && size < uint64(len(p)) { // the same encoding as MQTT's
			return min(1+n+int(size), len(p))
		}
	}
	return len(p)
}

// keepWarm sends a ping each pingEvery, until the connection ends.
func (c *conn) keepWarm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pinger = time.AfterFunc(pingEvery, c.ping)
}

func (c *conn) ping() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead || c.closing {
		return
	}
	if len(c.control) == 0 { // else a pong is on its way, which does as well
		c.control = []byte{0x80 | websocket.PingMessage, 0}
	}
	c.wakeLocked()
	c.pinger.Reset(pingEvery)
}

// pong queues the answer to a WebSocket ping. Only the newest is kept: it answers all before it (RFC 6455, 5.5.3).
func (c *conn) pong(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead || c.closing {
		return
	}
	c.control = append([]byte{0x80 | websocket.PongMessage, byte(len(text))}, text...)
	c.wakeLocked()
}

// wsReader turns binary messages into a stream: a packet may span messages, and a message may hold several packets.
type wsReader struct {
	ws      *websocket.Conn
	message io.Reader
}

func (r *wsReader) Read(p []byte) (int, error) {
	for {
		if r.message == nil {
			kind, message, err := r.ws.NextReader()
			if err != nil {
				return 0, err
			}
			if kind != websocket.BinaryMessage {
				return 0, errText
			}
			r.message = message
		}
		n, err := r.message.Read(p)
		if err == io.EOF {
			r.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}
