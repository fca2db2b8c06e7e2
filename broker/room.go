package broker

const (
	reservedShare = 8  // one in so many places for clients is kept for admins and gateways,
	maxReserved   = 64 // but no more than this
)

// room is how many connections of each kind there may be.
type room struct{ clients, strangers, guests, sockets int }

// roomOf shares out the file descriptors that connections may use. Strangers and guests get no more than a part of
// them, so that clients always have the rest.
func roomOf(cfg Config) room {
	r := room{clients: cfg.MaxClients, strangers: maxStrangers, guests: maxGuests, sockets: cfg.Files}
	r.strangers = max(1, min(r.strangers, r.sockets/4))
	r.guests = max(1, min(r.guests, r.sockets/8))
	r.clients = max(1, min(r.clients, r.sockets-r.strangers-r.guests))
	return r
}

// adoptRoom puts the limits of cfg into effect.
func (b *Broker) adoptRoom(cfg Config) {
	r := roomOf(cfg)
	b.preLogin.setLimits(r.strangers, r.guests, r.sockets)
	b.sessionsMu.Lock()
	before := b.maxClients
	b.maxClients, b.capped = r.clients, r.clients < cfg.MaxClients
	b.sessionsMu.Unlock()
	if r.clients < cfg.MaxClients && r.clients != before {
		b.log.Warn("fewer clients than max_clients can connect: there are not enough file descriptors", "clients", r.clients,
			"max_clients", cfg.MaxClients, "descriptors", cfg.Files, "hint", "raise LimitNOFILE of the service, or lower [broker] max_clients")
	}
}

// favoured reports whether places are kept for this account: whoever repairs the gateway, and the gateways of a hub,
// are not kept out by viewers and operators.
func (a *account) favoured() bool { return a.rights.role == "admin" || a.rights.role == roleGateway }

// keptLocked is how many places are kept for favoured accounts.
func (b *Broker) keptLocked() int { return min(b.maxClients/reservedShare, maxReserved) }

// placeLocked reports whether there is a place for another client of acc. If all are taken, over is the session that
// must give its place up: the newest of the user with the most connections. It is nil if acc itself has about as many.
func (b *Broker) placeLocked(acc *account) (free bool, over *session) {
	kept := b.keptLocked()
	all := acc.favoured() || b.online >= b.maxClients
	switch {
	case !all && b.online-b.favoured < b.maxClients-kept, all && b.online < b.maxClients:
		return true, nil
	}
	mine, most := b.perUser[acc.id], b.mostLocked(all)
	if most < mine+2 {
		// Nobody has two more, but the first connection of an admin or a gateway gets the place of somebody else's.
		if all = false; !acc.favoured() || mine > 0 || b.mostLocked(all) == 0 {
			return false, nil
		}
		most = b.mostLocked(all)
	}
	for _, s := range b.sessions {
		if s.owner != nil && s.owner.client != nil && (all || !s.favoured) && b.perUser[s.user] == most && (over == nil || s.goesBefore(over)) {
			over = s
		}
	}
	if over != nil {
		over.owner.leaving = true
	}
	return false, over
}

// mostLocked is the number of connections of the user that has most, favoured ones left out unless all count.
func (b *Broker) mostLocked(all bool) (most int) {
	users := b.users.Load()
	for user, n := range b.perUser {
		if u := users.byName[user]; all || u == nil || !u.favoured() {
			most = max(most, n)
		}
	}
	return most
}

// goesBefore reports whether s gives its place up rather than other: the newer one, but none twice. A connection may
// take a moment to end, and each newcomer should wait for another one.
func (s *session) goesBefore(other *session) bool {
	if s.owner.leaving != other.owner.leaving {
		return other.owner.leaving
	}
	return s.came > other.came
}

// takePlaceLocked and freePlaceLocked count the connections of sessions.
func (b *Broker) takePlaceLocked(s *session, acc *account) {
	b.online++
	b.perUser[s.user]++
	b.arrivals++
	s.came = b.arrivals
	if s.favoured = acc.favoured(); s.favoured {
		b.favoured++
	}
}

func (b *Broker) freePlaceLocked(s *session) {
	b.online--
	if b.perUser[s.user]--; b.perUser[s.user] == 0 {
		delete(b.perUser, s.user)
	}
	if s.favoured {
		b.favoured--
	}
}
