package broker

// charge counts n bytes that the session holds more, or fewer.
func (s *session) charge(n int) {
	if n != 0 {
		s.weight.Add(int64(n))
		s.share.add(n)
	}
}

// hold counts a message that waits for the client, or a filter, and release one that no longer does.
func (s *session) hold(what any, size int) {
	s.weight.Add(int64(size))
	s.share.hold(what, size)
}

func (s *session) release(what any, size int) {
	s.weight.Add(-int64(size))
	s.share.release(what, size)
}

// pushLocked lets d wait. popLocked takes the next one out.
func (s *session) pushLocked(d delivery) {
	s.pending.push(d)
	s.charge(slotCost)
	switch {
	case d.replay != nil:
		s.charge(replayCost)
		return
	case d.kept:
		s.kept += d.m.size()
	default:
		s.live++
		s.bytes += d.m.size()
	}
	s.hold(d.m, d.m.size())
}

func (s *session) popLocked() delivery {
	d := *s.pending.at(0)
	s.pending.pop()
	s.unholdLocked(d)
	return d
}

// unholdLocked counts d as one that does not wait any more.
func (s *session) unholdLocked(d delivery) {
	s.charge(-slotCost)
	switch {
	case d.replay != nil:
		s.charge(-replayCost)
		return
	case d.kept:
		s.kept -= d.m.size()
	default:
		s.live--
		s.bytes -= d.m.size()
	}
	s.release(d.m, d.m.size())
}

// landLocked makes a hole of a flight, if it is none.
func (s *session) landLocked(f *flight) {
	if f.m == nil {
		return
	}
	s.unacked--
	s.flying -= f.m.size()
	s.release(f.m, f.m.size())
	f.delivery = delivery{}
}

func (s *session) popFlightLocked() {
	s.flights.pop()
	s.charge(-slotCost)
}

// setHalf counts the incoming messages of QoS 2 that are not complete.
func (s *session) setHalf(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.charge(n*halfCost - s.half)
	s.half = n * halfCost
}
