package broker

func (s *session) offlineLocked() {
	s.conn = nil
	waiting := append([]delivery(nil), s.pending.live()...)
	for s.pending.len() > 0 {
		s.popLocked()
	}
	s.relieveLocked()
	if !s.keep {
		s.missed = 0
		for s.flights.len() > 0 {
			s.landLocked(s.flights.at(0))
			s.popFlightLocked()
		}
		return
	}
	for _, d := range waiting {
		s.storeLocked(d)
	}
	for i := range s.flights.len() {
		if f := s.flights.at(i); f.m != nil && f.m.asks { // a command is never sent a second time, late
			s.landLocked(f)
		}
	}
	s.trimLocked()
}

// storeLocked keeps d for a client that is away. Of a retained topic only the newest is kept, so that a returning
// client never sees an older state after a newer one.
func (s *session) storeLocked(d delivery) {
	switch {
	case d.replay != nil:
		s.storeReplayLocked(d.replay)
		return
	case d.qos == 0 || d.m.asks:
		return
	}
	waits := false // another message of the topic: they have to stay in order
	for i, old := range s.pending.live() {
		if old.m.topic == d.m.topic {
			waits = true
			if d.m.retain && old.m.retain {
				s.unholdLocked(*s.pending.at(i))
				s.pending.remove(i)
				break
			}
		}
	}
	if d.m.seq > 0 && !d.shared && !waits {
		s.missLocked(d.m.seq)
		return
	}
	d.kept = true
	s.pushLocked(d)
	for s.pending.len() > maxOffline || s.kept > offlineBytes && s.pending.len() > 1 {
		if oldest := s.popLocked(); oldest.m.seq > 0 && !oldest.shared {
			s.missLocked(oldest.m.seq)
		}
	}
}

// missLocked remembers that the client has to be sent the retained messages from this one on.
func (s *session) missLocked(seq uint64) {
	if s.missed == 0 || seq < s.missed {
		s.missed = seq
	}
}
