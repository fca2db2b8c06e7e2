package broker

import (
	"slices"
	"strings"
	"sync"
)

// Bounds of what clients may leave behind on their own topics. The gateway's own topics have none: a config
// bounds those.
const (
	maxRetained      = 4096
	maxRetainedBytes = 16 << 20
)

// retained are the newest retained messages by topic, in memory. They are not kept in mochi's index, which
// forgets them after a day, copies them all every second, and does not find a for a/#.
type retained struct {
	mu      sync.RWMutex
	byTopic map[string]*message
	count   int // of clients
	bytes   int // of clients
}

// len is how many there are.
func (r *retained) len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.byTopic)
}

// put keeps m, or deletes its topic if m has no payload. false: clients have left too much behind already.
func (r *retained) put(m *message) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.byTopic[m.topic]
	count, bytes := r.count, r.bytes
	if old != nil && old.origin != "" {
		count, bytes = count-1, bytes-old.size()
	}
	if len(m.payload) == 0 {
		delete(r.byTopic, m.topic)
		r.count, r.bytes = count, bytes
		return true
	}
	if m.origin != "" {
		count, bytes = count+1, bytes+m.size()
		if count > maxRetained || bytes > maxRetainedBytes {
			return false
		}
	}
	r.byTopic[m.topic] = m
	r.count, r.bytes = count, bytes
	return true
}

func (r *retained) get(topic string) *message {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byTopic[topic]
}

// topics are those that filter asks for, in order.
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
