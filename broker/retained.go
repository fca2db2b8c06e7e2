package broker

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// Bounds for the retained messages that one user leaves behind, and all users together, in bytes of memory. This
// gateway's own topics have none, since a config bounds them.
const (
	maxRetained      = 4096     // messages of one user
	retainedOfPerson = 4 << 20  // of a person
	retainedOfOther  = 8 << 20  // of a gateway that dials out to this broker
	retainedOfAll    = 32 << 20 // then the user that has left most behind loses some
)

// retained are the newest retained messages by topic, in memory. They are not kept in mochi's index, which
// forgets them after a day, copies them all every second, and does not find a for a/#.
type retained struct {
	mu      sync.RWMutex
	byTopic map[string]*message
	sorted  []string         // the topics in order
	used    map[string]usage // by keeper
	all     int              // bytes of all keepers
	seq     uint64           // of the newest message
}

// usage is the storage used under one name.
type usage struct{ count, bytes int }

func (u usage) plus(m *message, n int) usage { return usage{u.count + n, u.bytes + n*m.size()} }

// len is the number of messages.
func (r *retained) len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.byTopic)
}

// put keeps m, or deletes its topic if m has no payload. kept is false if its keeper has left too much behind already;
// then the topic has no message any more, since an older one would not be the truth. loser is a user who lost messages
// because all together had left too much.
func (r *retained) put(m *message) (kept bool, loser string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq++
	r.count(r.byTopic[m.topic], -1)
	if len(m.payload) == 0 {
		r.delete(m.topic)
		return true, ""
	}
	if m.origin != "" {
		if kept, loser = r.makeRoom(m); !kept {
			r.delete(m.topic)
			return false, loser
		}
	}
	r.count(m, 1)
	m.seq = r.seq
	if at, there := slices.BinarySearch(r.sorted, m.topic); !there {
		r.sorted = slices.Insert(r.sorted, at, m.topic)
	}
	r.byTopic[m.topic] = m
	return true, loser
}

// makeRoom reports whether m may be kept. At the bound of all users, the one that has left most loses its oldest.
func (r *retained) makeRoom(m *message) (ok bool, loser string) {
	after := r.used[m.keeper].plus(m, 1)
	if after.count > maxRetained || after.bytes > m.most {
		return false, ""
	}
	for r.all+m.size() > retainedOfAll {
		loser = ""
		for keeper, u := range r.used {
			if loser == "" || u.bytes > r.used[loser].bytes {
				loser = keeper
			}
		}
		if loser == "" || loser == m.keeper || r.used[loser].bytes <= after.bytes {
			return false, ""
		}
		r.evict(loser, m)
	}
	return true, loser
}

// evict deletes the oldest messages of a user until there is room for m.
func (r *retained) evict(keeper string, m *message) {
	var theirs []*message
	for _, old := range r.byTopic {
		if old.origin != "" && old.keeper == keeper && old.topic != m.topic {
			theirs = append(theirs, old)
		}
	}
	slices.SortFunc(theirs, func(a, b *message) int { return cmp.Compare(a.seq, b.seq) })
	for _, old := range theirs {
		r.count(old, -1)
		r.delete(old.topic)
		if r.all+m.size() <= retainedOfAll {
			return
		}
	}
}

func (r *retained) delete(topic string) {
	delete(r.byTopic, topic)
	if at, there := slices.BinarySearch(r.sorted, topic); there {
		r.sorted = slices.Delete(r.sorted, at, at+1)
	}
}

// count adds n times m to what its keeper uses; mu is held.
func (r *retained) count(m *message, n int) {
	if m == nil || m.origin == "" {
		return
	}
	if r.used == nil {
		r.used = map[string]usage{}
	}
	r.all += n * m.size()
	if u := r.used[m.keeper].plus(m, n); u.count > 0 {
		r.used[m.keeper] = u
	} else {
		delete(r.used, m.keeper)
	}
}

func (r *retained) get(topic string) *message {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byTopic[topic]
}

// newest is the sequence number of the newest message.
func (r *retained) newest() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.seq
}

// next returns the first message behind the topic after, in the order of topics, that matches filter ("": any) and is
// wanted; nil if there is none among the next ones, most of them. at is the topic that it looked at last, "" at the end,
// and looked how many it looked at.
func (r *retained) next(filter, after string, most int, wanted func(*message) bool) (m *message, at string, looked int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if filter != "" && !strings.ContainsAny(filter, "+#") {
		if m := r.byTopic[filter]; m != nil && after == "" && wanted(m) {
			return m, filter, 1
		}
		return nil, "", 1
	}
	i, there := slices.BinarySearch(r.sorted, after)
	if there {
		i++
	}
	for ; i < len(r.sorted); i++ {
		if looked == most {
			return nil, at, looked
		}
		at = r.sorted[i]
		looked++
		if m := r.byTopic[at]; (filter == "" || matches(filter, at)) && wanted(m) {
			return m, at, looked
		}
	}
	return nil, "", looked
}
