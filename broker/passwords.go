package broker

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// verdict is the outcome of a login.
type verdict int

const (
	wrong verdict = iota
	right
	tooFast // not checked: too many wrong ones came before
)

const (
	maxComputing = 1    // argon2 computations at a time: each takes memory and a core
	maxWaitingIn = 16   // different passwords that wait for one; further logins are asked to come back later
	maxKnown     = 1024 // passwords remembered as right or wrong
	knownWrong   = 10 * time.Minute
	manyArrivals = 32              // clients, after which releasing memory is worthwhile too
	idleMemory   = 2 * time.Second // after the last computation, its memory goes back to the system
)

// passwords checks passwords. A right one is computed once and then remembered by a keyed digest, so a thousand phones
// that come back at once cost one computation. Wrong ones are remembered too, and new wrong ones are throttled, so that
// guessing at speed burns no CPU; users who have logged in before are not delayed by that.
type passwords struct {
	key     []byte
	compute chan struct{} // holds maxComputing tokens

	mu    sync.Mutex
	known map[digest]known
	calls map[digest]*call
	throttle
	tidy     *time.Timer
	arrivals int // clients let in since tidy was last postponed
}

type digest [sha256.Size]byte

type known struct {
	right bool
	until time.Time // of a wrong one
}

// call is a computation that several logins wait for.
type call struct {
	done  chan struct{}
	right bool
}

func newPasswords() (*passwords, error) {
	p := &passwords{key: make([]byte, 32), compute: make(chan struct{}, maxComputing),
		known: map[digest]known{}, calls: map[digest]*call{}, throttle: newThrottle()}
	_, err := rand.Read(p.key)
	return p, err
}

func (p *passwords) digest(parts ...string) (sum digest) {
	mac := hmac.New(sha256.New, p.key)
	for _, part := range parts {
		fmt.Fprintf(mac, "%d:%s", len(part), part)
	}
	mac.Sum(sum[:0])
	return sum
}

// check reports whether password is user's. host is where the login comes from. An unknown user takes as long as a
// known one.
func (p *passwords) check(a *accounts, user, password, host string) verdict {
	acc := a.byName[user]
	who := acc
	if acc == nil {
		who = a.decoy
	}
	place := host + " " + who.id
	sum := p.digest(who.id, who.secret, password)
	p.mu.Lock()
	if m, ok := p.known[sum]; ok && (m.right || time.Now().Before(m.until)) {
		p.mu.Unlock()
		return m.verdict(acc)
	}
	c := p.calls[sum]
	if c != nil {
		p.mu.Unlock()
		<-c.done
		return known{right: c.right}.verdict(acc)
	}
	if len(p.calls) >= maxWaitingIn || !p.allow(place, time.Now()) {
		p.mu.Unlock()
		return tooFast
	}
	c = &call{done: make(chan struct{})}
	p.calls[sum] = c
	p.mu.Unlock()
	c.right = p.verify(who, password)
	close(c.done)
	p.remember(sum, c.right, place)
	return known{right: c.right}.verdict(acc)
}

// verify compares a password with the config's, one at a time if that is expensive.
func (p *passwords) verify(who *account, password string) bool {
	if who.hash.salt == nil {
		have, want := p.digest(password), p.digest(who.secret)
		return subtle.ConstantTimeCompare(have[:], want[:]) == 1
	}
	p.compute <- struct{}{}
	defer func() { <-p.compute }()
	defer p.tidyLater()
	return who.hash.verify(password)
}

// tidyLater returns the memory of computations to the system when there have been none for a while.
func (p *passwords) tidyLater() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tidyLaterLocked()
}

func (p *passwords) tidyLaterLocked() {
	if p.tidy == nil {
		p.tidy = time.AfterFunc(idleMemory, debug.FreeOSMemory)
	} else {
		p.tidy.Reset(idleMemory)
	}
}

// arrived records a client that was let in. The handshakes of many clients leave a quarter of their memory behind, and a
// gateway that then idles would only collect it after minutes.
func (p *passwords) arrived() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.arrivals++; p.arrivals >= manyArrivals {
		p.arrivals = 0
		p.tidyLaterLocked()
	}
}

func (m known) verdict(acc *account) verdict {
	if m.right && acc != nil {
		return right
	}
	return wrong
}

// remember ends a call.
func (p *passwords) remember(sum digest, ok bool, place string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.calls, sum)
	if len(p.known) >= maxKnown {
		p.forgetLocked()
	}
	p.known[sum] = known{right: ok, until: time.Now().Add(knownWrong)}
	if ok {
		p.forgive(place)
	}
}

// forgetLocked drops the wrong ones: right ones stay, so that guessing cannot make honest users compute again.
func (p *passwords) forgetLocked() {
	for sum, m := range p.known {
		if !m.right {
			delete(p.known, sum)
		}
	}
	if len(p.known) >= maxKnown {
		clear(p.known) // right ones of earlier configs
	}
}

func (p *passwords) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tidy != nil {
		p.tidy.Stop()
	}
}
