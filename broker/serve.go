package broker

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	takeoverTime = 5 * time.Second // for the old connection of a client id to end
)

// serve runs one connection to its end. It is the goroutine that reads from the client, and mochi's code runs on it: a
// panic there (a truncated SUBSCRIBE of MQTT 5 causes one) ends this connection and nothing else.
func (b *Broker) serve(c *conn) {
	defer b.running.Done()
	defer func() { <-c.done; c.strip() }()
	defer b.ended(c)
	defer func() {
		if r := recover(); r != nil {
			if b.refusals.due("panic\x00"+c.host, time.Now()) { // a client that sends one can send many
				b.log.Error("a packet could not be handled; the connection is closed", "from", c.remote,
					"panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			}
			c.abort("")
		}
	}()
	if err := c.readConnect(); err != nil {
		b.stray(c, err)
		return
	}
	if err := b.server.EstablishConnection("minirelay", c); err != nil {
		b.blame(c, err)
	}
}

// readConnect reads the first packet ahead of mochi, which would allocate any length that it announces: 5 bytes cost
// 256 MB, from anyone.
func (c *conn) readConnect() error {
	head := make([]byte, 0, 5)
	length, shift := 0, 0
	for len(head) < 2 || head[len(head)-1]&0x80 != 0 {
		if len(head) == cap(head) {
			c.head = head
			return errStray
		}
		n, err := c.Read(head[len(head) : len(head)+1])
		if err != nil {
			return err
		}
		head = head[:len(head)+n]
		switch {
		case n == 0:
		case len(head) == 1 && head[0] != packets.Connect<<4:
			c.head = head
			if in, ok := c.in.(*bufio.Reader); ok {
				more, _ := in.Peek(in.Buffered()) // to show people what it was
				c.head = append(head, more...)
			}
			return errStray
		case len(head) > 1:
			length |= int(head[len(head)-1]&0x7f) << shift
			shift += 7
		}
	}
	if length > maxConnect {
		return errLarge
	}
	whole := append(make([]byte, 0, len(head)+length), head...)
	whole = whole[:len(head)+length]
	if _, err := io.ReadFull(c, whole[len(head):]); err != nil {
		return err
	}
	c.head, c.forbidden = whole, connectFault(whole[len(head):])
	return nil
}

// ended cleans up after a connection, in whatever state it ended.
func (b *Broker) ended(c *conn) {
	c.ticket.leave()
	b.fleet.left(c.speaksFor, c, time.Now())
	_ = c.Close()
	if s := c.session.Load(); s != nil {
		c.client.State.TopicAliases = mqtt.TopicAliases{} // mochi would keep them while the session lives
		s.detach(c)
		if !c.left {
			b.forget(c.client) // it ended before mochi could do this itself
		}
		if s.pulse {
			b.endPulse(s)
		} else {
			b.release(s, c)
		}
		if !s.pulse {
			b.ends.add(cmp.Or(strings.ReplaceAll(strings.TrimPrefix(c.failure(), "it "), " ", "_"), "closed"))
		}
		b.sayEnd(c, s)
	}
	close(c.gone)
	b.sessionsMu.Lock()
	delete(b.conns, c)
	b.sessionsMu.Unlock()
}

// claim assigns the client id of cl to c. An id belongs to one user while its session lives, if that need not yield; a
// connection that holds it is ended first, and waited for, so that mochi never has two of one id. If every place is taken, the
// user with the most connections loses one.
func (b *Broker) claim(c *conn, cl *mqtt.Client, acc *account) packets.Code {
	deadline := time.NewTimer(takeoverTime)
	defer deadline.Stop()
	for {
		b.sessionsMu.Lock()
		if now := b.users.Load().byName[acc.id]; now == nil || now.secret != acc.secret {
			b.sessionsMu.Unlock()
			return packets.ErrBadUsernameOrPassword // changed while it logged in
		}
		s := b.sessions[cl.ID]
		var ending *conn // must end first
		switch {
		case s != nil && s.user != acc.id && !b.yieldsLocked(s, acc):
			b.sessionsMu.Unlock()
			return packets.ErrClientIdentifierNotValid
		case s != nil && s.owner == nil && (s.cut || s.user != acc.id):
			b.sessionsMu.Unlock()
			b.expire(s)
			continue
		case s == nil || s.owner == nil:
			free, over := b.placeLocked(acc)
			if free {
				b.assignLocked(c, cl, acc)
				b.sessionsMu.Unlock()
				b.passwords.arrived()
				return packets.CodeSuccess
			}
			if over == nil {
				b.sessionsMu.Unlock()
				return packets.ErrServerBusy
			}
			ending = over.owner
			b.sessionsMu.Unlock()
			b.refusals.log(b.log, "disconnected to make room: this user has the most connections", over.user, ending)
			b.disconnect(ending.client, packets.ErrQuotaExceeded)
		default:
			ending = s.owner
			count := b.takeovers.addLocked(cl.ID, time.Now())
			b.sessionsMu.Unlock()
			if ending.client != nil { // else the session is being ended right now
				b.tookOver(ending, c, count)
				if count >= manyTakeovers && c.speaksFor != "" {
					b.fleet.flaps(c.speaksFor, ending.remote, time.Now())
				}
				b.disconnect(ending.client, packets.ErrSessionTakenOver)
			}
		}
		select {
		case <-ending.gone:
		case <-deadline.C:
			return packets.ErrServerUnavailable
		}
	}
}

// assignLocked gives a client id that nobody holds to c.
func (b *Broker) assignLocked(c *conn, cl *mqtt.Client, acc *account) {
	s := b.sessions[cl.ID]
	if s == nil {
		s = &session{id: cl.ID, user: acc.id, broker: b, share: b.budget.of(acc.id)}
		b.sessions[cl.ID] = s
	} else {
		s.charge(-sessionCost)
	}
	s.owner = c
	b.takePlaceLocked(s, acc)
	c.client = cl
	c.session.Store(s)
}

// disconnect ends a client's connection. MQTT 5 clients get the reason; in MQTT 3.1.1 a server cannot send a DISCONNECT
// (3.14).
func (b *Broker) disconnect(cl *mqtt.Client, code packets.Code) {
	if cl.Properties.ProtocolVersion == 5 {
		_ = b.server.DisconnectClient(cl, code)
	} else {
		cl.Stop(code)
	}
}

// release frees c's client id. The session stays if mochi keeps the client.
func (b *Broker) release(s *session, c *conn) {
	_, kept := b.server.Clients.Get(s.id)
	b.sessionsMu.Lock()
	s.owner = nil
	b.freePlaceLocked(s)
	if s.awaySince = time.Now(); kept {
		s.charge(sessionCost)
	} else {
		delete(b.sessions, s.id)
	}
	b.departures++
	s.left = b.departures
	over := b.crowdedOutLocked()
	if (s.doomed || s.cut) && kept {
		over = s
	}
	if over != nil {
		b.seizeLocked(over) // at once, or two that leave together would choose the same one
	}
	b.sessionsMu.Unlock()
	if !kept {
		b.publishWill(s.takeWill())
		s.reset()
		b.routes.change()
	}
	if over != nil {
		b.end(over)
	}
}

// expire ends the session of a client that is away, if it still is.
func (b *Broker) expire(s *session) {
	b.sessionsMu.Lock()
	away := s.owner == nil && b.sessions[s.id] == s
	if away {
		b.seizeLocked(s)
	}
	b.sessionsMu.Unlock()
	if away {
		b.end(s)
	}
}

// seizeLocked keeps a session that is about to end from being claimed. The caller calls end.
func (b *Broker) seizeLocked(s *session) {
	s.owner = &conn{gone: make(chan struct{})}
	b.expiring++
}

// end ends a seized session and lets the connections in that wait for its id.
func (b *Broker) end(s *session) {
	if cl, ok := b.server.Clients.Get(s.id); ok {
		cl.ClearInflights()
		b.server.UnsubscribeClient(cl)
		b.server.Clients.Delete(s.id)
	}
	b.publishWill(s.takeWill())
	s.reset()
	s.charge(-sessionCost)
	b.routes.change()

	b.sessionsMu.Lock()
	b.expiring--
	delete(b.sessions, s.id)
	nobody := s.owner
	b.sessionsMu.Unlock()
	close(nobody.gone)
}

// forget does what mochi does at the end of a connection, for one whose end it missed.
func (b *Broker) forget(cl *mqtt.Client) {
	b.leave(cl, expires(cl))
	if expires(cl) {
		cl.ClearInflights()
		b.server.UnsubscribeClient(cl)
		b.server.Clients.Delete(cl.ID)
	}
}

// leave stops delivering to cl and publishes or delays its will.
func (b *Broker) leave(cl *mqtt.Client, expire bool) {
	c := connOf(cl)
	s := c.session.Load()
	c.left = true
	s.detach(c)
	w := c.will
	c.will = nil
	if w == nil {
		return
	}
	if errors.Is(cl.StopCause(), packets.CodeDisconnect) {
		s.charge(-w.m.size())
		return
	}
	if delay := min(w.delay, time.Duration(cl.Properties.Props.SessionExpiryInterval)*time.Second); delay > 0 && !expire {
		s.delayWill(w, delay, b.publishWill)
		return
	}
	s.charge(-w.m.size())
	b.publishWill(w)
}

// lookup is the session of a client id.
func (b *Broker) lookup(id string) *session {
	b.sessionsMu.Lock()
	defer b.sessionsMu.Unlock()
	if s := b.sessions[id]; s != nil {
		return s
	}
	return b.beating[id]
}
