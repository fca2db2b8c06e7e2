package upstream

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

const (
	windowLive    = 32 // messages in flight at a time that are not from the backlog
	windowBacklog = 32 // and from the backlog
	burst         = 16 // live messages in a row before a current one has its turn
	rereadPause   = time.Second
)

// session is one connection. It ends with the first fault: messages in flight then go back to their queue, and the next
// session starts fresh, because paho would report some of them as delivered after a reconnect of its own.
type session struct {
	u      *Upstream
	client mqtt.Client
	ended  <-chan error  // delivers the reason why the connection has ended
	failed chan error    // the first publication that was not acknowledged
	flight chan *sending // in the order of sending

	inLive, inBacklog, inPlain atomic.Int64 // in flight: live, from the backlog, without a queue

	sent     sendings
	began    time.Time
	oneByOne atomic.Bool // a message is sent when the one before is acknowledged: see refusals
	acked    int64       // messages; only await's goroutine touches it

	// Only the pump's goroutine touches these.
	row      int // live messages since the last current one
	budget   float64
	filled   time.Time
	notUntil time.Time // the backlog could not be read
}

// sending is a message between its PUBLISH and its PUBACK.
type sending struct {
	*item
	token mqtt.Token
}

var errNoAck = errors.New("no PUBACK was received")

func newSession(u *Upstream, client mqtt.Client, ended <-chan error) *session {
	return &session{u: u, client: client, ended: ended, filled: time.Now(), began: time.Now(),
		failed: make(chan error, 1), flight: make(chan *sending, windowLive+windowBacklog)}
}

// run sends until the connection or the upstream ends, and returns the reason.
func (s *session) run() error {
	s.enter()
	stop, pumped := make(chan struct{}), make(chan struct{})
	awaited := make(chan []*item, 1)
	go func() { awaited <- s.await() }()
	go func() { defer close(pumped); s.pump(stop) }()
	var why error
	select {
	case why = <-s.ended:
	case why = <-s.failed:
		if !errors.Is(why, errNoAck) { // paho completes the publications first and reports the reason afterwards
			select {
			case why = <-s.ended:
			case <-time.After(time.Second):
			}
		}
	case <-s.u.dial.Done():
	}
	close(stop)
	s.client.Disconnect(250) // the broker gets a DISCONNECT, if possible; every token is completed
	<-pumped
	close(s.flight)
	s.leave(s.refused(<-awaited, why))
	return why
}

// enter marks everything current as unsent and makes the newest reading of each device live.
func (s *session) enter() {
	u := s.u
	u.mu.Lock()
	defer u.mu.Unlock()
	for topic, i := range u.newest {
		if i.queue.promote(i) {
			continue
		}
		if u.current[topic] == nil { // the broker may have forgotten it
			u.current[topic] = &item{full: i.full, topic: i.topic, payload: i.body(), retain: true}
		}
	}
	u.unsaid = u.unsaid[:0]
	for topic, i := range u.current {
		i.said = false
		u.unsaid = append(u.unsaid, topic)
	}
	status := u.config.base() + "status"
	slices.SortFunc(u.unsaid, func(a, b string) int {
		if (a == status) != (b == status) {
			if a == status {
				return -1
			}
			return 1
		}
		if a < b {
			return -1
		}
		return 1
	})
	u.passing = nil
	u.session = s
	s.oneByOne.Store(u.refusals.soon >= manySoon)
	signal(u.wake)
}

// leave returns everything that the connection did not deliver.
func (s *session) leave(flight []*item) {
	u := s.u
	u.mu.Lock()
	defer u.mu.Unlock()
	u.session = nil
	u.unsaid = nil
	for _, q := range []*queue{u.readings, u.outcomes} {
		q.recall(slices.DeleteFunc(slices.Clone(flight), func(i *item) bool { return i.queue != q }))
	}
}

// sendings are the times of the last messages sent over a connection.
type sendings struct {
	mu    sync.Mutex
	times [256]time.Time // more than can be in flight
	count uint64
}

func (l *sendings) add(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.times[l.count%uint64(len(l.times))] = at
	l.count++
}

// after returns when the message was sent that follows the first n; ok is false if there is none.
func (l *sendings) after(n uint64) (at time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n >= l.count || l.count-n > uint64(len(l.times)) {
		return at, false
	}
	return l.times[n%uint64(len(l.times))], true
}

// before returns when a message was sent at the earliest that arrived at arrived, behind acks PUBACKs, if the connection
// shows that it has stalled: whatever a broker sent after the oldest message that it has not acknowledged may have been
// on its way since then. A broker acknowledges at once, and what it sends arrives in order.
func (u *Upstream) before(arrived time.Time, acks uint64) time.Time {
	u.mu.Lock()
	s := u.session
	u.mu.Unlock()
	if s == nil {
		return arrived
	}
	if since, ok := s.sent.after(acks); ok && arrived.Sub(since) > slowAck {
		return since
	}
	return arrived
}

// busy reports whether a message without a queue is in flight.
func (s *session) busy() bool { return s.inPlain.Load() > 0 }

// pump hands messages to the connection as long as there is room in the window.
func (s *session) pump(stop <-chan struct{}) {
	for {
		i, pause := s.next()
		if i != nil && !s.passes(i) {
			continue
		}
		if i == nil {
			var later <-chan time.Time
			if pause > 0 {
				later = time.After(pause)
			}
			select {
			case <-s.u.wake:
			case <-later:
			case <-stop:
				return
			}
			continue
		}
		s.send(i)
		select {
		case <-stop:
			return
		default:
		}
	}
}

func (s *session) send(i *item) {
	s.u.remember(i)
	s.counter(i).Add(1)
	i.since = time.Now()
	s.sent.add(i.since)
	token := s.client.Publish(i.full, 1, i.retain, i.body())
	s.flight <- &sending{i, token} // has room for the whole window
}

// counter is the part of the window that a message takes.
func (s *session) counter(i *item) *atomic.Int64 {
	switch {
	case i.queue == nil:
		return &s.inPlain
	case i.replay:
		return &s.inBacklog
	}
	return &s.inLive
}

// next chooses the message to send: first replies that a client waits for, then live readings and current values, then
// the backlog. pause is how long there is nothing to send.
func (s *session) next() (*item, time.Duration) {
	u := s.u
	if s.oneByOne.Load() {
		if s.inLive.Load()+s.inPlain.Load()+s.inBacklog.Load() > 0 {
			return nil, 0
		}
		if i := s.nextCurrent(); i != nil { // first of all, the message that shows whether the broker accepts anything
			return i, 0
		}
	}
	if s.inLive.Load()+s.inPlain.Load() < windowLive {
		if i := s.nextPassing(); i != nil {
			return i, 0
		}
		if i := u.outcomes.takeLive(); i != nil {
			return u.addressed(i), 0
		}
		if s.row < burst {
			if i := u.readings.takeLive(); i != nil {
				s.row++
				return u.addressed(i), 0
			}
		}
		s.row = 0
		if i := s.nextCurrent(); i != nil {
			return i, 0
		}
		if i := u.readings.takeLive(); i != nil {
			return u.addressed(i), 0
		}
	}
	if s.inBacklog.Load() >= windowBacklog {
		return nil, 0
	}
	return s.nextBacklog()
}

func (s *session) nextPassing() *item {
	s.u.mu.Lock()
	defer s.u.mu.Unlock()
	if len(s.u.passing) == 0 {
		return nil
	}
	i := s.u.passing[0]
	s.u.passing = s.u.passing[1:]
	return i
}

func (s *session) nextCurrent() *item {
	s.u.mu.Lock()
	defer s.u.mu.Unlock()
	for len(s.u.unsaid) > 0 {
		i := s.u.current[s.u.unsaid[0]]
		s.u.unsaid = s.u.unsaid[1:]
		if i != nil && !i.said {
			i.said = true
			return i
		}
	}
	return nil
}

// nextBacklog keeps to ReplayRate.
func (s *session) nextBacklog() (*item, time.Duration) {
	now := time.Now()
	if wait := s.notUntil.Sub(now); wait > 0 {
		return nil, wait
	}
	rate := float64(s.u.config.ReplayRate)
	s.budget = min(s.budget+rate*now.Sub(s.filled).Seconds(), max(1, rate/20))
	s.filled = now
	if s.budget < 1 {
		return nil, time.Duration((1 - s.budget) / rate * float64(time.Second))
	}
	for _, q := range []*queue{s.u.outcomes, s.u.readings} {
		i, err := q.backlog()
		if err != nil {
			s.u.diskFails(err)
			s.notUntil = now.Add(rereadPause)
			return nil, rereadPause
		}
		if i != nil {
			s.budget--
			return s.u.addressed(i), 0
		}
	}
	return nil, 0
}

// addressed completes a message from a queue with its topic at the upstream.
func (u *Upstream) addressed(i *item) *item {
	if i.full == "" {
		i.full = u.config.base() + i.topic
	}
	return i
}

// await takes the PUBACKs in the order of sending. It returns the messages that had none.
func (s *session) await() (undelivered []*item) {
	var err error
	timeout := time.NewTimer(s.u.timing.ack)
	defer timeout.Stop()
	for f := range s.flight {
		if err == nil {
			timeout.Reset(s.u.timing.ack - time.Since(f.since))
			select {
			case <-f.token.Done():
				err = f.token.Error()
			case <-timeout.C:
				err = errNoAck
			}
			if err != nil {
				s.failed <- err
			}
		}
		s.counter(f.item).Add(-1)
		// After a failure, too, some may have been acknowledged.
		if err == nil || delivered(f.token) {
			if s.acked++; s.acked == alone {
				s.oneByOne.Store(false)
			}
			s.u.delivered(f.item)
		} else {
			undelivered = append(undelivered, f.item)
		}
	}
	return undelivered
}

// delivered reports whether the PUBACK has arrived.
func delivered(t mqtt.Token) bool {
	select {
	case <-t.Done():
		return t.Error() == nil
	default:
		return false
	}
}

// delivered records a PUBACK.
func (u *Upstream) delivered(i *item) {
	if i.queue != nil {
		i.queue.done(i)
	}
	if i.retain && len(i.payload) == 0 {
		u.published.remove(i.full)
	}
	u.mu.Lock()
	delete(u.refusals.blamed, i.full)
	u.written = u.written || i.full == u.config.infoTopic()
	switch {
	case i.queue != nil:
		u.counts.Delivered++
		if i.replay {
			u.counts.Replayed++
		}
	case len(i.payload) == 0 && u.current[i.full] == i:
		delete(u.current, i.full) // nothing is left there
	}
	u.mu.Unlock()
	signal(u.wake)
}
