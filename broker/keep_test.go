package broker

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Nobody gets rid of a long wait by filling the memory with other places.
func TestManyPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, a := testPasswords(t, hashedConfig(t))
		for i := range 10 {
			d.try(a, "operator", fmt.Sprint("guess", i), "192.0.2.1")
		}
		now := time.Now()
		d.mu.Lock()
		for i := range 3 * maxMeters {
			d.meter(byPlace, d.digest(fmt.Sprint(i)), now).take(now)
		}
		n := len(d.meters)
		d.mu.Unlock()
		if n > maxMeters {
			t.Errorf("%d meters", n)
		}
		if v := d.try(a, "operator", "one more", "192.0.2.1"); v != tooFast {
			t.Errorf("%v", v)
		}
		time.Sleep(idleMemory)
	})
}

// The phones of one person cannot push out those of another.
func TestManyPhones(t *testing.T) {
	d, _ := testPasswords(t, hashedConfig(t))
	d.welcome(phoneOf("", "phone-1", "192.0.2.1"))
	for i := range 2 * maxPhonesPerUser {
		d.welcome(attempt{user: "viewer", client: fmt.Sprint(i), place: place{host: "192.0.2.1"}})
	}
	for i := range maxPhones + 200 {
		d.welcome(attempt{user: fmt.Sprint("user ", i), client: "c", place: place{host: "192.0.2.1"}})
		d.welcome(attempt{user: fmt.Sprint("user ", i/2), client: "d", place: place{host: "192.0.2.1"}})
		d.welcome(phoneOf("", "phone-1", "192.0.2.1"))
	}
	if n := d.phones.order.Len(); n > maxPhones || len(d.phones.here) != n || len(d.phones.count) > 3*n {
		t.Errorf("%d phones, %d, %d", n, len(d.phones.here), len(d.phones.count))
	}
	v := d.whoIs(phoneOf("", "phone-1", "192.0.2.1"))
	if d.recallLocked(&v); !v.here {
		t.Error("the phone of an honest person was forgotten")
	}
}

// What was learned outlives a restart: phones stay known, and a guesser does not get ten more.
func TestLoginsAreKept(t *testing.T) {
	file := keepFile(t.TempDir())
	cfg := hashedConfig(t)
	synctest.Test(t, func(t *testing.T) {
		d, a := testPasswords(t, cfg)
		d.welcome(phoneOf("", "phone-1", "192.0.2.1"))
		for i := range 100 {
			d.try(a, "operator", fmt.Sprint("guess", i), "192.0.2.1")
		}
		for _, want := range []bool{true, false} {
			if tried, err := d.keep(file); tried != want || err != nil {
				t.Fatal(tried, err)
			}
		}
		time.Sleep(idleMemory)

		text, err := os.ReadFile(file)
		if err != nil || strings.Contains(string(text), "operator") || strings.Contains(string(text), "192.0.2") {
			t.Errorf("%v: %s", err, text)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", info, err)
		}
		again, a := testPasswords(t, cfg)
		if err := again.recall(file); err != nil {
			t.Fatal(err)
		}
		if v, _ := again.check(a, phoneOf("operator", "phone-1", "192.0.2.1")); v != right {
			t.Error("the phone is not known any more")
		}
		if v := again.try(a, "operator", "another guess", "192.0.2.1"); v != tooFast {
			t.Error("the guesser begins again")
		}
		time.Sleep(idleMemory)
	})
	for name, text := range map[string]string{"cut off": `{"key":"AA`, "no key": `{}`, "empty": ``} {
		damaged := filepath.Join(t.TempDir(), "logins.json")
		if err := os.WriteFile(damaged, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		d, a := testPasswords(t, cfg)
		if err := d.recall(damaged); err == nil {
			t.Errorf("%s: no error", name)
		}
		if d.try(a, "operator", "operator", "192.0.2.1") != right {
			t.Errorf("%s: nobody can log in", name)
		}
	}
}

// However much changes, the file is written once a minute, and when the broker stops.
func TestLoginsAreKeptOnceAMinute(t *testing.T) {
	file := keepFile(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		d, _ := testPasswords(t, hashedConfig(t))
		b := &Broker{passwords: d, log: (&logs{}).logger(), quit: make(chan struct{})}
		b.running.Add(1)
		go b.keepLogins(file)
		writes, before := 0, ""
		for i := range 600 {
			d.welcome(phoneOf("", fmt.Sprint("phone", i), "192.0.2.1"))
			time.Sleep(time.Second)
			synctest.Wait()
			if text, _ := os.ReadFile(file); string(text) != before {
				before = string(text)
				writes++
			}
		}
		if writes < 9 || writes > 11 {
			t.Errorf("%d writes in ten minutes", writes)
		}
		d.welcome(phoneOf("", "the last phone", "192.0.2.1"))
		close(b.quit)
		b.running.Wait()
		if text, _ := os.ReadFile(file); string(text) == before {
			t.Error("what came last is lost")
		}
	})
}
