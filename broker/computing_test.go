package broker

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"minirelay/secret"
)

// another name before.
func TestUnknownUsersAnswerAlike(t *testing.T) {
	for name, cfg := range map[string]Config{"hashed": hashedConfig(t), "plain": testConfig(t)} {
		synctest.Test(t, func(t *testing.T) {
			d, a := testPasswords(t, cfg)
			answers := func(user, host string) string {
				var s strings.Builder
				for i := range 30 {
					fmt.Fprint(&s, d.try(a, user, fmt.Sprint("guess", i), host))
				}
				return s.String()
			}
			want := answers("operator", "192.0.2.1")
			for i, user := range []string{"nobody", "nobody else", "", "viewer"} {
				if got := answers(user, "192.0.2.1"); got != want {
					t.Errorf("%s: %q is answered %s, operator %s", name, user, got, want)
				}
				if got := answers(user, fmt.Sprint("192.0.2.", 2+i)); got != want {
					t.Errorf("%s: %q from elsewhere is answered %s, operator %s", name, user, got, want)
				}
			}
			time.Sleep(idleMemory)
		})
	}
}

// Every login does the work of a hash: with a plain password, and for a user that does not exist.
func TestSameWorkForAll(t *testing.T) {
	cfg := testConfig(t)
	cfg.cheap = false
	d, a := testPasswords(t, cfg)
	for _, acc := range []*account{a.byName["viewer"], a.decoy} {
		if h := acc.hash; h.memory != hashMemory || h.passes != hashPasses || h.threads != 1 || len(h.salt) == 0 || acc.slower != 1 {
			t.Errorf("%q costs m=%d,t=%d,p=%d, times %v", acc.id, h.memory, h.passes, h.threads, acc.slower)
		}
	}
	for _, acc := range []*account{a.byName["viewer"], a.decoy} { // the work is really done: argon2 panics if it cannot
		h := acc.hash
		acc.hash.passes = 0
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a login of %q needs no hash", acc.id)
				}
			}()
			acc.verify(d, "viewer")
		}()
		acc.hash = h
	}
	// A wrong password of a cheaper hash is answered when the costliest would be.
	dear, err := usualWork(false)
	if err != nil {
		t.Fatal(err)
	}
	dear.memory *= 4
	cfg.Users[0].Password, cfg.Users[0].PasswordHash = secret.Text{}, secret.New(dear.String())
	if a, err = newAccounts(cfg); err != nil {
		t.Fatal(err)
	}
	if a.decoy.slower != 4 || a.byName["viewer"].slower != 1 || a.byName["operator"].slower != 4 {
		t.Errorf("the decoy takes %v times as long, operator %v", a.decoy.slower, a.byName["operator"].slower)
	}
}

// Nobody is answered without a turn: neither a user with a plain password, nor one that does not exist.
func TestEveryoneTakesATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := hashedConfig(t)
		cfg.Users[0] = testConfig(t).Users[0]
		d, a := testPasswords(t, cfg)
		d.computing.busy = maxComputing
		answers := make(chan verdict, 3)
		for _, user := range []string{"viewer", "operator", "nobody"} {
			go func() { answers <- d.try(a, user, "guess", "192.0.2.1") }()
		}
		synctest.Wait()
		if len(answers) != 0 {
			t.Errorf("%d are answered at once", len(answers))
		}
		for d.computing.busy > 0 {
			d.mu.Lock()
			d.computing.next()
			d.mu.Unlock()
			synctest.Wait()
		}
		if len(answers) != 3 {
			t.Errorf("%d are answered", len(answers))
		}
		time.Sleep(idleMemory)
	})
}

// The more important logins are computed first, and take the places of strangers.
func TestTurns(t *testing.T) {
	var c computing
	first := c.queue(rankStranger, "a")
	var strangers []*turn
	for i := range 40 {
		if s := c.queue(rankStranger, fmt.Sprint("host ", i/10)); s != nil {
			strangers = append(strangers, s)
		}
	}
	if len(strangers) != maxWaitingIn || len(c.waiting) != maxWaitingIn {
		t.Fatalf("%d strangers wait", len(strangers))
	}
	near, known := c.queue(rankNear, "b"), c.queue(rankKnown, "c")
	if near == nil || known == nil || <-strangers[maxWaitingIn-1].come || <-strangers[maxWaitingIn-2].come {
		t.Fatal("the newest strangers keep their places")
	}
	for _, want := range append([]*turn{first, known, near}, strangers[:maxWaitingIn-2]...) {
		select {
		case mine := <-want.come:
			if !mine {
				t.Fatal("a turn was taken away")
			}
		default:
			t.Fatal("not its turn")
		}
		c.next()
	}
	if c.busy != 0 || len(c.waiting) != 0 {
		t.Errorf("%d compute, %d wait", c.busy, len(c.waiting))
	}
}

// A line a minute has the counts, and the worst place.
func TestGuessesAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := testPasswords(t, hashedConfig(t))
		l := &logs{}
		for i := range 100 {
			d.try(a, "operator", fmt.Sprint("guess", i), "192.0.2.1")
			if i%10 == 0 {
				d.try(a, "viewer", fmt.Sprint("guess", i), "192.0.2.2")
			}
		}
		for range 2 {
			d.endMinute(l.logger())
		}
		if got := l.String(); strings.Count(got, "\n") != 1 ||
			!strings.Contains(got, `"not looked at"=90 wrong=20 "slowed places"=2 "most from"=192.0.2.1 "most for"=operator`) {
			t.Error(got)
		}
		if g := d.guesses(); g.Wrong != 20 || g.TooFast != 90 || g.Recent != 90 || g.Slowed != 2 || g.From != "192.0.2.1" || g.For != "operator" {
			t.Errorf("%+v", g)
		}
		for range guessMinutes {
			d.endMinute(l.logger())
		}
		if g := d.guesses(); g.Recent != 0 || g.From != "" || g.TooFast != 90 {
			t.Errorf("%+v", g)
		}
		time.Sleep(idleMemory)
	})
}
