package broker

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// accounts are the users of one config. They are never changed, only replaced.
type accounts struct {
	byName map[string]*account
	decoy  *account // the account that a login of an unknown user is checked against
}

type account struct {
	id     string
	rights *rights
	hash   phc     // of the work that a login costs
	plain  bool    // secret is the password itself
	nobody bool    // nobody can log in: the decoy
	slower float64 // work of the costliest hash of the config, as a multiple of this one's
	secret string  // password_hash or password as written in the config

	mu    sync.Mutex
	asked bucket // requests that may be sent to other gateways
}

// The number of requests that one user may send to the gateways that meet their users here, at once and over a long
// time. A larger number would make each gateway cut off this broker as a rogue, and keep other people's commands from
// it.
const (
	askBurst = 50
	askEvery = 100 * time.Millisecond
)

// bucket holds tokens; one comes back every so often.
type bucket struct {
	tokens float64
	at     time.Time
}

func (b *bucket) refill(now time.Time, burst float64, every time.Duration) {
	if !b.at.IsZero() {
		b.tokens = min(burst, b.tokens+float64(now.Sub(b.at))/float64(every))
	}
	b.at = now
}

// mayAsk takes a token for a request to another gateway; false if there is none.
func (a *account) mayAsk(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asked.at.IsZero() {
		a.asked = bucket{tokens: askBurst, at: now}
	}
	a.asked.refill(now, askBurst, askEvery)
	if a.asked.tokens < 1 {
		return false
	}
	a.asked.tokens--
	return true
}

// mayRetain is how much the account may leave behind in retained messages, in bytes.
func (a *account) mayRetain() int {
	if a.rights.role == roleGateway {
		return retainedOfOther
	}
	return retainedOfPerson
}

// of returns the account that a session acts for; nil if its user is gone.
func (a *accounts) of(s *session) *account {
	if s.pulse {
		return pulseAccount
	}
	return a.byName[s.user]
}

// gatewayOf reports whether a client id is the one used by a gateway that a user other than acc speaks for
// (minirelay-ID, unless its config names another). A client that took it first would keep the gateway out.
func (a *accounts) gatewayOf(client string, acc *account) bool {
	id, ok := strings.CutPrefix(client, "minirelay-")
	if !ok || acc.rights.role == roleGateway && slices.Contains(acc.rights.gateways, id) {
		return false
	}
	for _, other := range a.byName {
		if other.rights.role == roleGateway && slices.Contains(other.rights.gateways, id) {
			return true
		}
	}
	return false
}

func newAccounts(c Config) (*accounts, error) {
	a := &accounts{byName: map[string]*account{}}
	usual, err := usualWork(c.cheap)
	if err != nil {
		return nil, err
	}
	a.decoy = &account{hash: usual, nobody: true, secret: rand.Text()}
	for _, u := range c.Users {
		if u.ID == "" || a.byName[u.ID] != nil {
			return nil, fmt.Errorf("user %q occurs twice or has no name", u.ID)
		}
		r, err := newRights(c, u)
		if err != nil {
			return nil, err
		}
		acc := &account{id: u.ID, rights: r, secret: u.Password.Value()}
		switch hash := u.PasswordHash.Value(); {
		case hash != "" && acc.secret != "":
			return nil, hint(fmt.Errorf("user %s has both password and password_hash", u.ID), "keep the hash")
		case hash != "":
			if acc.hash, err = parsePHC(hash); err != nil {
				return nil, fmt.Errorf("user %s: password_hash: %w", u.ID, err)
			}
			acc.secret = hash
		case acc.secret == "":
			return nil, hint(fmt.Errorf("user %s has no password", u.ID), "add password_hash, made by minirelay user hash")
		default:
			acc.hash, acc.plain = usual, true
		}
		a.byName[u.ID] = acc
	}
	a.level()
	return a, nil
}

// level notes how much cheaper each account is than the costliest one.
func (a *accounts) level() {
	most := a.decoy.hash.work()
	for _, acc := range a.byName {
		most = max(most, acc.hash.work())
	}
	for _, acc := range a.byName {
		acc.slower = most / acc.hash.work()
	}
	a.decoy.slower = most / a.decoy.hash.work()
}
