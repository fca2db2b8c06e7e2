package broker

import (
	"errors"

	"github.com/mochi-mqtt/server/v2/packets"
)

// Reload applies another config. Connections stay open, even those of a listener that is closed. A user that is removed
// or has another password is disconnected, and so is a gateway with other ids. Other rules apply from the next message
// on. After an error everything is as it was.
func (b *Broker) Reload(cfg Config) error {
	b.changing.Lock()
	defer b.changing.Unlock()
	if b.state == stopped {
		return errors.New("the broker has been stopped")
	}
	p, err := prepare(cfg, &prepared{config: b.config, identity: b.identity.Load()})
	if err != nil {
		return err
	}
	if b.state == unstarted {
		b.adopt(p)
		return nil
	}
	bound, err := b.bind(p.config, b.ports)
	if err != nil {
		b.accept(bound, b.ports)
		b.ports = bound
		return err
	}
	before, old := b.users.Load(), b.ports
	b.adopt(p)
	b.ports = bound
	b.accept(bound, old)
	old.closeExcept(bound)
	b.dismiss(before, p.users)
	return nil
}

// dismiss disconnects clients whose user is gone or has another password, and gateways with other ids: their further
// publishes would be acknowledged and dropped without their knowledge. It ends the sessions of users that are gone.
func (b *Broker) dismiss(before, after *accounts) {
	same := map[string]bool{}
	for id, is := range after.byName {
		was := before.byName[id]
		same[id] = was != nil && is.rights.speaksLike(was.rights) && is.samePassword(was)
	}
	var online []*conn
	var away []*session
	b.sessionsMu.Lock()
	for _, s := range b.sessions {
		gone := after.byName[s.user] == nil
		switch {
		case !same[s.user] && s.owner != nil && s.owner.client != nil:
			online = append(online, s.owner)
			s.doomed = s.doomed || gone
		case gone:
			away = append(away, s)
		}
	}
	b.sessionsMu.Unlock()
	for _, c := range online {
		b.disconnect(c.client, packets.ErrAdministrativeAction)
	}
	for _, s := range away {
		b.expire(s)
	}
}

// samePassword reports whether both accounts have one password. A plain one and its hash are the same, so that nobody is
// disconnected when a person replaces the one by the other.
func (a *account) samePassword(other *account) bool {
	switch {
	case a.secret == other.secret && a.plain == other.plain:
		return true
	case a.plain && !other.plain:
		return other.hash.verify(a.secret)
	case other.plain && !a.plain:
		return a.hash.verify(other.secret)
	}
	return false
}
