package broker

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"minirelay/secret"
)

// cheap is a hash that costs next to nothing, so that tests measure the code around it.
func cheap(password string) string {
	p := phc{memory: 8, passes: 1, threads: 1, salt: []byte("saltsalt"), hash: make([]byte, 32)}
	p.hash = p.of(password)
	return p.String()
}

func hashedConfig(t testing.TB) Config {
	cfg := testConfig(t)
	for i := range cfg.Users {
		cfg.Users[i].PasswordHash, cfg.Users[i].Password = secret.New(cheap(cfg.Users[i].ID)), secret.Text{}
	}
	return cfg
}

func testPasswords(t testing.TB, cfg Config) (*passwords, *accounts) {
	t.Helper()
	d, err := newPasswords()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.stop)
	a, err := newAccounts(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d, a
}

func TestPasswords(t *testing.T) {
	for name, cfg := range map[string]Config{"hashed": hashedConfig(t), "plain": testConfig(t)} {
		d, a := testPasswords(t, cfg)
		for range 2 { // computed, then remembered
			for _, test := range []struct {
				user, password string
				want           verdict
			}{{"operator", "operator", right}, {"operator", "viewer", wrong}, {"operator", "", wrong}, {"nobody", "operator", wrong}, {"", "", wrong}} {
				if got := d.check(a, test.user, test.password, "host"); got != test.want {
					t.Errorf("%s: %q %q: %v, want %v", name, test.user, test.password, got, test.want)
				}
			}
		}
	}
}

// Guessing costs a few computations, however fast it is, and does not delay a user who has logged in before.
func TestGuessing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := testPasswords(t, hashedConfig(t))
		if d.check(a, "operator", "operator", "10.0.0.1") != right {
			t.Fatal("not let in")
		}
		computed := 0
		for i := range 10_000 {
			if d.check(a, "operator", fmt.Sprint("guess", i), "10.0.0.1") == wrong {
				computed++
			}
		}
		if computed > placeBurst+1 {
			t.Errorf("%d passwords were computed", computed)
		}
		for range 10_000 { // from everywhere, and for users that do not exist
			d.check(a, "nobody", "guess", "10.0.0.1")
		}
		if d.check(a, "operator", "operator", "10.0.0.1") != right {
			t.Error("a user who has logged in before is delayed")
		}
		if d.check(a, "viewer", "viewer", "10.0.0.1") != right {
			t.Error("another user from there is held up")
		}
		if d.check(a, "operator", "guess0", "10.0.0.1") != wrong {
			t.Error("a password known to be wrong is computed again")
		}
		time.Sleep(placeEvery * 2)
		if d.check(a, "operator", "late guess", "10.0.0.1") != wrong {
			t.Error("a person who mistyped is locked out for good")
		}
		time.Sleep(idleMemory)
	})
}

// Guesses from many addresses share an allowance.
func TestGuessingFromEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := testPasswords(t, hashedConfig(t))
		computed := 0
		for i := range 5_000 {
			if d.check(a, "operator", fmt.Sprint("guess", i), fmt.Sprint("10.0.", i/250, ".", i%250)) == wrong {
				computed++
			}
		}
		if computed > allBurst+1 {
			t.Errorf("%d passwords were computed", computed)
		}
		if n := len(d.places); n > maxPlaces {
			t.Errorf("%d places are remembered", n)
		}
		time.Sleep(idleMemory)
	})
}

// A thousand phones that reconnect at once cost one computation.
func TestLoginStorm(t *testing.T) {
	d, a := testPasswords(t, hashedConfig(t))
	var wg sync.WaitGroup
	for range 1000 {
		wg.Go(func() {
			if v := d.check(a, "operator", "operator", "host"); v != right {
				t.Errorf("%v", v)
			}
		})
	}
	wg.Wait()
}

// The cache is bounded, and guesses do not evict right passwords.
func TestKnownPasswords(t *testing.T) {
	d, a := testPasswords(t, hashedConfig(t))
	d.check(a, "operator", "operator", "host")
	for i := range maxKnown * 3 {
		d.mu.Lock()
		d.all.tokens, d.places = allBurst, map[string]*bucket{}
		d.mu.Unlock()
		d.check(a, "operator", fmt.Sprint(i), "host")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.known); n > maxKnown {
		t.Errorf("%d passwords are remembered", n)
	}
	if !d.known[d.digest("operator", a.byName["operator"].secret, "operator")].right {
		t.Error("the right one was forgotten")
	}
}

// Wrong passwords at speed, over the network: an honest user still gets in.
func TestWrongPasswordsAtSpeed(t *testing.T) {
	b := start(t, hashedConfig(t))
	for i := range 100 {
		c := b.raw(t, 4)
		pk := connectPacket(4, "operator", fmt.Sprint("guesser", i))
		pk.Connect.Password = fmt.Append(nil, i)
		c.send(pk)
		if ack := c.read(); ack.ReasonCode == 0 {
			t.Fatal("let in")
		}
		c.conn.Close()
	}
	b.connected(t, 4, "viewer", "honest", nil)
	if n := strings.Count(b.logs.String(), "\n"); n > 10 {
		t.Errorf("%d lines in the log:\n%s", n, b.logs.String())
	}
}

func TestPHC(t *testing.T) {
	good := cheap("x")
	if err := CheckHash(good); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		"", "x", "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$" + strings.Repeat("A", 43), strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=8", "m=7", 1), strings.Replace(good, "m=8", "m=99999999", 1), strings.Replace(good, "m=8", "m=4294967304", 1),
		strings.Replace(good, "t=1", "t=0", 1), strings.Replace(good, "t=1", "t=1000", 1), strings.Replace(good, "p=1", "p=0", 1),
		strings.Replace(good, "p=1", "p=17", 1), strings.Replace(good, "m=8,", "", 1), strings.Replace(good, "m=8", "m=+8", 1),
		good[:len(good)-30], good + "=", good + "$", strings.Replace(good, "c2FsdHNhbHQ", "c2Fs", 1), good + "\n",
	} {
		if CheckHash(bad) == nil {
			t.Errorf("%q passes", bad)
		}
	}
	if _, err := HashPassword(""); err == nil {
		t.Error("an empty password was hashed")
	}
}

// A hash that parses is written back unchanged, and is affordable on a small box.
func FuzzPHC(f *testing.F) {
	f.Add(cheap("x"))
	f.Add("$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePHC(text)
		if err != nil {
			return
		}
		if p.String() != text {
			t.Errorf("%q became %q", text, p.String())
		}
		if p.memory > maxMemory || p.passes > maxPasses || p.threads > maxThreads || p.threads == 0 {
			t.Errorf("%q is out of reach", text)
		}
	})
}

func TestBadUsers(t *testing.T) {
	for name, spoil := range map[string]func(*UserConfig){
		"no password":   func(u *UserConfig) { u.Password = secret.Text{} },
		"both":          func(u *UserConfig) { u.PasswordHash = secret.New(cheap("x")) },
		"damaged hash":  func(u *UserConfig) { u.PasswordHash, u.Password = secret.New("$argon2id$x"), secret.Text{} },
		"unknown role":  func(u *UserConfig) { u.Role = "root" },
		"broken filter": func(u *UserConfig) { u.Read = []string{"a/#/b"} },
		"no name":       func(u *UserConfig) { u.ID = "" },
	} {
		cfg := testConfig(t)
		spoil(&cfg.Users[0])
		if _, err := newAccounts(cfg); err == nil {
			t.Errorf("%s: passes", name)
		} else if strings.Contains(err.Error(), "viewer\"") {
			t.Errorf("%s: the password is in the error: %v", name, err)
		}
	}
}
