package upstream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"sync"
	"time"
)

// stamp says who gave a message to a hub, and when. The hub writes it in front of everything else in the object of a
// command or a request:
//
//	{"by":{"user":"li","role":"operator","at":81234},"id":"c-7f3",…}
//
// Everybody else who may publish there could write the same, so it counts only if the config says that the broker is a
// hub, and only on topics where the hub writes it.
type stamp struct {
	User string `json:"user"`
	Role string `json:"role"`
	At   int64  `json:"at"` // milliseconds by a clock of the hub that cannot be set
}

// roleGateway is the role of a message that the gateway sent to itself.
const roleGateway = "gateway"

// userPattern matches the ids of users.
var userPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// takeStamp takes the stamp off a payload; ok is false if it has none.
func takeStamp(payload []byte) (s stamp, rest []byte, ok bool) {
	after, ok := bytes.CutPrefix(payload, []byte(`{"by":`))
	if !ok {
		return s, payload, false
	}
	d := json.NewDecoder(bytes.NewReader(after))
	if d.Decode(&s) != nil || !userPattern.MatchString(s.User) {
		return stamp{}, payload, false
	}
	after = bytes.TrimPrefix(after[d.InputOffset():], []byte(","))
	return s, append([]byte("{"), after...), true
}

const (
	hubFresh    = 5 * time.Minute // how long a comparison of clocks is good for: they drift apart by some ms in that time
	hubCompare  = 4 * time.Minute // after which the next one is made
	hubPatience = 5 * time.Second // for the hub's answer
	veryOld     = time.Minute     // older than any command may be when it is written
)

// hubClock compares the hub's clock with ours, to know how long a command was on its way: a line that stalls delivers
// it late, as if it were new. We send ourselves a request through the hub, which stamps it. Its clock showed that time
// after we had sent the request, so what it shows now is at most that much more.
type hubClock struct {
	mu    sync.Mutex
	shown time.Duration // by the hub's clock
	sent  time.Time     // when the request was sent; zero: no comparison was made
	asked time.Time     // when the newest request was sent, unless it has come back; zero: none is under way
	count uint64        // requests so far: the newest one carries this number
	hub   uint64        // how many connections there were: each may lead to another hub
	loose bool          // the request took long to come back, so that ages are overrated
	came  chan struct{} // closed at the next comparison
}

// ask returns the number of the request to send now; 0: none. An earlier one that has not come back counts no more.
func (c *hubClock) ask(now time.Time, after time.Duration) (number uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loose {
		after = min(after, 2*hubPatience)
	}
	if !c.sent.IsZero() && now.Sub(c.sent) < after || !c.asked.IsZero() && now.Sub(c.asked) < hubPatience {
		return 0
	}
	c.asked = now
	c.count++
	return c.count
}

// take notes that our request came back. The hub's clock showed at in between. The request of an earlier number was sent
// at another time.
func (c *hubClock) take(at int64, number uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked.IsZero() || number != c.count {
		return
	}
	now, asked := time.Now(), c.asked
	c.asked = time.Time{}
	loose := now.Sub(asked) > slowAck
	if loose && !c.loose && !c.sent.IsZero() && now.Sub(c.sent) < hubFresh {
		return // the last one is better
	}
	c.shown, c.sent, c.loose = time.Duration(at)*time.Millisecond, asked, loose
	if c.came != nil {
		close(c.came)
		c.came = nil
	}
}

// connection returns the number of the connection.
func (c *hubClock) connection() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hub
}

// reset forgets everything: another connection may lead to another hub.
func (c *hubClock) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shown, c.sent, c.asked, c.loose = 0, time.Time{}, time.Time{}, false
	c.hub++
}

// age returns the longest that a message can have been on its way that the hub took at at and that arrived at arrived.
// ok is false if the clocks have not been compared recently; then came is closed at the next comparison.
func (c *hubClock) age(at int64, arrived time.Time) (age time.Duration, ok bool, came <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sent.IsZero() || arrived.Sub(c.sent) > hubFresh {
		if c.came == nil {
			c.came = make(chan struct{})
		}
		return 0, false, c.came
	}
	return max(0, c.shown+arrived.Sub(c.sent)-time.Duration(at)*time.Millisecond), true, nil
}

// compareClocks sends the request that shows the hub's clock, if the last comparison is older than after.
func (u *Upstream) compareClocks(after time.Duration) {
	if !u.config.Hub || !u.config.accepts("command") {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.session == nil {
		return
	}
	number := u.hub.ask(time.Now(), after)
	if number == 0 {
		return
	}
	topic := u.config.ownRequest()
	u.passing = append(u.passing, &item{topic: topic, full: u.config.base() + topic, payload: fmt.Appendf(nil, `{"id":%d}`, number)})
	signal(u.wake)
}

// ownRequest is the topic of requests of our own, below the gateway's.
func (c *Config) ownRequest() string { return "request/" + c.clientID() }

// sentAt returns when a command was given to the hub at the earliest, waiting for a comparison of clocks if needed.
func (in *inlet) sentAt(m *inward) time.Time {
	over := time.NewTimer(hubPatience)
	defer over.Stop()
	for {
		if in.u.hub.connection() != m.hub {
			return m.Received.Add(-veryOld) // the clock of its hub cannot be asked any more
		}
		age, ok, came := in.u.hub.age(m.stamp.At, m.Received)
		if ok {
			return m.Received.Add(-age)
		}
		in.u.compareClocks(0)
		select {
		case <-came:
		case <-over.C:
			return m.Received.Add(-veryOld) // the line has stalled: nobody can know
		case <-in.u.dial.Done():
			return m.Received.Add(-veryOld)
		}
	}
}
