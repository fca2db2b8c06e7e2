package broker

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of the memory that clients make the broker hold, in bytes: everything that waits for them, what they have not
// acknowledged, their filters, packets that arrive slowly, and sessions that are away. Retained messages have bounds of
// their own, and so have connections.
const (
	maxShare = 4 << 20               // of one user; beyond it the session that holds most is ended
	allHeld  = 32 << 20              // of all users together; beyond it the same with the user that holds most
	hardHeld = maxShare + maxShare/4 // of one user, until that has happened: nothing more is taken

	leastCut    = 4 << 10 // a session that holds less is not ended if others hold more
	sessionCost = 4 << 10 // a session that is away, and what mochi keeps of its client
	slotCost    = 64      // a place in a queue
	halfCost    = 1 << 10 // a message of QoS 2 that is not complete
)

// budget is the memory that the sessions of all users hold together.
type budget struct {
	used    atomic.Int64
	ended   atomic.Int64  // sessions that were ended because their users held too much
	crowded chan struct{} // tells relieve that a bound was passed

	mu     sync.Mutex
	shares map[string]*share // by user
}

// share is the part of one user. A nil share has no bounds.
type share struct {
	user   string
	budget *budget
	used   atomic.Int64

	mu      sync.Mutex
	starved map[*session]struct{} // that have messages and an empty buffer, and wait for room
	held    map[any]int           // messages and filters: each counts once, however many of the user's sessions hold it
	full    reached
}

// reached counts how often a user reached a bound.
type reached struct {
	times uint64
	last  time.Time
}

func newBudget() *budget {
	return &budget{crowded: make(chan struct{}, 1), shares: map[string]*share{}}
}

// of returns the share of a user.
func (b *budget) of(user string) *share {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.shares[user]
	if h == nil {
		h = &share{user: user, budget: b, held: map[any]int{}, starved: map[*session]struct{}{}}
		b.shares[user] = h
	}
	return h
}

// keep forgets the shares of users that are gone and hold nothing.
func (b *budget) keep(users *accounts) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for user, h := range b.shares {
		if users.byName[user] == nil && h.used.Load() == 0 {
			delete(b.shares, user)
		}
	}
}

// add counts n bytes more, or fewer.
func (h *share) add(n int) {
	if h == nil || n == 0 {
		return
	}
	used, all := h.used.Add(int64(n)), h.budget.used.Add(int64(n))
	if n > 0 && (used > maxShare || all > allHeld) {
		h.budget.wake()
	}
}

// wake tells relieve that a bound was passed.
func (b *budget) wake() {
	select {
	case b.crowded <- struct{}{}:
	default:
	}
}

// hold counts something of a size that one more of the user's sessions holds, and release one fewer.
func (h *share) hold(what any, size int) {
	if h == nil {
		return
	}
	h.mu.Lock()
	h.held[what]++
	first := h.held[what] == 1
	h.mu.Unlock()
	if first {
		h.add(size)
	}
}

func (h *share) release(what any, size int) {
	if h == nil {
		return
	}
	h.mu.Lock()
	h.held[what]--
	last := h.held[what] == 0
	if last {
		delete(h.held, what)
	}
	h.mu.Unlock()
	if last {
		h.add(-size)
	}
}

// over reports whether the user's sessions hold more than their share.
func (h *share) over() bool { return h != nil && h.used.Load() > maxShare }

// starve lets a session wait for room.
func (h *share) starve(s *session) {
	h.mu.Lock()
	h.starved[s] = struct{}{}
	h.mu.Unlock()
	h.budget.wake()
}

// next takes a session out that has waited for room; nil: there is none, or no room.
func (h *share) next() *session {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.starved {
		if h.over() {
			break
		}
		delete(h.starved, s)
		return s
	}
	return nil
}

// all returns the shares.
func (b *budget) all() []*share {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Values(b.shares))
}

// exhausted reports whether nothing more is taken at the moment for sessions of the user that hold something already.
func (h *share) exhausted() bool { return h != nil && h.used.Load() > hardHeld }

// has reports whether there is room for n more bytes that the user asks for.
func (h *share) has(n int) bool { return h == nil || h.used.Load()+int64(n) <= maxShare }

// note remembers that the user has reached a bound.
func (h *share) note() {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.full.times++
	h.full.last = time.Now()
}

// Full is a user that has reached the bounds of what its clients may hold, or leave behind.
type Full struct {
	User  string
	Times uint64    // since the start
	Last  time.Time // the last time
}

// full returns the users that have reached a bound.
func (b *budget) full() []Full {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []Full
	for user, h := range b.shares {
		h.mu.Lock()
		if h.full.times > 0 {
			all = append(all, Full{user, h.full.times, h.full.last})
		}
		h.mu.Unlock()
	}
	slices.SortFunc(all, func(a, b Full) int { return cmp.Compare(a.User, b.User) })
	return all
}
