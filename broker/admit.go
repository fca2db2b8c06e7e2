package broker

import "time"

// visitor is what is known about the sender of a login.
type visitor struct {
	phone
	host                   string
	place, address         digest // the keys of meters
	account, first         digest
	lan, known             digest
	rank                   rank
	here, somewhere, house bool // this phone has logged in from here; from anywhere; this user has, from here
}

// whoIs makes the keys of the sender of a login.
func (p *passwords) whoIs(t attempt) visitor {
	v := visitor{host: t.host, rank: rankStranger}
	if t.near {
		v.rank = rankNear
	}
	v.user, v.home = p.digest("user", t.user), p.digest("home", t.user, t.host)
	v.place, v.address = p.digest("place", t.user, t.host), p.digest("address", t.host)
	v.account, v.first = p.digest("account", t.user), p.digest("first", t.user)
	v.lan, v.known = p.digest("lan", t.user), p.digest("known", t.user)
	if t.client != "" {
		v.id, v.phone.here = p.digest("id", t.user, t.client), p.digest("here", t.user, t.client, t.host)
	}
	return v
}

// recallLocked completes v from memory. A phone that has logged in before has a place of its own, so that no neighbour
// behind the same address can use it up.
func (p *passwords) recallLocked(v *visitor) {
	v.house, v.somewhere, v.here = p.phones.count[v.home] > 0, p.phones.count[v.id] > 0, p.phones.here[v.phone.here] != nil
	if v.somewhere {
		v.place, v.rank = v.phone.here, rankKnown
	}
}

// metersLocked are those under which a guess counts.
func (p *passwords) metersLocked(v *visitor, now time.Time) []*meter {
	all := []*meter{p.meter(byPlace, v.place, now)}
	switch {
	case v.here:
		return all
	case v.somewhere:
		return append(all, p.meter(byPhone, v.known, now))
	}
	address := p.meter(byAddress, v.address, now)
	if !v.house {
		all = append(all, address)
	}
	if v.rank == rankNear {
		return append(all, p.meter(byLAN, v.lan, now))
	}
	everybody := &p.all[0]
	if v.rank = rankStranger; v.house || address.level == 0 {
		v.rank, everybody = rankNew, &p.all[1]
		all = append(all, p.meter(byNew, v.first, now))
	} else {
		all = append(all, p.meter(byAccount, v.account, now))
	}
	everybody.settle(now)
	return append(all, everybody)
}

// admit counts a guess, or returns how long it would have to wait. A login from a subnet of this machine waits here
// instead: one of each place at a time, so that a person at home gets in late instead of not at all. p.mu is unlocked
// meanwhile.
func (p *passwords) admitLocked(v *visitor, t attempt) (spent []taken, wait time.Duration) {
	own := p.meter(byPlace, v.place, time.Now())
	mine := false // own.held is by this login
	defer func() {
		if mine {
			own.held = false
			p.held--
			if p.heldOf[t.host]--; p.heldOf[t.host] == 0 {
				delete(p.heldOf, t.host)
			}
		}
	}()
	for {
		now := time.Now()
		meters := p.metersLocked(v, now)
		wait = 0
		for _, m := range meters {
			wait = max(wait, m.due(now))
		}
		if own.held && !mine {
			return nil, max(wait, busyWait) // it is before us
		}
		if wait <= 0 {
			for _, m := range meters {
				spent = append(spent, m.take(now))
			}
			return spent, 0
		}
		if !t.near || wait > t.patience || !mine && (p.held >= maxHeld || p.heldOf[t.host] >= maxHeldHost) {
			return nil, wait
		}
		if !mine {
			mine, own.held = true, true
			p.held++
			p.heldOf[t.host]++
			p.tally.held++
		}
		if !p.restLocked(min(wait, stillThere), t) {
			return nil, wait
		}
	}
}

// restLocked waits without the lock; false if the login is given up.
func (p *passwords) restLocked(d time.Duration, t attempt) bool {
	p.mu.Unlock()
	defer p.mu.Lock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return t.gone == nil || !t.gone()
	case <-p.quit:
		return false
	}
}
