package broker

import (
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	maxUnacked   = 4096    // QoS 1 messages on their way to one client; further ones wait
	maxHoles     = 16384   // acknowledged out of order behind one that is not
	maxPending   = 8192    // messages waiting at one client before it is disconnected
	pendingBytes = 1 << 20 // and their bytes
	maxSnapshot  = 1 << 16 // the same with the retained messages that it requested itself
	maxOffline   = 256     // messages kept for a client that is away; the oldest goes first

	pressed  = 1024                  // messages waiting at one client before a publisher is asked for patience
	relieved = 512                   // and when it may go on
	patience = 10 * time.Millisecond // the longest wait of one publish
	waits    = 20                    // timeouts before no publisher waits for this client again until it has caught up
)

// session is the state of a client id while it lives: its user, its subscriptions and its undelivered messages. It
// outlives the connection if the client asked for that.
//
// Messages go to the connection at once. When its buffer or its window of unacknowledged messages is full, they wait in
// pending, which follows in order. A client whose pending is full is disconnected: it gets the current retained
// messages when it comes back, whereas dropping messages would have left it with an old state.
type session struct {
	id, user string
	owner    *conn // holds the id; guarded by Broker.sessionsMu
	came     int64 // order in which connections arrived; guarded by Broker.sessionsMu
	favoured bool  // of an admin or a gateway, while it has a connection; guarded by Broker.sessionsMu
	left     int64 // order in which sessions went offline; guarded by Broker.sessionsMu
	doomed   bool  // its user is gone; guarded by Broker.sessionsMu
	pulse    bool  // of a pulse: it has no user, and is in none of the counts

	mu        sync.Mutex
	subs      map[string]subscription // by filter as the client wrote it
	conn      *conn                   // nil while offline
	keep      bool                    // lives on while offline
	version   byte
	window    int    // QoS 1 messages that may be unacknowledged
	maxPacket uint32 // bytes that the client takes in one packet; 0: any

	lastID  uint16
	flights fifo[flight] // sent, not acknowledged; packet ids are consecutive, acknowledged ones stay as holes
	unacked int          // flights that are no holes
	resend  int          // flights at the end that this connection has not been sent again yet

	pending fifo[delivery]
	live    int           // of pending: messages that the client did not request as a snapshot
	bytes   int           // of those
	waited  int           // timeouts since pending was last relieved
	relief  chan struct{} // closed when pending has shrunk

	will      *will // waits for its delay
	willTimer *time.Timer
}

// subscription is one filter of a client, with its options.
type subscription struct {
	qos     byte
	noLocal bool
	asIs    bool // retain flag as published
	id      uint32
}

// delivery is a message on its way to one client.
type delivery struct {
	m        *message
	subIDs   []uint32
	qos      byte
	retain   bool
	snapshot bool // a retained message sent because the client subscribed
}

// flight is a delivery that the client has to acknowledge. A hole has no message.
type flight struct {
	delivery
	id uint16
}

// attach starts delivering to c, beginning with the messages that the last connection did not acknowledge and those
// that arrived meanwhile.
func (s *session) attach(c *conn, version byte, window int, maxPacket uint32, keep bool) {
	s.mu.Lock()
	s.conn, s.version, s.window, s.maxPacket, s.keep = c, version, window, maxPacket, keep
	s.resend = s.flights.len()
	s.pumpLocked()
	s.mu.Unlock()
}

// detach stops delivering to c; from now on messages are kept, or not.
func (s *session) detach(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == c {
		s.offlineLocked()
	}
}

func (s *session) offlineLocked() {
	s.conn = nil
	waiting := append([]delivery(nil), s.pending.live()...)
	s.pending.clear()
	s.live, s.bytes = 0, 0
	s.relieveLocked()
	if !s.keep {
		s.flights.clear()
		s.unacked = 0
		return
	}
	for _, d := range waiting {
		s.storeLocked(d)
	}
	for i := range s.flights.len() {
		if f := s.flights.at(i); f.m != nil && f.m.asks { // a command is never sent a second time, late
			f.delivery = delivery{}
			s.unacked--
		}
	}
	s.trimLocked()
}

// storeLocked keeps d for a client that is away. Of a retained topic only the newest is kept, so that a returning
// client never sees an older state after a newer one.
func (s *session) storeLocked(d delivery) {
	if d.qos == 0 || d.m.asks {
		return
	}
	if d.m.retain {
		for i, old := range s.pending.live() {
			if old.m.retain && old.m.topic == d.m.topic {
				s.pending.remove(i)
				break
			}
		}
	}
	if s.pending.len() >= maxOffline {
		s.pending.pop()
	}
	d.snapshot = true // kept messages do not count against a client that has just come back
	s.pending.push(d)
}

// deliver hands d to the client. busy means that so much waits already that the publisher should wait.
func (s *session) deliver(d delivery) (busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		if s.keep {
			s.storeLocked(d)
		}
		return false
	}
	if s.pending.len() == 0 && s.resend == 0 && s.writeLocked(d) {
		return false
	}
	s.pending.push(d)
	if !d.snapshot {
		s.live++
		s.bytes += d.m.size()
	}
	if s.live > maxPending || s.bytes > pendingBytes || s.pending.len() > maxSnapshot {
		s.conn.abort("it fell behind")
		s.offlineLocked()
		return false
	}
	return s.live > pressed && s.waited < waits
}

// writeLocked sends d if there is room.
func (s *session) writeLocked(d delivery) bool {
	st := stamp{version: s.version, qos: d.qos, retain: d.retain, subIDs: d.subIDs}
	if d.m.expires != 0 && d.m.expired(time.Now()) || s.maxPacket > 0 && packetLen(d.m, st) > int(s.maxPacket) {
		return true // MQTT 5.0, 3.1.2.11.4: as if it had been sent
	}
	if d.qos == 0 {
		return s.conn.publish(d.m, st)
	}
	if s.unacked >= s.window || s.flights.len() >= maxHoles {
		return false
	}
	st.id = max(s.lastID+1, 1) // after 65535 comes 1
	if !s.conn.publish(d.m, st) {
		return false
	}
	s.lastID = st.id
	s.flights.push(flight{delivery: d, id: st.id})
	s.unacked++
	return true
}

// ack ends a flight. Packet ids that are not in flight are ignored.
func (s *session) ack(id uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flights.len() == 0 || id == 0 {
		return
	}
	const ids = 65535
	i := (int(id) - int(s.flights.at(0).id) + ids) % ids
	if i >= s.flights.len() || s.flights.at(i).m == nil {
		return
	}
	s.flights.at(i).delivery = delivery{}
	s.unacked--
	s.trimLocked()
	s.pumpLocked()
}

// trimLocked drops the holes before the first flight.
func (s *session) trimLocked() {
	for s.flights.len() > 0 && s.flights.at(0).m == nil {
		s.flights.pop()
	}
	s.resend = min(s.resend, s.flights.len())
}

// pump sends the waiting messages, as far as there is room.
func (s *session) pump() {
	s.mu.Lock()
	s.pumpLocked()
	s.mu.Unlock()
}

func (s *session) pumpLocked() {
	if s.conn == nil {
		return
	}
	for s.resend > 0 {
		f := s.flights.at(s.flights.len() - s.resend)
		if f.m != nil && !s.conn.publish(f.m, stamp{version: s.version, qos: f.qos, retain: f.retain,
			dup: true, id: f.id, subIDs: f.subIDs}) {
			return
		}
		s.resend--
	}
	for s.pending.len() > 0 {
		d := *s.pending.at(0)
		if !s.writeLocked(d) {
			break
		}
		s.pending.pop()
		if !d.snapshot {
			s.live--
			s.bytes -= d.m.size()
		}
	}
	if s.live <= relieved {
		s.relieveLocked()
	}
}

func (s *session) relieveLocked() {
	s.waited = 0
	if s.relief != nil {
		close(s.relief)
		s.relief = nil
	}
}

// wait gives a client that keeps reading the time to catch up, so that a burst does not disconnect it. A client that
// cannot use that time is not waited for again until it has caught up.
func (s *session) wait() {
	s.mu.Lock()
	if s.live <= pressed || s.waited >= waits || s.conn == nil {
		s.mu.Unlock()
		return
	}
	if s.relief == nil {
		s.relief = make(chan struct{})
	}
	relief := s.relief
	s.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-relief:
	case <-timer.C:
		s.mu.Lock()
		s.waited++
		s.mu.Unlock()
	}
}

// reset forgets everything but the id and its user.
func (s *session) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subs = nil
	s.keep = false
	s.conn = nil
	s.lastID, s.unacked, s.resend = 0, 0, 0
	s.flights.clear()
	s.pending.clear()
	s.live, s.bytes = 0, 0
	s.relieveLocked()
}

// online reports whether messages reach the client at once.
func (s *session) online() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn != nil
}

func (s *session) subscribed(filter string) (subscription, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub, ok := s.subs[filter]
	return sub, ok
}

func (s *session) subscribe(filter string, sub subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subs == nil {
		s.subs = map[string]subscription{}
	}
	s.subs[filter] = sub
}

func (s *session) unsubscribe(filters packets.Subscriptions) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range filters {
		delete(s.subs, f.Filter)
	}
}
