package broker

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

// accounts are the users of one config. They are never changed, only replaced.
type accounts struct {
	byName map[string]*account
	decoy  *account // what a login by an unknown user is measured against
}

type account struct {
	id     string
	rights *rights
	hash   phc    // salt is nil if there is a plain password
	secret string // password_hash or password as it stands in the config

	mu    sync.Mutex
	asked bucket // what may be asked of other gateways
}

// What one user may ask of the gateways that meet him here, at once and for long. More would make each of them believe
// that this broker has gone mad, and keep other people's commands from it.
const (
	askBurst = 50
	askEvery = 100 * time.Millisecond
)

// mayAsk takes a token for something that is asked of another gateway, or says no.
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

// keeper is under whose name the account's retained messages count.
func (a *account) keeper() string {
	if a.rights.role == roleGateway {
		return a.id
	}
	return ""
}

// gatewayOf says whether a client id is the one with which a gateway comes that a user other than acc speaks for
// (minirelay-ID, if its config names no other). Whoever came first with it would keep the gateway out.
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
	a.decoy = &account{secret: rand.Text()}
	if c.pulse != "" {
		r, err := newRights(c, UserConfig{ID: pulseUser, Role: "admin"})
		if err != nil {
			return nil, err
		}
		a.byName[pulseUser] = &account{id: pulseUser, rights: r, secret: c.pulse}
	}
	for _, u := range c.Users {
		if u.ID == "" || a.byName[u.ID] != nil {
			return nil, fmt.Errorf("user %q is there twice or has no name", u.ID)
		}
		r, err := newRights(c, u)
		if err != nil {
			return nil, err
		}
		acc := &account{id: u.ID, rights: r, secret: u.Password.Value()}
		switch hash := u.PasswordHash.Value(); {
		case hash != "" && acc.secret != "":
			return nil, fmt.Errorf("user %s has both password and password_hash; keep the hash", u.ID)
		case hash != "":
			if acc.hash, err = parsePHC(hash); err != nil {
				return nil, fmt.Errorf("user %s: password_hash: %w", u.ID, err)
			}
			acc.secret = hash
			a.decoy.hash = acc.hash
			a.decoy.hash.hash = make([]byte, len(acc.hash.hash)) // of no password
		case acc.secret == "":
			return nil, fmt.Errorf("user %s has no password; add password_hash, made by minirelay user hash", u.ID)
		}
		a.byName[u.ID] = acc
	}
	return a, nil
}

// verdict is how a login ended.
type verdict int

const (
	wrong verdict = iota
	right
	tooFast // not looked at: too many wrong ones came before
)

const (
	maxComputing = 1    // argon2 computations at a time: each takes memory and a core
	maxWaitingIn = 16   // different passwords that wait for one; further ones are told to come back
	maxKnown     = 1024 // passwords remembered as right or wrong
	knownWrong   = 10 * time.Minute
	manyArrivals = 32              // clients, after which it is worth it too
	idleMemory   = 2 * time.Second // after the last computation, its memory goes back to the system
)

// doorman checks passwords. A right one is computed once and then remembered by a keyed digest, so a thousand
// phones that come back at once cost one computation. Wrong ones are remembered too, and new wrong ones are
// throttled, so that guessing at speed burns no CPU; whoever has been in before is not held up by that.
type doorman struct {
	key     []byte
	compute chan struct{} // holds maxComputing tokens

	mu    sync.Mutex
	known map[digest]memory
	calls map[digest]*call
	throttle
	tidy     *time.Timer
	arrivals int // since tidy was last put off by them
}

type digest [sha256.Size]byte

type memory struct {
	right bool
	until time.Time // of a wrong one
}

// call is a computation that several logins wait for.
type call struct {
	done  chan struct{}
	right bool
}

func newDoorman() (*doorman, error) {
	d := &doorman{key: make([]byte, 32), compute: make(chan struct{}, maxComputing),
		known: map[digest]memory{}, calls: map[digest]*call{}, throttle: newThrottle()}
	_, err := rand.Read(d.key)
	return d, err
}

func (d *doorman) digest(parts ...string) (sum digest) {
	mac := hmac.New(sha256.New, d.key)
	for _, p := range parts {
		fmt.Fprintf(mac, "%d:%s", len(p), p)
	}
	mac.Sum(sum[:0])
	return sum
}

// check says whether password is user's. host is where the login comes from. An unknown user takes as long as
// a known one.
func (d *doorman) check(a *accounts, user, password, host string) verdict {
	acc := a.byName[user]
	who := acc
	if acc == nil {
		who = a.decoy
	}
	place := host + " " + who.id
	sum := d.digest(who.id, who.secret, password)
	d.mu.Lock()
	if m, ok := d.known[sum]; ok && (m.right || time.Now().Before(m.until)) {
		d.mu.Unlock()
		return m.verdict(acc)
	}
	c := d.calls[sum]
	if c != nil {
		d.mu.Unlock()
		<-c.done
		return memory{right: c.right}.verdict(acc)
	}
	if len(d.calls) >= maxWaitingIn || !d.allow(place, time.Now()) {
		d.mu.Unlock()
		return tooFast
	}
	c = &call{done: make(chan struct{})}
	d.calls[sum] = c
	d.mu.Unlock()
	c.right = d.verify(who, password)
	close(c.done)
	d.remember(sum, c.right, place)
	return memory{right: c.right}.verdict(acc)
}

// verify compares a password with what the config says, one at a time if that is work.
func (d *doorman) verify(who *account, password string) bool {
	if who.hash.salt == nil {
		have, want := d.digest(password), d.digest(who.secret)
		return subtle.ConstantTimeCompare(have[:], want[:]) == 1
	}
	d.compute <- struct{}{}
	defer func() { <-d.compute }()
	defer d.tidyLater()
	return who.hash.verify(password)
}

// tidyLater gives the memory of computations back to the system when there have been none for a while.
func (d *doorman) tidyLater() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tidyLaterLocked()
}

func (d *doorman) tidyLaterLocked() {
	if d.tidy == nil {
		d.tidy = time.AfterFunc(idleMemory, debug.FreeOSMemory)
	} else {
		d.tidy.Reset(idleMemory)
	}
}

// arrived notes a client that was let in. What the handshakes of many leave behind is a quarter of what they take,
// and a gateway that then idles would collect it in minutes only.
func (d *doorman) arrived() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.arrivals++; d.arrivals >= manyArrivals {
		d.arrivals = 0
		d.tidyLaterLocked()
	}
}

func (m memory) verdict(acc *account) verdict {
	if m.right && acc != nil {
		return right
	}
	return wrong
}

// remember ends a call.
func (d *doorman) remember(sum digest, ok bool, place string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.calls, sum)
	if len(d.known) >= maxKnown {
		d.forgetLocked()
	}
	d.known[sum] = memory{right: ok, until: time.Now().Add(knownWrong)}
	if ok {
		d.forgive(place)
	}
}

// forgetLocked drops the wrong ones: what is right stays, so that guessing cannot make honest users compute again.
func (d *doorman) forgetLocked() {
	for sum, m := range d.known {
		if !m.right {
			delete(d.known, sum)
		}
	}
	if len(d.known) >= maxKnown {
		clear(d.known) // right ones of configs long gone
	}
}

func (d *doorman) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tidy != nil {
		d.tidy.Stop()
	}
}
