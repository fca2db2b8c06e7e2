package broker

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxUnacked   = 4096      // QoS 1 messages on their way to one client; further ones wait
	unackedBytes = 512 << 10 // and their bytes
	maxHoles     = 16384     // acknowledged out of order behind one that is not
	maxPending   = 8192      // messages waiting at one client before it is disconnected
	pendingBytes = 1 << 20   // and their bytes
	maxOffline   = 256       // messages kept for a client that is away; the oldest goes first
	offlineBytes = 256 << 10 // and their bytes

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
//
// For a client that is away, retained messages are not kept a second time: it gets the newest ones, from the store, of
// all topics that have changed.
type session struct {
	id, user  string
	owner     *conn     // holds the id; guarded by Broker.sessionsMu
	came      int64     // order in which connections arrived; guarded by Broker.sessionsMu
	favoured  bool      // of an admin or a gateway, while it has a connection; guarded by Broker.sessionsMu
	left      int64     // order in which sessions went offline; guarded by Broker.sessionsMu
	awaySince time.Time // guarded by Broker.sessionsMu
	doomed    bool      // its user is gone; guarded by Broker.sessionsMu
	pulse     bool      // of a pulse: it has no user, and is in none of the counts
	cut       bool      // it is ended because it holds too much; guarded by Broker.sessionsMu

	broker *Broker
	share  *share       // of its user
	weight atomic.Int64 // bytes that it holds

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
	flying  int          // their bytes
	half    int          // bytes of the incoming messages of QoS 2 that are not complete
	resend  int          // flights at the end that this connection has not been sent again yet

	pending fifo[delivery]
	live    int           // of pending: messages that came while the client was connected
	bytes   int           // of those
	kept    int           // of pending: bytes of those that were kept for it while it was away
	missed  uint64        // sequence number of the first retained message that it has missed; 0: none
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
	entry   *filter // in the index
	replay  *replay // its retained messages, on their way
}

// delivery is a message on its way to one client, or the place of a replay in the queue.
type delivery struct {
	m      *message
	replay *replay
	subIDs []uint32
	qos    byte
	retain bool
	shared bool // of a shared subscription
	kept   bool // while the client was away
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
	if s.missed > 0 {
		waiting := s.pending.live()
		s.pending.clear()
		r := &replay{from: s.missed, to: s.broker.retained.newest(), except: map[string]bool{}}
		s.pushLocked(delivery{replay: r})
		for _, d := range waiting {
			s.pending.push(d)
			r.except[d.m.topic] = r.except[d.m.topic] || d.m.seq > 0 // in its place among the topic's others
		}
		s.missed = 0
	}
	s.mu.Unlock()
	s.pump()
}

// detach stops delivering to c; from now on messages are kept, or not.
func (s *session) detach(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == c {
		s.offlineLocked()
	}
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
	s.pushLocked(d)
	switch {
	case s.live > maxPending || s.bytes > pendingBytes:
		s.conn.abort("it fell behind")
	case s.share.exhausted() && s.weight.Load() > leastCut:
		s.conn.abort(crowded)
	default:
		return s.live > pressed && s.waited < waits
	}
	s.offlineLocked()
	return false
}

// crowded is the reason for cutting a connection whose user's clients hold more than their share.
const crowded = "it needs more memory than its user may hold"

// writeLocked sends d if there is room.
func (s *session) writeLocked(d delivery) bool {
	st := stamp{version: s.version, qos: d.qos, retain: d.retain, subIDs: d.subIDs}
	if d.m.expires != 0 && d.m.expired(time.Now()) || s.maxPacket > 0 && packetLen(d.m, st) > int(s.maxPacket) {
		return true // MQTT 5.0, 3.1.2.11.4: as if it had been sent
	}
	if d.qos == 0 {
		return s.conn.publish(d.m, st)
	}
	if s.unacked >= s.window || s.flights.len() >= maxHoles || s.unacked > 0 && s.flying+d.m.size() > unackedBytes {
		return false
	}
	st.id = max(s.lastID+1, 1) // after 65535 comes 1
	if !s.conn.publish(d.m, st) {
		return false
	}
	s.lastID = st.id
	s.flights.push(flight{delivery: d, id: st.id})
	s.unacked++
	s.flying += d.m.size()
	s.charge(slotCost)
	s.hold(d.m, d.m.size())
	return true
}

// ack ends a flight. Packet ids that are not in flight are ignored.
func (s *session) ack(id uint16) {
	s.mu.Lock()
	ok := s.ackLocked(id)
	s.mu.Unlock()
	if ok {
		s.pump()
	}
}

func (s *session) ackLocked(id uint16) bool {
	if s.flights.len() == 0 || id == 0 {
		return false
	}
	const ids = 65535
	i := (int(id) - int(s.flights.at(0).id) + ids) % ids
	if i >= s.flights.len() || s.flights.at(i).m == nil {
		return false
	}
	s.landLocked(s.flights.at(i))
	s.trimLocked()
	return true
}

// trimLocked drops the holes before the first flight.
func (s *session) trimLocked() {
	for s.flights.len() > 0 && s.flights.at(0).m == nil {
		s.popFlightLocked()
	}
	s.resend = min(s.resend, s.flights.len())
}

// pump sends the waiting messages, as far as there is room.
func (s *session) pump() {
	for more := true; more; {
		s.mu.Lock()
		more = s.pumpLocked()
		s.mu.Unlock()
	}
}

// pumpLocked reports whether a replay goes on, for which it would keep the lock for too long.
func (s *session) pumpLocked() (more bool) {
	if s.conn == nil {
		return false
	}
	for s.resend > 0 {
		f := s.flights.at(s.flights.len() - s.resend)
		if f.m != nil && !s.mayReadLocked(f.m.topic) {
			s.landLocked(f)
		}
		if f.m != nil && !s.conn.publish(f.m, stamp{version: s.version, qos: f.qos, retain: f.retain,
			dup: true, id: f.id, subIDs: f.subIDs}) {
			return false
		}
		s.resend--
	}
	s.trimLocked()
	for s.pending.len() > 0 {
		d := *s.pending.at(0)
		if d.replay != nil {
			if got := s.replayLocked(d.replay); got != finished {
				more = got == unfinished
				break
			}
		} else if s.mayReadLocked(d.m.topic) && !s.writeLocked(d) {
			break
		}
		s.popLocked()
	}
	if s.live <= relieved {
		s.relieveLocked()
	}
	return more
}

// mayReadLocked reports whether the user may still read a topic of which a message has waited.
func (s *session) mayReadLocked(topic string) bool {
	u := s.broker.users.Load().of(s)
	return u != nil && u.rights.mayRead(topic, s.id)
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
	for text := range s.subs {
		s.unsubscribeLocked(text)
	}
	s.subs = nil
	s.keep = false
	s.offlineLocked()
	s.flights.clear()
	s.pending.clear()
	s.lastID, s.resend = 0, 0
	s.charge(-s.half)
	s.half = 0
}

// online reports whether messages reach the client at once.
func (s *session) online() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn != nil
}
