package broker

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// pulseUser is the user that Pulse logs in as. No user of a config can have this name.
const pulseUser = "$pulse"

// pulseTopic carries the message that Pulse sends to itself.
const pulseTopic = "$SYS/broker/pulse"

// Pulse checks that the broker works: a client inside the process logs in, subscribes, and receives a message. It
// returns nil if that happens before ctx ends.
func (b *Broker) Pulse(ctx context.Context) error {
	ours, theirs := net.Pipe()
	defer ours.Close()
	ticket := b.preLogin.enter(theirs)
	if ticket == nil {
		_ = theirs.Close()
		return errors.New("pulse: no room for a connection")
	}
	ticketed := &ticketConn{Conn: theirs, ticket: ticket}
	c := newConn(ticketed, ticketed, nil, b.traffic)
	c.in = bufio.NewReaderSize(ticketed, keepBuffer)
	c.ticket = ticket
	b.welcome(c)

	stop := context.AfterFunc(ctx, func() { _ = ours.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := b.beat(ours); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return fmt.Errorf("pulse: %w", err)
	}
	return nil
}

// beat is the client of Pulse.
func (b *Broker) beat(conn net.Conn) error {
	r := bufio.NewReader(conn)
	connect := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}, ProtocolVersion: 4,
		Connect: packets.ConnectParams{ProtocolName: []byte("MQTT"), Clean: true, Keepalive: minKeepalive, ClientIdentifier: pulseUser,
			Username: []byte(pulseUser), UsernameFlag: true, Password: []byte(b.pulse), PasswordFlag: true}}
	if err := converse(conn, r, connect.ConnectEncode, packets.Connack); err != nil {
		return err
	}
	subscribe := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, ProtocolVersion: 4, PacketID: 1,
		Filters: packets.Subscriptions{{Filter: pulseTopic}}}
	if err := converse(conn, r, subscribe.SubscribeEncode, packets.Suback); err != nil {
		return err
	}
	nonce := []byte(rand.Text())
	go func() { _ = b.Publish(pulseTopic, nonce, 0, false, nil) }() // even if publishing is blocked, this must not be
	for {
		kind, body, err := readPacket(r)
		if err != nil {
			return err
		}
		if kind == packets.Publish && bytes.HasSuffix(body, nonce) {
			disconnect := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}, ProtocolVersion: 4}
			return converse(conn, r, disconnect.DisconnectEncode, packets.Reserved)
		}
	}
}

// converse sends a packet and waits for an answer of the given kind; Reserved: for none.
func converse(conn net.Conn, r *bufio.Reader, encode func(*bytes.Buffer) error, answer byte) error {
	var packet bytes.Buffer
	if err := encode(&packet); err != nil {
		return err
	}
	if _, err := conn.Write(packet.Bytes()); err != nil || answer == packets.Reserved {
		return err
	}
	kind, body, err := readPacket(r)
	switch {
	case err != nil:
		return err
	case kind != answer || len(body) == 0 || body[len(body)-1] >= 0x80 || answer == packets.Connack && body[len(body)-1] != 0:
		return fmt.Errorf("packet of type %d with % x instead of type %d", kind, body, answer)
	}
	return nil
}

// readPacket reads one small packet.
func readPacket(r *bufio.Reader) (kind byte, body []byte, err error) {
	first, err := r.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	length, err := r.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	if length >= 0x80 {
		return 0, nil, errors.New("a packet is too long")
	}
	body = make([]byte, length)
	_, err = io.ReadFull(r, body)
	return first >> 4, body, err
}
