package broker

import (
	"slices"
	"strings"
	"sync"
)

// Bounds for the retained messages of all clients together on topics of their own, and of each gateway that dials out
// to this broker. This gateway's own topics have none, since a config bounds them.
const (
	maxRetained      = 4096
	maxRetainedBytes = 16 << 20
)

// retained are the newest retained messages by topic, in memory. They are not kept in mochi's index, which
// forgets them after a day, copies them all every second, and does not find a for a/#.
type retained struct {
	mu      sync.RWMutex
	byTopic map[string]*message
	used    map[string]usage // by keeper
}

// usage is the storage used under one name.
type usage struct{ count, bytes int }

// len is the number of messages.
func (r *retained) len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.byTopic)
}

// put keeps m, or deletes its topic if m has no payload. It returns false if clients have left too much behind already.
func (r *retained) put(m *message) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.byTopic[m.topic]
	if len(m.payload) > 0 && m.origin != "" {
		after := r.used[m.keeper].plus(m, 1)
		if old != nil && old.origin != "" && old.keeper == m.keeper {
			after = after.plus(old, -1)
		}
		if after.count > maxRetained || after.bytes > maxRetainedBytes {
			return false
		}
	}
	r.count(old, -1)
	if len(m.payload) == 0 {
		delete(r.byTopic, m.topic)
		return true
	}
	r.count(m, 1)
	r.byTopic[m.topic] = m
	return true
}

// count adds n times m to what its keeper uses; mu is held.
func (r *retained) count(m *message, n int) {
	if m == nil || m.origin == "" {
		return
	}
	if r.used == nil {
		r.used = map[string]usage{}
	}
	if u := r.used[m.keeper].plus(m, n); u.count > 0 {
		r.used[m.keeper] = u
	} else {
		delete(r.used, m.keeper)
	}
}

func (u usage) plus(m *message, n int) usage { return usage{u.count + n, u.bytes + n*m.size()} }

func (r *retained) get(topic string) *message {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byTopic[topic]
}

// topics returns the topics that match filter, in order.
func (r *retained) topics(filter string) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if !strings.ContainsAny(filter, "+#") {
		if r.byTopic[filter] == nil {
			return nil
		}
		return []string{filter}
	}
	var found []string
	for topic := range r.byTopic {
		if matches(filter, topic) {
			found = append(found, topic)
		}
	}
	slices.Sort(found)
	return found
}
