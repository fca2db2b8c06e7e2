package broker

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	maxRoutes  = 4096    // topics whose receivers are remembered
	maxTargets = 1 << 17 // and their receivers, all together (4 MiB)
)

// target is one receiver of a topic, with the options of its subscriptions.
type target struct {
	session *session
	subIDs  []uint32
	qos     byte
	asIs    bool
	noLocal bool // all its subscriptions are: it gets none of its own messages
	shared  bool // of a shared subscription
}

// route holds the receivers of one topic.
type route struct {
	version uint64
	targets []target
	groups  [][]target // of shared subscriptions: one of each gets a message
	next    atomic.Uint32
}

// routes remembers routes. Finding them costs some allocations, and more for every receiver; topics are few and
// subscriptions seldom change. When subscriptions or rules do change, everything is forgotten at once.
type routes struct {
	version atomic.Uint64
	mu      sync.RWMutex
	byTopic map[string]*route
	targets int
}

// change makes every route be looked up again.
func (r *routes) change() { r.version.Add(1) }

func (r *routes) get(topic string) *route {
	r.mu.RLock()
	found := r.byTopic[topic]
	r.mu.RUnlock()
	if found == nil || found.version != r.version.Load() {
		return nil
	}
	return found
}

// put remembers a route. When there are too many, all are forgotten.
func (r *routes) put(topic string, found *route) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(found.targets)
	for _, group := range found.groups {
		n += len(group)
	}
	if old := r.byTopic[topic]; old != nil {
		r.targets -= len(old.targets)
		for _, group := range old.groups {
			r.targets -= len(group)
		}
	}
	if len(r.byTopic) >= maxRoutes || r.targets+n > maxTargets {
		clear(r.byTopic)
		r.targets = 0
	}
	r.byTopic[strings.Clone(topic)] = found // topic may be a part of a large packet
	r.targets += n
}

// route finds the receivers of a message on topic that may read it.
func (b *Broker) route(topic string) *route {
	if found := b.routes.get(topic); found != nil {
		return found
	}
	found := &route{version: b.routes.version.Load()} // before looking: a change meanwhile makes it stale
	sessions, shared := b.index.match(topic)
	users := b.users.Load()
	mayRead := func(s *session) bool {
		u := users.of(s)
		return u != nil && u.rights.mayRead(topic, s.id)
	}
	for _, s := range sessions {
		if mayRead(s) {
			if t, ok := s.target(topic); ok {
				found.targets = append(found.targets, t)
			}
		}
	}
	for _, g := range shared {
		if members := g.targets(mayRead); members != nil {
			found.groups = append(found.groups, members)
		}
	}
	b.routes.put(topic, found)
	return found
}

// targets are the members of a shared subscription that may read, in a fixed order.
func (g *group) targets(mayRead func(*session) bool) (members []target) {
	for _, s := range g.sessions {
		sub, ok := s.subscribed(g.filter)
		if !ok || !mayRead(s) {
			continue
		}
		t := target{session: s, qos: sub.qos, asIs: sub.asIs, shared: true}
		if sub.id > 0 {
			t.subIDs = []uint32{sub.id}
		}
		members = append(members, t)
	}
	slices.SortFunc(members, func(a, b target) int { return cmp.Compare(a.session.id, b.session.id) })
	return members
}

// target combines the session's subscriptions that match topic: one message, the best QoS, all identifiers.
func (s *session) target(topic string) (target, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.targetLocked(topic)
}

func (s *session) targetLocked(topic string) (target, bool) {
	t := target{session: s, noLocal: true}
	found := false
	for filter, sub := range s.subs {
		if group, _, _ := splitShare(filter); group != "" || !matches(filter, topic) {
			continue
		}
		found = true
		t.qos = max(t.qos, sub.qos)
		t.asIs = t.asIs || sub.asIs
		t.noLocal = t.noLocal && sub.noLocal
		if sub.id > 0 {
			t.subIDs = append(t.subIDs, sub.id)
		}
	}
	slices.Sort(t.subIDs)
	return t, found
}

// pick chooses one member of a shared group: in turn, and one that is online if there is any.
func (r *route) pick(group []target) *target {
	first := int(r.next.Add(1) % uint32(len(group)))
	for i := range group {
		t := &group[(first+i)%len(group)]
		if t.session.online() {
			return t
		}
	}
	return &group[first]
}
