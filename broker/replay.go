package broker

// replay is a walk through the retained messages on behalf of one client: for a subscription that it has just made, or
// for all of them when it comes back. The messages are taken from the store only when there is room for them, so that a
// client that reads slowly, or subscribes again and again, costs no memory, and gets the newest.
//
// A message that is newer than the replay has been delivered by itself, behind the replay. So the client never gets an
// older message of a topic after a newer one, and misses none.
type replay struct {
	filter   string // of the subscription; "": all of them, at QoS 1
	from, to uint64 // sequence numbers of the first and last message that it sends
	after    string // the topic where it is
	except   map[string]bool
}

const (
	replayCost = 128 // bytes that a replay costs while it waits
	replayStep = 256 // topics that it looks at before others who deliver to the session have their turn
)

// progress is how far a replay has come.
type progress int

const (
	blocked    progress = iota // there is no room
	unfinished                 // it goes on at once
	finished
)

// replayLocked sends what there is room for, and takes one step at most.
func (s *session) replayLocked(r *replay) progress {
	account := s.broker.users.Load().of(s)
	sub, subscribed := s.subs[r.filter]
	if account == nil || r.filter != "" && !subscribed {
		return finished
	}
	wanted := func(m *message) bool {
		return m.seq >= r.from && m.seq <= r.to && !r.except[m.topic] && account.rights.mayRead(m.topic, s.id)
	}
	for left := replayStep; left > 0; {
		m, at, looked := s.broker.retained.next(r.filter, r.after, left, wanted)
		left -= looked
		if m != nil {
			if d, ok := s.replayedLocked(m, r, sub); ok && !s.writeLocked(d) {
				return blocked
			}
		}
		if r.after = at; at == "" {
			if subscribed {
				sub.replay = nil
				s.subs[r.filter] = sub
			}
			return finished
		}
	}
	return unfinished
}

// replayedLocked is the delivery of a message of r; false: it is not for this client.
func (s *session) replayedLocked(m *message, r *replay, sub subscription) (delivery, bool) {
	if r.filter != "" {
		d := delivery{m: m, qos: min(m.qos, sub.qos), retain: true}
		if sub.id > 0 {
			d.subIDs = []uint32{sub.id}
		}
		return d, !(sub.noLocal && m.origin == s.id)
	}
	t, ok := s.targetLocked(m.topic)
	d := delivery{m: m, qos: min(m.qos, t.qos), retain: t.asIs, subIDs: t.subIDs}
	return d, ok && d.qos > 0 && !(t.noLocal && m.origin == s.id) // at QoS 0 nothing is kept for a client
}

// snapshot sends the retained messages that match filter to a client that has just subscribed. If the last time that it
// did so is not over, it begins again.
func (s *session) snapshot(filter string) {
	s.mu.Lock()
	sub, ok := s.subs[filter]
	switch {
	case !ok || s.conn == nil:
	case sub.replay != nil:
		sub.replay.after = ""
	default:
		sub.replay = &replay{filter: filter, to: s.broker.retained.newest()}
		s.subs[filter] = sub
		s.pushLocked(delivery{replay: sub.replay})
	}
	s.mu.Unlock()
	s.pump()
}

// storeReplayLocked keeps a replay that was not over for a client that is away.
func (s *session) storeReplayLocked(r *replay) {
	if r.filter == "" {
		s.missLocked(r.from)
		return
	}
	sub, ok := s.subs[r.filter]
	if !ok {
		return
	}
	if sub.replay = nil; sub.qos > 0 {
		s.missLocked(1)
	}
	s.subs[r.filter] = sub
}
