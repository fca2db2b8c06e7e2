package broker

import "time"

const (
	relieveEvery = 10 * time.Millisecond
	relieveAll   = 3 * time.Second // longer than connections take to end
)

// greedy is the reason for cutting the connection of the session that holds most.
const greedy = "it holds too much memory"

// relieve ends sessions whenever a user, or all users together, hold too much memory, and lets others go on when there is
// room again. It runs until the broker stops.
func (b *Broker) relieve() {
	defer b.running.Done()
	for {
		select {
		case <-b.quit:
			return
		case <-b.budget.crowded:
		}
		begun := time.Now()
		for busy := true; busy; busy = b.feed() {
			least := int64(leastCut)
			if time.Since(begun) > relieveAll {
				least = 1 // it is the number of sessions
			}
			for s, c := b.greediest(least); s != nil; s, c = b.greediest(least) {
				b.cut(s, c)
			}
			if !b.sleep(relieveEvery) { // what is ending already takes a moment
				return
			}
		}
	}
}

// feed lets sessions go on that waited for room. It reports whether there still is not enough of it.
func (b *Broker) feed() (crowded bool) {
	for _, h := range b.budget.all() {
		for s := h.next(); s != nil; s = h.next() {
			s.pump()
		}
		crowded = crowded || h.over()
	}
	return crowded || b.budget.used.Load() > allHeld
}

// greediest chooses the session that has to end: of a user who holds more than its share, or of the one who holds most
// if all together hold too much, the session that holds most, but not less than least; nil: nobody holds too much, once
// the sessions are gone that are ending already.
func (b *Broker) greediest(least int64) (*session, *conn) {
	b.sessionsMu.Lock()
	defer b.sessionsMu.Unlock()
	leaving, most := map[*share]int64{}, map[*share]*session{}
	all := b.budget.used.Load()
	for _, s := range b.sessions {
		switch weight := s.weight.Load(); {
		case s.share == nil:
		case s.cut:
			leaving[s.share] += weight
			all -= weight
		case weight < least:
		case most[s.share] == nil || weight > most[s.share].weight.Load():
			most[s.share] = s
		}
	}
	var fullest *share
	greatest := int64(maxShare)
	if all > allHeld {
		greatest = 0
	}
	for h := range most {
		if used := h.used.Load() - leaving[h]; used > greatest {
			fullest, greatest = h, used
		}
	}
	if fullest == nil {
		return nil, nil
	}
	s := most[fullest]
	s.cut = true
	return s, s.owner
}

// cut ends a session that holds too much memory, with everything that waits for it: its client learns from the CONNACK
// that the session is gone, whereas it would not notice lost messages. c is its connection; nil: it is away.
func (b *Broker) cut(s *session, c *conn) {
	held := s.weight.Load()
	s.share.note()
	b.budget.ended.Add(1)
	if c != nil && c.client != nil {
		c.abort(greedy)
	}
	if b.refusals.due("held\x00"+s.user, time.Now()) {
		b.log.Warn("the clients of a user hold too much memory; the one that holds most is disconnected and its session ended",
			"user", clip(s.user), "client", s.id, "bytes", held)
	}
	s.abandon()
	b.expire(s)
}

// abandon drops everything that waits for the client.
func (s *session) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep = false
	s.offlineLocked()
}
