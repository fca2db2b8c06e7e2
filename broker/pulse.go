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
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	// pulseName begins the client ids of pulses. No other client may have an id that begins with $.
	pulseName = "$pulse-"
	// pulseTopic carries the message that a pulse sends to itself. Nobody else can read it.
	pulseTopic = "$pulse/beat"
	// pulseTime is how long [Broker.Alive] waits for a pulse.
	pulseTime = 5 * time.Second
	// freshPulse is how long a pulse answers [Broker.Alive], and freshMiss how long one that failed does.
	freshPulse = 5 * time.Second
	freshMiss  = time.Second
)

// pulseAccount is the account of all pulses.
var pulseAccount = &account{rights: &rights{root: "/", role: rolePulse}}

// pulses counts the pulses, and remembers the last one.
type pulses struct {
	turn chan struct{} // holds a token while a caller of Alive makes a pulse

	mu            sync.Mutex
	beats, missed uint64
	last          time.Time // when one last succeeded
	lastMiss      time.Time // when one last failed,
	why           error     // and why
}

func (p *pulses) record(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.missed++
		p.lastMiss, p.why = time.Now(), err
		return
	}
	p.beats++
	p.last = time.Now()
}

// fresh reports whether the last pulse is still an answer, and which one.
func (p *pulses) fresh() (answer error, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.lastMiss.After(p.last):
		return p.why, time.Since(p.lastMiss) < freshMiss
	case p.last.IsZero():
		return nil, false
	}
	return nil, time.Since(p.last) < freshPulse
}

func (p *pulses) counts() (beats, missed uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.beats, p.missed
}

// Alive reports whether the broker works, to everyone who asks. It returns nil if a [Broker.Pulse] has succeeded within
// the last seconds. If none has, the first caller makes one and the others wait for it until ctx ends: however many ask,
// there is one pulse at a time.
func (b *Broker) Alive(ctx context.Context) error {
	if answer, ok := b.pulses.fresh(); ok {
		return answer
	}
	select {
	case b.pulses.turn <- struct{}{}:
		defer func() { <-b.pulses.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if answer, ok := b.pulses.fresh(); ok {
		return answer
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pulseTime) // others wait for it too
	defer cancel()
	return b.Pulse(ctx)
}

// Pulse checks that the broker works: a client inside the process connects, subscribes, and receives a message. It
// returns nil if that happens before ctx ends. To the limits a pulse is no client: it has no user, counts nowhere, and
// has a client id of its own, so that nothing that clients do keeps it out.
func (b *Broker) Pulse(ctx context.Context) error {
	err := b.beat(ctx)
	if err != nil {
		err = fmt.Errorf("pulse: %w", err)
	}
	b.pulses.record(err)
	return err
}

func (b *Broker) beat(ctx context.Context) error {
	ours, theirs := net.Pipe()
	defer ours.Close()
	c := newConn(theirs, theirs, nil, &traffic{}) // its bytes are no client's
	c.in = bufio.NewReaderSize(theirs, keepBuffer)
	c.pulse = true
	b.welcome(c)

	stop := context.AfterFunc(ctx, func() { _ = ours.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	err := b.exchange(ours)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return err
}

// exchange is the client of a pulse.
func (b *Broker) exchange(conn net.Conn) error {
	r := bufio.NewReader(conn)
	connect := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}, ProtocolVersion: 4,
		Connect: packets.ConnectParams{ProtocolName: []byte("MQTT"), Clean: true, Keepalive: maxKeepalive,
			ClientIdentifier: pulseName + rand.Text()}}
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

// admitPulse gives a pulse its session, which is in none of the counts.
func (b *Broker) admitPulse(c *conn, id string) {
	s := &session{id: id, owner: c, pulse: true, broker: b}
	b.sessionsMu.Lock()
	b.beating[id] = s
	b.sessionsMu.Unlock()
	c.session.Store(s)
}

// endPulse forgets the session of a pulse.
func (b *Broker) endPulse(s *session) {
	b.sessionsMu.Lock()
	delete(b.beating, s.id)
	b.sessionsMu.Unlock()
	s.reset()
	b.routes.change()
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
	for err == nil && kind == packets.Publish { // the message of another pulse may come before the SUBACK
		kind, body, err = readPacket(r)
	}
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
