package broker

import (
	"log/slog"
	"time"
)

const (
	guessMinutes = 15 // of which Guesses.Recent counts
	maxGuessers  = 64 // places and users counted in a minute
)

// Guesses are the counters of logins whose passwords were wrong or not looked at.
type Guesses struct {
	Wrong   uint64 // looked at, and wrong
	TooFast uint64 // not looked at
	Held    uint64 // of this machine's subnets, made to wait for their turn
	Slowed  int    // places that have to wait now
	Recent  uint64 // TooFast of the last guessMinutes
	From    string // the place with the most of those in its newest minute, and the user it tries; "" if there are none
	For     string
}

// guesses counts wrong logins. It is guarded by the mutex of passwords.
type guesses struct {
	wrong, tooFast, held uint64

	minute           map[[2]string]uint64 // not looked at, by host and user
	said             Guesses              // when the last minute ended
	recent           [guessMinutes]uint64 // the newest first
	worstFrom, worst string
	changed          bool // what keep writes
}

// count counts the end of a login.
func (g *guesses) count(v verdict, t attempt) {
	switch v {
	case right:
		return
	case wrong:
		g.wrong++
		return
	}
	g.tooFast++
	g.recent[0]++
	if g.minute == nil {
		g.minute = map[[2]string]uint64{}
	}
	who := [2]string{t.host, clip(t.user)}
	if _, ok := g.minute[who]; ok || len(g.minute) < maxGuessers {
		g.minute[who]++
	}
}

// guesses returns the counters.
func (p *passwords) guesses() Guesses {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.guessesLocked()
}

func (p *passwords) guessesLocked() Guesses {
	g := &p.tally
	all := Guesses{Wrong: g.wrong, TooFast: g.tooFast, Held: g.held, Slowed: p.slowed(time.Now())}
	for _, n := range g.recent {
		all.Recent += n
	}
	if all.Recent > 0 {
		all.From, all.For = g.worstFrom, g.worst
		most := uint64(0)
		for who, n := range g.minute {
			if n > most || n == most && who[0] < all.From {
				most, all.From, all.For = n, who[0], who[1]
			}
		}
	}
	return all
}

// endMinute begins another minute of counting, and logs the one before if passwords were guessed in it.
func (p *passwords) endMinute(log *slog.Logger) {
	p.mu.Lock()
	now, g := p.guessesLocked(), &p.tally
	before := g.said
	g.said, g.worstFrom, g.worst, g.minute = now, now.From, now.For, nil
	copy(g.recent[1:], g.recent[:])
	g.recent[0] = 0
	p.mu.Unlock()
	if now.TooFast == before.TooFast {
		return
	}
	log.Warn("passwords are being guessed; see docs/security.md", "in", time.Minute, "not looked at", now.TooFast-before.TooFast,
		"wrong", now.Wrong-before.Wrong, "slowed places", now.Slowed, "most from", now.From, "most for", now.For)
}
