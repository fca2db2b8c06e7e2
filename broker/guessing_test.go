package broker

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// phoneOf is a login of operator's phone.
func phoneOf(password, client, host string) attempt {
	return attempt{user: "operator", password: password, client: client, place: place{host: host, remote: host}}
}

// A right password among many guesses is not looked at: it is as invisible as the wrong ones.
func TestRightOneAmongGuesses(t *testing.T) {
	for name, cfg := range map[string]Config{"hashed": hashedConfig(t), "plain": testConfig(t)} {
		for _, warm := range []bool{false, true} { // the right one has been remembered before
			t.Run(fmt.Sprint(name, warm), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					d, a := testPasswords(t, cfg)
					if warm && d.try(a, "operator", "operator", "198.51.100.7") != right {
						t.Fatal("the owner is not let in")
					}
					counts := map[verdict]int{}
					for i := range 10_000 {
						password := fmt.Sprint("guess", i)
						if i%10 == 9 && i > 10 {
							password = "operator"
						}
						counts[d.try(a, "operator", password, "192.0.2.1")]++
					}
					if counts[right] > 0 || counts[wrong] != rules[byPlace].burst {
						t.Errorf("%d right ones let in, %d wrong ones looked at", counts[right], counts[wrong])
					}
					time.Sleep(idleMemory)
				})
			})
		}
	}
}

// While guesses wait to be computed, a right one that is remembered does not overtake them: neither those of its own
// place, nor those of so many places that there is no room for a wrong one.
func TestRightOneDoesNotOvertake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := testPasswords(t, hashedConfig(t))
		if d.try(a, "operator", "operator", "198.51.100.7") != right {
			t.Fatal("the owner is not let in")
		}
		known := phoneOf("operator", "phone-1", "198.51.100.8")
		d.welcome(known)
		d.computing.busy = maxComputing // by somebody else
		answers := make(chan verdict, 200)
		guess := func(password, host string) {
			go func() { answers <- d.try(a, "operator", password, host) }()
			synctest.Wait()
		}
		guess("guess", "192.0.2.1")
		for range 20 {
			guess("operator", "192.0.2.1")
		}
		if len(answers) != 20-maxLine {
			t.Errorf("%d answers", len(answers))
		}
		for i := range 40 {
			guess(fmt.Sprint("guess", i), fmt.Sprint("203.0.113.", i))
		}
		for i := range 40 {
			guess("operator", fmt.Sprint("203.0.113.", 100+i))
		}
		for len(answers) > 0 {
			if v := <-answers; v != tooFast {
				t.Errorf("%v", v)
			}
		}
		if v, _ := d.check(a, known); v != right {
			t.Error("a phone that has been in from there is kept out")
		}
		for d.computing.busy > 0 { // each turn that ends begins the next one
			d.mu.Lock()
			d.computing.next()
			d.mu.Unlock()
			synctest.Wait()
		}
		time.Sleep(idleMemory)
	})
}

// After the first ten a place has at most one guess in 10 s looked at, then ever fewer, down to one in 15 minutes.
func TestGuessesSlowDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := testPasswords(t, hashedConfig(t))
		begun := time.Now()
		var looked []time.Duration
		for i := 0; time.Since(begun) < 24*time.Hour; i++ {
			if d.try(a, "operator", fmt.Sprint("guess", i), "192.0.2.1") == wrong {
				looked = append(looked, time.Since(begun))
			}
			time.Sleep(5 * time.Second)
		}
		for i := 10; i < len(looked); i++ {
			if gap := looked[i] - looked[i-1]; gap < 10*time.Second || i > 20 && gap < 14*time.Minute {
				t.Errorf("guess %d was looked at %v after the one before", i, gap)
			}
		}
		if len(looked) > 10+7+96 {
			t.Errorf("%d guesses in a day", len(looked))
		}
		time.Sleep(time.Hour)
		if d.try(a, "operator", "operator", "192.0.2.1") != right {
			t.Error("the owner is not let in after a quiet hour")
		}
		time.Sleep(idleMemory)
	})
}

// While one place guesses, the same user comes in from another one, other users from the same one, and a phone that has
// been here before. A neighbour with another client id is not taken for that phone.
func TestWhoIsLetInMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := testPasswords(t, hashedConfig(t))
		known := phoneOf("operator", "phone-1", "192.0.2.1")
		if v, _ := d.check(a, known); v != right {
			t.Fatal(v)
		}
		d.welcome(known)
		for i := range 3_000 {
			d.try(a, "operator", fmt.Sprint("guess", i), "192.0.2.1")
			d.try(a, "nobody", fmt.Sprint("guess", i), "192.0.2.1")
		}
		if v, _ := d.check(a, known); v != right {
			t.Error("a phone that has been in from there is kept out")
		}
		if v, wait := d.check(a, phoneOf("operator", "phone-2", "192.0.2.1")); v != tooFast || wait <= 0 {
			t.Errorf("a neighbour is taken for the phone: %v, %v", v, wait)
		}
		if v, _ := d.check(a, phoneOf("operator", "phone-2", "198.51.100.7")); v != right {
			t.Error("the same user from elsewhere is kept out")
		}
		if d.try(a, "viewer", "viewer", "192.0.2.1") != right {
			t.Error("another user from there is kept out")
		}
		// Whoever knows the client id has the same few guesses, and stops only that phone.
		looked := 0
		for i := range 1000 {
			if v, _ := d.check(a, phoneOf(fmt.Sprint("guess", i), "phone-1", "192.0.2.1")); v == wrong {
				looked++
			}
		}
		if looked != rules[byPlace].burst {
			t.Errorf("with the phone's id %d guesses were looked at", looked)
		}
		time.Sleep(idleMemory)
	})
}

// An account has a budget over all addresses. It is not that of known phones, nor that of the machine's own subnets.
func TestGuessesFromEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := testPasswords(t, hashedConfig(t))
		d.welcome(phoneOf("operator", "phone-1", "203.0.113.5"))
		looked := 0
		for i := range 5_000 {
			if d.try(a, "operator", fmt.Sprint("guess", i), fmt.Sprint("10.", i/250, ".0.", i%250)) == wrong {
				looked++
			}
		}
		if looked > rules[byNew].burst {
			t.Errorf("%d guesses were looked at", looked)
		}
		if len(d.meters) > maxMeters {
			t.Errorf("%d meters are remembered", len(d.meters))
		}
		if d.try(a, "operator", "operator", "198.51.100.7") != tooFast {
			t.Error("an unknown phone elsewhere is let in all the same")
		}
		if v, _ := d.check(a, phoneOf("operator", "phone-1", "198.51.100.7")); v != right {
			t.Error("a known phone elsewhere is kept out")
		}
		near := phoneOf("operator", "phone-2", "192.168.1.7")
		near.near = true
		if v, _ := d.check(a, near); v != right {
			t.Error("a new phone at home is kept out")
		}
		time.Sleep(idleMemory)
	})
}

// Forty guessers that try every user, again and again, do not use up what is left for an address that has tried nothing
// wrong, and each has few guesses however many users it names.
func TestGuessesOfManyUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := testPasswords(t, hashedConfig(t))
		looked := map[string]int{}
		for i := range 16_000 {
			host := fmt.Sprint("192.0.2.", i%40)
			user := fmt.Sprint("user", i/40%500)
			if i/40%5 == 0 {
				user = "operator"
			}
			if d.try(a, user, fmt.Sprint("guess", i), host) == wrong {
				looked[host]++
			}
		}
		total := 0
		for host, n := range looked {
			if total += n; n > rules[byAddress].burst {
				t.Errorf("%d guesses of %s were looked at", n, host)
			}
		}
		if total > rules[byAll].burst+rules[byAllNew].burst {
			t.Errorf("%d guesses were looked at", total)
		}
		if d.try(a, "operator", "operator", "198.51.100.7") != right {
			t.Error("the owner is kept out at an address of his own")
		}
		time.Sleep(idleMemory)
	})
}

// At home a login that comes too early waits for its turn, one from each address at a time.
func TestGuessesAtHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := testPasswords(t, hashedConfig(t))
		login := func(password string) (verdict, time.Duration) {
			at := phoneOf(password, "", "192.168.1.7")
			at.near, at.patience = true, loginPatience
			begun := time.Now()
			v, _ := d.check(a, at)
			return v, time.Since(begun)
		}
		for i := range rules[byPlace].burst {
			if v, took := login(fmt.Sprint("typo", i)); v != wrong || took != 0 {
				t.Fatalf("typo %d: %v after %v", i, v, took)
			}
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if v, took := login("operator"); v != right || took != 10*time.Second {
				t.Errorf("%v after %v", v, took)
			}
		})
		synctest.Wait()
		if v, took := login("operator"); v != tooFast || took != 0 {
			t.Errorf("a second one: %v after %v", v, took)
		}
		wg.Wait()
		if d.held != 0 {
			t.Errorf("%d logins are said to wait", d.held)
		}

		// One whose client has gone makes room.
		_, _ = login("typo again")
		gone := phoneOf("operator", "", "192.168.1.7")
		gone.near, gone.patience, gone.gone = true, loginPatience, func() bool { return true }
		if v, _ := d.check(a, gone); v != tooFast || d.held != 0 {
			t.Errorf("%v, %d wait", v, d.held)
		}

		// Over HTTP a program is told when to ask again, if that is not soon.
		asks := phoneOf("operator", "", "192.168.1.7")
		asks.near, asks.patience = true, requestPatience
		if v, wait := d.check(a, asks); v != tooFast || wait <= requestPatience {
			t.Errorf("%v, %v", v, wait)
		}
		time.Sleep(idleMemory)
	})
}

// One address of the LAN cannot take all places of those that wait.
func TestManyWaitAtHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := testPasswords(t, hashedConfig(t))
		near := func(user, password, host string) verdict {
			v, _ := d.check(a, attempt{user: user, password: password, place: place{host: host, near: true}, patience: loginPatience})
			return v
		}
		for i := range 60 {
			near(fmt.Sprint("user", i/10), fmt.Sprint("typo", i), "192.168.1.7")
		}
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() { near(fmt.Sprint("user", i), "one more", "192.168.1.7") })
		}
		synctest.Wait()
		d.mu.Lock()
		held := d.held
		d.mu.Unlock()
		if held != maxHeldHost {
			t.Errorf("%d wait", held)
		}
		wg.Wait()
		if d.held != 0 || len(d.heldOf) != 0 {
			t.Errorf("%d wait, %v", d.held, d.heldOf)
		}
		time.Sleep(idleMemory)
	})
}

// A device that repeats one wrong password is not guessing: it costs nothing and does not slow its owner down.
func TestRepeatedWrongPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := testPasswords(t, hashedConfig(t))
		for range 1000 {
			if v := d.try(a, "operator", "of last year", "192.0.2.1"); v != wrong {
				t.Fatal(v)
			}
		}
		if d.try(a, "operator", "operator", "192.0.2.1") != right {
			t.Error("the owner is kept out by a device with an old password")
		}
		time.Sleep(idleMemory)
	})
}

// Users who exist and those who do not get the same answers in the same order, also for a password that was tried for
