package upstream

import (
	"errors"
	"slices"
	"time"
)

// MQTT 3.1.1 has no way to refuse a message. Many brokers end the connection when they get one that they do not accept:
// it is too large, or the gateway has no right to its topic. Sent again at each connection, such a message would keep
// all the others from going up for ever. So after connections that the broker ends early, messages are sent one at a
// time, which identifies the one at fault. It is set aside: it stays in the outbox and is tried again later, and the
// others go up.
const (
	manySoon = 2    // connections in a row that the broker ended early: from then on one message at a time
	alone    = 1024 // messages that are sent one at a time in one connection
	provoked = 3    // connections in a row that one message ended before it is set aside
)

// refusals records the messages that the broker does not accept. It is guarded by the Upstream's mu.
type refusals struct {
	soon   int             // connections in a row that the broker ended early with messages in flight
	last   messageKey      // the message that ended the last of them
	times  int             // how many of them, in a row
	blamed map[string]bool // topics with a message set aside, and none acknowledged since
	closed map[string]bool // topics of which nothing is sent
	topic  string          // of the newest message set aside; "": none
	since  time.Time       // when the first was set aside
}

// messageKey identifies a message across connections.
type messageKey struct {
	queue  *queue
	number uint64
	topic  string
}

// ended evaluates how the broker has ended a connection: whether messages were sent one at a time, how many were
// acknowledged, and which were not, in the order of sending. It returns the message to set aside, if there is one.
func (r *refusals) ended(oneByOne bool, acked int64, undelivered []*item) *item {
	if len(undelivered) == 0 {
		return nil
	}
	r.soon++
	if !oneByOne || acked == 0 { // a broker that accepts nothing at all has another problem
		return nil
	}
	i := undelivered[0]
	if key := (messageKey{i.queue, i.number, i.full}); key != r.last {
		r.last, r.times = key, 0
	}
	if r.times++; r.times < provoked && !r.blamed[i.full] {
		return nil
	}
	r.times = 0
	if r.topic == "" {
		r.blamed, r.closed, r.since = map[string]bool{}, map[string]bool{}, time.Now()
	}
	if i.queue == nil || r.blamed[i.full] {
		r.closed[i.full] = true // the topic is at fault, not the content of the message
	}
	r.blamed[i.full], r.topic = true, i.full
	return i
}

// words describes for people which message the broker does not accept; "" if none is known.
func (r *refusals) words() string {
	topic := r.topic
	if r.times > 1 {
		topic = r.last.topic
	}
	if topic == "" {
		return ""
	}
	return "the broker ends the connection when it gets " + topic + "; may this user publish it, and is it not too large?"
}

func (u *Upstream) refusalWords() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.refusals.words()
}

// hungUp reports whether the other side ended the connection.
func hungUp(why error) bool {
	var rogue rogueError
	return why != nil && !errors.Is(why, errNoAck) && !timedOut(why) && !errors.As(why, &rogue)
}

// refused sets aside the message that has made the broker end connections, and returns the rest of the unacknowledged
// ones.
func (s *session) refused(undelivered []*item, why error) []*item {
	i := s.refusedItem(undelivered, why)
	if i == nil {
		return undelivered
	}
	s.u.log.Warn("a message is set aside: the broker ends the connection whenever it gets it", "topic", i.full,
		"bytes", len(i.body()), "tried again after", s.u.timing.aside)
	return slices.DeleteFunc(undelivered, func(other *item) bool { return other == i })
}

// refusedItem sets aside the message that has made the broker end connections, and returns it; nil if there is none.
func (s *session) refusedItem(undelivered []*item, why error) *item {
	u := s.u
	u.mu.Lock()
	defer u.mu.Unlock()
	if time.Since(s.began) >= u.timing.steady {
		u.refusals.soon, u.refusals.times = 0, 0
	}
	if !hungUp(why) {
		return nil
	}
	i := u.refusals.ended(s.oneByOne.Load(), s.acked, undelivered)
	if i != nil {
		u.setAsideLocked(i)
	}
	return i
}

// passes reports whether a message may be sent. A message on a topic that the broker does not accept is set aside.
func (s *session) passes(i *item) bool {
	s.u.mu.Lock()
	defer s.u.mu.Unlock()
	if !s.u.refusals.closed[i.full] {
		return true
	}
	s.u.setAsideLocked(i)
	return false
}

func (u *Upstream) setAsideLocked(i *item) {
	if i.queue != nil && !i.queue.setAside(i) {
		u.counts.Lost++
	}
}

// tryAgain retries the messages set aside when their time has come.
func (u *Upstream) tryAgain() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.refusals.topic == "" || time.Since(u.refusals.since) < u.timing.aside {
		return
	}
	if u.session != nil {
		for full := range u.refusals.closed {
			if i := u.current[full]; i != nil {
				i.said = false
				u.unsaid = append(u.unsaid, full)
			}
		}
	}
	u.refusals = refusals{}
	u.readings.takeUp()
	u.outcomes.takeUp()
	if u.status.Code == CodeConnected {
		u.status.Message, u.news = "", true
	}
}

// setAside keeps a message that is neither sent nor forgotten. It returns false if the message is not on the disk.
func (q *queue) setAside(i *item) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.flying(i).remove(i.number)
	if i.kept {
		q.aside.add(i.number)
	}
	return i.kept
}

// takeUp makes the messages that were set aside pending again.
func (q *queue) takeUp() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, s := range q.aside {
		for n := s.from; n < s.to; n++ {
			q.pending.add(n)
		}
	}
	q.aside = nil
}
