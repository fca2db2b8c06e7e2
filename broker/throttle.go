package broker

import "time"

// The rules of guessing. A login that turns out right gives back what it took, so only wrong ones count.
//
// The passwords of one user from one place are slowed down most: after the first ten each one waits longer than the
// one before. The other rules stop those who have many users to try, or many addresses to try from. A phone that has
// logged in before is under a rule of its own, which no stranger can use up; and an address that has tried nothing wrong
// does not share with those that have.
const (
	byPlace   kind = iota // address and user as given; a phone that is known: its client id too
	byAddress             // all users from an address
	byAccount             // a user from all addresses that have tried wrong ones
	byNew                 // the same for addresses that have not
	byLAN                 // the same for the subnets of this machine
	byPhone               // the same for known phones elsewhere
	byAll                 // everybody from addresses that have tried wrong ones
	byAllNew              // the same for addresses that have not
	kinds
)

type kind uint8

// rule says how many wrong passwords are looked at at once, and how many after that.
type rule struct {
	burst int
	every time.Duration // one more after this
	most  time.Duration // the wait doubles from every up to this; 0: it stays
}

var rules = [kinds]rule{
	byPlace:   {burst: 10, every: 10 * time.Second, most: 15 * time.Minute},
	byAddress: {burst: 60, every: 10 * time.Second},
	byAccount: {burst: 50, every: time.Minute},
	byNew:     {burst: 256, every: time.Minute},
	byLAN:     {burst: 50, every: 10 * time.Second},
	byPhone:   {burst: 50, every: time.Minute},
	byAll:     {burst: 256, every: 2 * time.Second}, // half the time of a Pi Zero
	byAllNew:  {burst: 512, every: 2 * time.Second},
}

// wait is the time between two guesses when level of them were wrong.
func (r rule) wait(level int) time.Duration {
	d := r.every
	for ; level > r.burst && d < r.most; level-- {
		d *= 2
	}
	if r.most > 0 {
		d = min(d, r.most)
	}
	return d
}

// meter counts the wrong passwords under one rule.
type meter struct {
	kind   kind
	level  int
	last   time.Time // the newest one
	leaked time.Time // level falls by one in every interval from here
	tried  [2]digest // the newest wrong passwords: a device that repeats one does not guess
	held   bool      // a login waits for its time
	call   *call     // the guess that is being computed
	line   int       // logins that wait for it
}

// settle lets the level fall.
func (m *meter) settle(now time.Time) {
	r := rules[m.kind]
	step := max(r.every, r.most)
	if n := int(now.Sub(m.leaked) / step); n > 0 {
		m.level = max(0, m.level-n)
		m.leaked = m.leaked.Add(time.Duration(n) * step)
	}
	if m.level == 0 {
		m.leaked = now
	}
}

// due is how long the next guess has to wait.
func (m *meter) due(now time.Time) time.Duration {
	r := rules[m.kind]
	switch {
	case m.level < r.burst:
		return 0
	case r.most > 0:
		return m.last.Add(r.wait(m.level)).Sub(now)
	}
	return m.leaked.Add(r.every).Sub(now)
}

// take counts a guess as wrong.
func (m *meter) take(now time.Time) taken {
	r := rules[m.kind]
	t := taken{meter: m, before: m.last, at: now}
	if r.most > 0 {
		m.leaked = now // only quiet counts
	}
	m.last = now
	if m.level < r.burst || r.most == 0 || r.wait(m.level) < r.most {
		m.level++
		t.added = 1
	}
	return t
}

// busy marks a guess as being computed until the result is called.
func (m *meter) busy(c *call) (done func()) {
	if m.call == nil {
		m.call = c
	}
	return func() {
		if m.call == c {
			m.call = nil
		}
	}
}

// taken is what a login took from one meter.
type taken struct {
	meter  *meter
	before time.Time // the meter's last
	at     time.Time
	added  int
}

// giveBack undoes take: the password was right.
func (t taken) giveBack() {
	t.meter.level = max(0, t.meter.level-t.added)
	if t.meter.last.Equal(t.at) {
		t.meter.last = t.before
	}
}

func giveBack(spent []taken) {
	for _, t := range spent {
		t.giveBack()
	}
}

// Bounds of the memory of the throttle.
const (
	maxMeters   = 4096
	manyShared  = 256 // meters that places share when there are more of them
	sweepAtMost = time.Second
)

// throttle decides which passwords are looked at. It is guarded by the mutex of passwords.
type throttle struct {
	meters map[digest]*meter
	shared [manyShared]meter
	all    [2]meter // of byAll and byAllNew
	swept  time.Time
}

func newThrottle() throttle {
	return throttle{meters: map[digest]*meter{}, all: [2]meter{{kind: byAll}, {kind: byAllNew}}}
}

// meter returns the meter of a key. When there are too many, places that are new share some, so that nobody gets rid of
// a long wait by filling the memory.
func (t *throttle) meter(k kind, key digest, now time.Time) *meter {
	m := t.meters[key]
	if m == nil {
		if len(t.meters) >= maxMeters && !t.sweep(now) {
			m = &t.shared[int(key[0])%manyShared]
			m.kind = k
		} else {
			m = &meter{kind: k}
			t.meters[key] = m
		}
	}
	m.settle(now)
	return m
}

// sweep forgets meters that have run down; false if there is still no room.
func (t *throttle) sweep(now time.Time) bool {
	if now.Sub(t.swept) < sweepAtMost {
		return false
	}
	t.swept = now
	for key, m := range t.meters {
		if m.settle(now); m.level == 0 && !m.held && m.call == nil && m.line == 0 {
			delete(t.meters, key)
		}
	}
	return len(t.meters) < maxMeters
}

// slowed counts the places that have to wait now.
func (t *throttle) slowed(now time.Time) (n int) {
	for _, m := range t.meters {
		if m.kind != byPlace {
			continue
		}
		if m.settle(now); m.due(now) > 0 {
			n++
		}
	}
	return n
}
