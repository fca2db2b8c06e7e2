package broker

import (
	"strings"
	"sync"
)

// What a filter costs beside its text in the index, and a subscription in its session, in bytes.
const (
	filterCost       = 320
	subscriptionCost = 96
)

// index finds the sessions whose subscriptions match a topic. mochi's index costs a kilobyte for each level of each
// filter, and another copy for each client; it is kept empty.
type index struct {
	mu      sync.RWMutex
	filters map[string]*filter   // as the clients wrote them
	after   map[string][]*filter // those with wildcards, and shared ones, by the levels before the first wildcard: "a/b/"
}

// filter is one filter with its sessions.
type filter struct {
	text     string // as the clients wrote it
	group    string // of a shared subscription, else ""
	inner    string // without $share/GROUP/
	sessions []*session
}

func newIndex() *index { return &index{filters: map[string]*filter{}, after: map[string][]*filter{}} }

// before is the part of a filter before its first wildcard, which is where index.after has it.
func before(inner string) string {
	if i := strings.IndexAny(inner, "+#"); i >= 0 {
		return inner[:i]
	}
	return inner
}

// size is what the filter costs, in bytes.
func (f *filter) size() int { return len(f.text) + filterCost }

// add enters a subscription and returns its filter.
func (x *index) add(s *session, text string) *filter {
	x.mu.Lock()
	defer x.mu.Unlock()
	f := x.filters[text]
	if f == nil {
		f = &filter{text: strings.Clone(text)}
		f.group, f.inner, _ = splitShare(f.text)
		x.filters[f.text] = f
		if f.group != "" || strings.ContainsAny(f.inner, "+#") {
			key := before(f.inner)
			x.after[key] = append(x.after[key], f)
		}
	}
	f.sessions = append(f.sessions, s)
	return f
}

// remove takes a subscription out.
func (x *index) remove(s *session, f *filter) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if f.sessions = without(f.sessions, s); len(f.sessions) > 0 {
		return
	}
	delete(x.filters, f.text)
	key := before(f.inner)
	if list := without(x.after[key], f); len(list) > 0 {
		x.after[key] = list
	} else {
		delete(x.after, key)
	}
}

// without removes one item from a list whose order does not matter, and releases memory that is no longer needed.
func without[T comparable](list []T, item T) []T {
	for i := range list {
		if list[i] != item {
			continue
		}
		var none T
		last := len(list) - 1
		list[i], list[last] = list[last], none
		if list = list[:last]; last < cap(list)/4 {
			list = append([]T(nil), list...)
		}
		break
	}
	return list
}

// match returns the sessions with a filter that matches topic, each once, and those of each shared subscription.
func (x *index) match(topic string) (sessions []*session, shared []group) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	found := 0
	take := func(f *filter) {
		if f.group != "" {
			shared = append(shared, group{f.text, append([]*session(nil), f.sessions...)})
			return
		}
		sessions = append(sessions, f.sessions...)
		found++
	}
	if f := x.filters[topic]; f != nil && f.group == "" {
		take(f)
	}
	look := func(key string) {
		for _, f := range x.after[key] {
			if matches(f.inner, topic) {
				take(f)
			}
		}
	}
	for i := range topic {
		if i == 0 || topic[i-1] == '/' {
			look(topic[:i])
		}
	}
	look(topic)
	look(topic + "/") // a/# matches a
	if found > 1 {
		sessions = unique(sessions)
	}
	return sessions, shared
}

// group is one shared subscription, with its members.
type group struct {
	filter   string
	sessions []*session
}

func unique(sessions []*session) []*session {
	seen := make(map[*session]bool, len(sessions))
	kept := sessions[:0]
	for _, s := range sessions {
		if !seen[s] {
			seen[s] = true
			kept = append(kept, s)
		}
	}
	return kept
}
