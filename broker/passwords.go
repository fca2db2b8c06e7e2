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
	tooFast // not looked at: too many wrong ones came before
)

const (
	maxLine      = 4               // logins of a place that wait for another one of it
	maxHeld      = 32              // logins of this machine's subnets that wait for their time
	maxHeldHost  = 4               // of them from one address
	manyArrivals = 32              // clients, after which releasing memory is worthwhile too
	idleMemory   = 2 * time.Second // after the last computation, its memory goes back to the system
	stillThere   = time.Second     // how often a login that waits is checked for a client that has gone
	busyWait     = time.Second     // is asked of a login for which there is no room
)

// passwords checks passwords. Whether one is looked at is decided before anything is known about it, so that a right
// one among many guesses is as invisible as a wrong one: see throttle. A right one is computed once and then remembered
// by a keyed digest, so a thousand phones that come back at once cost one computation.
type passwords struct {
	key []byte

	mu    sync.Mutex
	right map[string]digest // by user
	calls map[digest]*call
	throttle
	phones    phones
	computing computing
	held      int            // logins that wait for their time
	heldOf    map[string]int // by host
	tally     guesses
	tidy      *time.Timer
	arrivals  int // clients let in since tidy was last postponed
	quit      chan struct{}
}

type digest [sha256.Size]byte

// attempt is one login.
type attempt struct {
	user, password string
	client         string // the id that the client chose, "" if none
	place
	patience time.Duration // for its turn, if it is near
	gone     func() bool   // reports whether the client has gone meanwhile; nil: it cannot be seen
}

// call is a computation that several logins wait for.
type call struct {
	done chan struct{}
	sum  digest
	turn *turn
	verdict
}

func newPasswords() (*passwords, error) {
	p := &passwords{key: make([]byte, 32), right: map[string]digest{}, heldOf: map[string]int{}, calls: map[digest]*call{}, throttle: newThrottle(),
		phones: newPhones(), quit: make(chan struct{})}
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

// check decides about a login. With tooFast it returns how long the place has to wait. An unknown user costs the same
// work, and is slowed down by the same rules, as a known one.
func (p *passwords) check(a *accounts, t attempt) (verdict, time.Duration) {
	acc, who := a.byName[t.user], a.decoy
	if acc != nil {
		who = acc
	}
	sum := p.digest("password", t.user, who.secret, t.password)
	return p.decide(t, sum, func(from *visitor, own *meter) verdict {
		if acc != nil && p.right[t.user] == sum && (from.here || p.computing.room(from.rank, from.host)) {
			return right // without room a wrong one would be turned away
		}
		v := p.computeLocked(who, sum, t.password, from, own)
		if v == right {
			p.right[t.user] = sum
		}
		return v
	})
}

// isRight reports whether the password is one that was found right before. It is no guess: the caller knows that.
func (p *passwords) isRight(a *accounts, t attempt) bool {
	acc := a.byName[t.user]
	if acc == nil {
		return false
	}
	sum := p.digest("password", t.user, acc.secret, t.password)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.right[t.user] == sum
}

// checkToken decides about a token, which is long and random, and therefore costs no computation.
func (p *passwords) checkToken(t attempt, want string) (verdict, time.Duration) {
	return p.decide(t, p.digest("token", t.user, want, t.password), func(*visitor, *meter) verdict {
		return p.same(t.password, want)
	})
}

// decide admits a guess by the rules of throttle, has it looked at, and counts it. look is called with p.mu locked, and
// may unlock it meanwhile.
func (p *passwords) decide(t attempt, sum digest, look func(*visitor, *meter) verdict) (v verdict, wait time.Duration) {
	visitor := p.whoIs(t)
	from := &visitor
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { p.tally.count(v, t) }()
	p.recallLocked(from)
	own := p.meter(byPlace, from.place, time.Now())
	spent, wait := p.entryLocked(from, own, t, sum)
	if wait > 0 {
		return tooFast, wait
	}
	if v = wrong; own.tried[0] != sum && own.tried[1] != sum {
		v = look(from, own)
	}
	if v == wrong {
		if own.tried[0] != sum {
			own.tried[0], own.tried[1] = sum, own.tried[0]
		}
		p.tally.changed = true
		return wrong, 0
	}
	giveBack(spent)
	if v == tooFast {
		wait = busyWait
	}
	return v, wait
}

// entryLocked returns when a guess may be looked at: wait is 0. One guess of a place is looked at at a time, right or
// wrong: if a right one could overtake, it would stand out among those that wait to be computed. p.mu is unlocked
// meanwhile.
func (p *passwords) entryLocked(from *visitor, own *meter, t attempt, sum digest) (spent []taken, wait time.Duration) {
	for {
		c := own.call
		switch {
		case own.tried[0] == sum || own.tried[1] == sum, c != nil && c.sum == sum:
			return nil, 0 // the same password of the same place costs nothing more
		case c != nil && own.line >= maxLine:
			return nil, busyWait
		case c != nil:
			own.line++
			p.mu.Unlock()
			<-c.done
			p.mu.Lock()
			own.line--
			continue
		}
		if spent, wait = p.admitLocked(from, t); wait > 0 {
			return nil, wait
		}
		if own.call == nil {
			return spent, 0
		}
		giveBack(spent) // another one was quicker
	}
}

// computeLocked computes whether password is that of who, or waits for a login that does. p.mu is unlocked meanwhile.
func (p *passwords) computeLocked(who *account, sum digest, password string, from *visitor, own *meter) verdict {
	c := p.calls[sum]
	if c != nil {
		c.turn.rank = min(c.turn.rank, from.rank)
		defer own.busy(c)()
		p.mu.Unlock()
		<-c.done
		p.mu.Lock()
		return c.verdict
	}
	c = &call{done: make(chan struct{}), sum: sum, verdict: tooFast}
	if c.turn = p.computing.queue(from.rank, from.host); c.turn == nil {
		return tooFast
	}
	p.calls[sum] = c
	defer own.busy(c)()
	p.mu.Unlock()
	mine, pad := <-c.turn.come, time.Duration(0)
	if mine {
		c.verdict, pad = who.verify(p, password)
	}
	p.mu.Lock()
	if mine {
		p.computing.next()
		p.tidyLaterLocked()
	}
	if pad > 0 {
		p.restLocked(pad, attempt{})
	}
	delete(p.calls, sum)
	close(c.done)
	return c.verdict
}

// verify compares a password with the config's. For a wrong one it returns how much longer the costliest hash of the
// config would have taken.
func (a *account) verify(p *passwords, password string) (verdict, time.Duration) {
	begun := time.Now()
	same := a.hash.verify(password)
	took := time.Since(begun)
	if a.plain { // there is no hash, and the work was done to make no difference
		same = p.same(password, a.secret) == right
	}
	if same && !a.nobody {
		return right, 0
	}
	return wrong, time.Duration(float64(took) * max(0, a.slower-1))
}

// same compares two texts, in the same time whatever they have in common.
func (p *passwords) same(text, secret string) verdict {
	have, want := p.digest(text), p.digest(secret)
	if subtle.ConstantTimeCompare(have[:], want[:]) == 1 {
		return right
	}
	return wrong
}

// welcome remembers a client that was let in.
func (p *passwords) welcome(t attempt) {
	if t.client == "" {
		return
	}
	v := p.whoIs(t)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phones.remember(v.phone) {
		p.tally.changed = true
	}
}

// tidyLaterLocked returns the memory of computations to the system when there have been none for a while.
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

// stop ends the logins that wait.
func (p *passwords) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.quit)
	if p.tidy != nil {
		p.tidy.Stop()
	}
}
