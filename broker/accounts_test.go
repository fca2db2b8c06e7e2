package broker

import (
	"crypto/rand"
	"strings"
	"sync"
	"testing"

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

// try is a login from a stranger's address, with a client id that nobody has used.
func (p *passwords) try(a *accounts, user, password, host string) verdict {
	v, _ := p.check(a, attempt{user: user, password: password, client: rand.Text(), place: place{host: host, remote: host}})
	return v
}

func TestPasswords(t *testing.T) {
	for name, cfg := range map[string]Config{"hashed": hashedConfig(t), "plain": testConfig(t)} {
		d, a := testPasswords(t, cfg)
		for range 2 { // computed, then remembered
			for _, test := range []struct {
				user, password string
				want           verdict
			}{{"operator", "operator", right}, {"operator", "viewer", wrong}, {"operator", "", wrong}, {"nobody", "operator", wrong}, {"", "", wrong}} {
				if got := d.try(a, test.user, test.password, "192.0.2.1"); got != test.want {
					t.Errorf("%s: %q %q: %v, want %v", name, test.user, test.password, got, test.want)
				}
			}
		}
	}
}

// A thousand phones that reconnect at once cost one computation.
func TestLoginStorm(t *testing.T) {
	d, a := testPasswords(t, hashedConfig(t))
	var wg sync.WaitGroup
	for range 1000 {
		wg.Go(func() {
			if v := d.try(a, "operator", "operator", "192.0.2.1"); v != right {
				t.Errorf("%v", v)
			}
		})
	}
	wg.Wait()
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
