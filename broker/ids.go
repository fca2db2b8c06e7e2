package broker

import "time"

// Bounds of what a session holds by being there: its client id.
const (
	maxSessions = 1024 // of clients that are away; beyond it, one of the user with the most is forgotten
	maxAway     = 128  // of them of one user; beyond it, its oldest is forgotten
	idTime      = 10 * time.Minute
)

// crowdedOutLocked is the session that is forgotten if too many are away: of the user with the most of them, or with too
// many, the one that has been away longest.
func (b *Broker) crowdedOutLocked() (oldest *session) {
	away, all := map[string]int{}, 0
	for _, s := range b.sessions {
		if s.owner == nil {
			away[s.user]++
			all++
		}
	}
	most := maxAway + 1
	if all > maxSessions {
		most = 0
	}
	for _, s := range b.sessions {
		switch n := away[s.user]; {
		case s.owner != nil || n < most:
		case oldest == nil || n > away[oldest.user] || n == away[oldest.user] && s.left < oldest.left:
			oldest = s
		}
	}
	return oldest
}

// yieldsLocked reports whether a session gives up its client id to another user, with everything that it holds: to one
// of a higher role at once, and to one of the same role when its client has been away for idTime. So nobody keeps a
// client id from its people by taking it first.
func (b *Broker) yieldsLocked(s *session, to *account) bool {
	holder := b.users.Load().byName[s.user]
	switch {
	case holder == nil || to.rank() > holder.rank():
		return true
	case to.rank() < holder.rank() || s.owner != nil:
		return false
	}
	return time.Since(s.awaySince) >= idTime
}

// rank orders the roles by what they may do.
func (a *account) rank() int {
	switch a.rights.role {
	case "viewer":
		return 0
	case "admin":
		return 2
	}
	return 1
}
