package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sys/unix"
)

// The user that every client logs in as. The pipe accepts any user.
const (
	benchUser     = "bench"
	benchPassword = "bench-on-loopback"
)

// MQTT 3.1.1 packet types, section 2.2.1, in the upper half of the first byte.
const (
	typeConnect   = 1
	typeConnack   = 2
	typePublish   = 3
	typePuback    = 4
	typeSubscribe = 8
	typeSuback    = 9
)

// client speaks as much MQTT 3.1.1 over wss as the bench needs: no goroutine, no queue, no reconnecting. One goroutine
// reads; any goroutine may write.
type client struct {
	ws     *websocket.Conn
	in     *bufio.Reader
	body   []byte // of the last packet
	unhook func() bool

	mu  sync.Mutex // guards writing
	out []byte
}

// packet is an incoming packet. Topic and payload are valid until the next is read.
type packet struct {
	kind    byte
	topic   []byte
	payload []byte
	id      uint16 // of a PUBACK
}

// dialing holds the options of a connection.
type dialing struct {
	url, id string
	buffer  int // bytes of buffer for reading; small for a crowd, large for a fast client
	window  int // bytes of the socket's receive buffer; 0: the kernel's choice
}

// dial connects and logs in. The client is closed when ctx ends.
func dial(ctx context.Context, d dialing) (*client, error) {
	network := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		if d.window == 0 {
			return nil
		}
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, d.window)
		})
		return errors.Join(err, failed)
	}}
	ws, _, err := (&websocket.Dialer{
		NetDialContext: network.DialContext,
		// The certificate was made for this run; both sides' clients skip the same check.
		TLSClientConfig:  &tls.Config{InsecureSkipVerify: true},
		Subprotocols:     []string{"mqtt"},
		ReadBufferSize:   d.buffer,
		WriteBufferSize:  1024,
		HandshakeTimeout: 30 * time.Second,
	}).DialContext(ctx, d.url, nil)
	if err != nil {
		return nil, err
	}
	c := &client{ws: ws, in: bufio.NewReaderSize(&messages{ws: ws}, d.buffer)}
	c.unhook = context.AfterFunc(ctx, func() { ws.Close() })
	if err := c.login(d.id); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *client) login(id string) error {
	const clean, password, user = 0x02, 0x40, 0x80
	const keepAlive = 300 // seconds: longer than any measure lasts, so that no client has to ping
	body := appendText(nil, "MQTT")
	body = append(body, 4, clean|password|user, keepAlive>>8, keepAlive&0xff)
	body = appendText(appendText(appendText(body, id), benchUser), benchPassword)
	if err := c.send(typeConnect<<4, body, nil); err != nil {
		return err
	}
	p, err := c.next()
	if err != nil {
		return fmt.Errorf("logging in: %w", err)
	}
	if p.kind != typeConnack || len(c.body) < 2 || c.body[1] != 0 {
		return fmt.Errorf("logging in was refused with % x", c.body)
	}
	return nil
}

// subscribe subscribes to filters and waits for the acknowledgement. Other packets that arrive meanwhile, such as
// retained messages, are dropped. It must not run at the same time as next.
func (c *client) subscribe(qos byte, filters ...string) error {
	body := []byte{0, 1} // packet identifier
	for _, f := range filters {
		body = append(appendText(body, f), qos)
	}
	if err := c.send(typeSubscribe<<4|2, body, nil); err != nil {
		return err
	}
	for {
		p, err := c.next()
		if err != nil {
			return fmt.Errorf("subscribing: %w", err)
		}
		if p.kind != typeSuback {
			continue
		}
		for _, granted := range c.body[2:] {
			if granted > 2 {
				return fmt.Errorf("a subscription to %q was refused", filters)
			}
		}
		return nil
	}
}

// publish sends a message. With QoS 1, next returns its PUBACK with the same id.
func (c *client) publish(topic string, payload []byte, qos byte, id uint16) error {
	head := appendText(make([]byte, 0, len(topic)+4), topic)
	if qos > 0 {
		head = binary.BigEndian.AppendUint16(head, id)
	}
	return c.send(typePublish<<4|qos<<1, head, payload)
}

// next waits for a packet. It acknowledges a message at QoS 1.
func (c *client) next() (packet, error) {
	first, err := c.in.ReadByte()
	if err != nil {
		return packet{}, err
	}
	length, err := binary.ReadUvarint(c.in) // the same encoding as MQTT's remaining length, section 2.2.3
	if err != nil || length > 1<<20 {
		return packet{}, errors.Join(err, errors.New("that is not MQTT"))
	}
	if cap(c.body) < int(length) {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	if _, err := io.ReadFull(c.in, c.body); err != nil {
		return packet{}, err
	}
	p := packet{kind: first >> 4}
	switch {
	case p.kind == typePuback && length >= 2:
		p.id = binary.BigEndian.Uint16(c.body)
	case p.kind == typePublish && length >= 2:
		n := 2 + int(binary.BigEndian.Uint16(c.body))
		qos := int(first >> 1 & 3)
		if n+qos*2 > len(c.body) || qos > 1 {
			return packet{}, errors.New("that is not a message")
		}
		p.topic, p.payload = c.body[2:n], c.body[n:]
		if qos == 1 {
			p.payload = c.body[n+2:]
			err = c.send(typePuback<<4, c.body[n:n+2], nil)
		}
	}
	return p, err
}

func (c *client) send(first byte, head, payload []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = binary.AppendUvarint(append(c.out[:0], first), uint64(len(head)+len(payload)))
	c.out = append(append(c.out, head...), payload...)
	return c.ws.WriteMessage(websocket.BinaryMessage, c.out)
}

// close cuts the connection; next then returns an error.
func (c *client) close() {
	c.unhook()
	c.ws.Close()
}

func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

// messages reads the WebSocket's messages as one stream: a packet may be split anywhere.
type messages struct {
	ws      *websocket.Conn
	message io.Reader // nil between two
}

func (m *messages) Read(p []byte) (int, error) {
	for {
		if m.message == nil {
			_, r, err := m.ws.NextReader()
			if err != nil {
				return 0, err
			}
			m.message = r
		}
		n, err := m.message.Read(p)
		if err == io.EOF {
			m.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}
