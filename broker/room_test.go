package broker

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"

	"minirelay/secret"
)

// One user cannot take every place: admins and gateways have some of their own, and anybody else who needs one gets it
// from the user with the most connections.
func TestPlacesAreShared(t *testing.T) {
	cfg := testConfig(t)
	cfg.MaxClients = 16 // two of them kept
	b := start(t, cfg)
	var greedy []*rawClient
	for i := range 14 {
		greedy = append(greedy, b.connected(t, 5, "viewer", fmt.Sprint("greedy", i), nil))
	}
	if s := b.Stats(); !s.Crowded || s.Capped {
		t.Errorf("%+v", s)
	}
	login := func(user, id string) byte { return b.raw(t, 5).login(user, id, nil).ReasonCode }
	if code := login("viewer", "one more"); code != packets.ErrServerBusy.Code {
		t.Errorf("the greedy one gets another place: %#x", code)
	}
	for i, user := range []string{"admin", "other"} {
		b.connected(t, 5, user, user, nil)
		if s := b.Stats(); s.Clients != 15+i {
			t.Errorf("%s: %d clients", user, s.Clients)
		}
	}
	// The kept places are taken as well.
	for _, user := range []string{"operator", "all", "admin", "operator"} {
		b.connected(t, 5, user, user+" too", nil)
	}
	if code := login("viewer", "one more"); code != packets.ErrServerBusy.Code {
		t.Errorf("the greedy one gets another place: %#x", code)
	}
	// "operator too" was taken over by its own second connection, so three needed a place, and the newest went.
	for i, c := range greedy {
		if i < 11 {
			if !c.alive() {
				t.Errorf("connection %d of the greedy one is gone", i)
			}
		} else if code := c.ended(); code != packets.ErrQuotaExceeded.Code {
			t.Errorf("connection %d ended with %#x", i, code)
		}
	}
	if s := b.Stats(); s.Clients != 16 || s.Refusals["disconnected to make room: this user has the most connections"] != 3 {
		t.Errorf("%+v", s)
	}
	if n := strings.Count(b.logs.String(), "disconnected to make room"); n != 1 {
		t.Errorf("%d lines", n)
	}
}

// An admin gets in even if every place is taken by users with one connection each, or by a gateway; but two admins do not
// throw each other out.
func TestPlaceOfAnAdmin(t *testing.T) {
	for max, users := range map[int][]string{1: {"viewer"}, 3: {"viewer", "operator", "all"}, 4: {"other", "other", "other", "other"}} {
		cfg := testConfig(t)
		cfg.MaxClients = max
		cfg.Users = append(cfg.Users, UserConfig{ID: "boss", Role: "admin", Password: secret.New("boss")})
		b := start(t, cfg)
		for i, user := range users {
			b.connected(t, 4, user, fmt.Sprint(user, i), nil)
		}
		b.connected(t, 4, "admin", "admin", nil)
		if ack := b.raw(t, 4).login("admin", "admin too", nil); max < 4 && ack.ReasonCode != 3 {
			t.Errorf("%d places: the second connection of the admin: %#x", max, ack.ReasonCode)
		}
		if ack := b.raw(t, 4).login("boss", "boss", nil); max == 1 && ack.ReasonCode != 3 {
			t.Errorf("the admins throw each other out: %#x", ack.ReasonCode)
		}
		if s := b.Stats(); s.Clients != max {
			t.Errorf("%d clients of %d", s.Clients, max)
		}
	}
}

// A connection that takes long to end does not keep all newcomers waiting.
func TestPlacesOfStuckConnections(t *testing.T) {
	cfg := testConfig(t)
	cfg.MaxClients = 6
	b := start(t, cfg)
	stuck, free := make(chan struct{}), make(chan struct{})
	b.gateway.handle = func(m Message) bool {
		if m.Client == "all5" {
			close(stuck)
			<-free
		}
		return true
	}
	var greedy []*rawClient
	for i := range 6 {
		greedy = append(greedy, b.connected(t, 4, "all", fmt.Sprint("all", i), nil))
	}
	greedy[5].publish("minirelay/home/greenhouse/command", "{}", 0, 0, false)
	<-stuck
	waiting := b.raw(t, 4)
	waiting.send(connectPacket(4, "viewer", "first"))
	eventually(t, "the newest one is to go", func() bool {
		b.sessionsMu.Lock()
		defer b.sessionsMu.Unlock()
		return b.sessions["all5"].owner.leaving
	})
	b.connected(t, 4, "operator", "second", nil)
	if code := greedy[4].ended(); code != 0 || !greedy[3].alive() {
		t.Errorf("the wrong one went: %#x", code)
	}
	close(free)
	if ack := waiting.read(); ack.FixedHeader.Type != packets.Connack || ack.ReasonCode != 0 {
		t.Errorf("%+v", ack)
	}
	greedy[5].ended()
}

// Users with about the same number of connections do not take turns in throwing each other out.
func TestPlacesDoNotFlap(t *testing.T) {
	cfg := testConfig(t)
	cfg.MaxClients = 6
	b := start(t, cfg)
	for i := range 3 {
		b.connected(t, 4, "viewer", fmt.Sprint("viewer", i), nil)
		b.connected(t, 4, "operator", fmt.Sprint("operator", i), nil)
	}
	for _, user := range []string{"viewer", "operator"} {
		if ack := b.raw(t, 4).login(user, "another of "+user, nil); ack.ReasonCode != 3 {
			t.Errorf("%s: %#x", user, ack.ReasonCode)
		}
	}
	b.connected(t, 4, "all", "all", nil)
	b.connected(t, 4, "all", "all too", nil)
	if ack := b.raw(t, 4).login("all", "third", nil); ack.ReasonCode != 3 {
		t.Errorf("%#x", ack.ReasonCode)
	}
	// Every place is counted back.
	b.sessionsMu.Lock()
	conns := make([]*conn, 0, len(b.conns))
	for c := range b.conns {
		conns = append(conns, c)
	}
	b.sessionsMu.Unlock()
	for _, c := range conns {
		c.abort("")
	}
	b.empty(t)
	b.sessionsMu.Lock()
	defer b.sessionsMu.Unlock()
	if b.favoured != 0 || len(b.perUser) != 0 {
		t.Errorf("%d, %v", b.favoured, b.perUser)
	}
}

// The clients are fewer than max_clients if the file descriptors do not suffice, and this is said at the start and after
// a reload that changes it.
func TestRoom(t *testing.T) {
	for _, test := range []struct{ max, files, clients, strangers, guests int }{
		{1024, math.MaxInt, 1024, maxStrangers, maxGuests},
		{1024, 16000, 1024, maxStrangers, maxGuests},
		{100000, 16000, 16000 - maxStrangers - maxGuests, maxStrangers, maxGuests},
		{1024, 896, 560, 224, 112},
		{10, 64, 10, 16, 8},
		{10, 1, 1, 1, 1},
	} {
		r := roomOf(Config{MaxClients: test.max, Files: test.files})
		if r.clients != test.clients || r.strangers != test.strangers || r.guests != test.guests {
			t.Errorf("%+v: %+v", test, r)
		}
	}
	cfg := testConfig(t)
	cfg.MaxClients, cfg.Files = 1024, 896
	b := start(t, cfg)
	for range 2 {
		if err := b.Reload(cfg); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(b.logs.String(), "fewer clients than max_clients can connect"); n != 1 || b.Stats().MaxClients != 560 || !b.Stats().Capped || b.Stats().Crowded {
		t.Errorf("%d lines, %d clients\n%s", n, b.Stats().MaxClients, b.logs)
	}
}
