package broker

import (
	"fmt"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// Sessions of clients that are away are bounded: those away longest are forgotten, even if many leave at once.
func TestManySessions(t *testing.T) {
	b := start(t, testConfig(t))
	for i := range maxAway {
		c := b.connected(t, 4, "operator", fmt.Sprint("phone", i), persistent)
		c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}})
		c.ended()
		b.away(t, fmt.Sprint("phone", i)) // or the order in which they left is unknown
	}
	const more = 50
	var cs []*rawClient
	for i := range more {
		cs = append(cs, b.connected(t, 4, "operator", fmt.Sprint("late", i), persistent))
	}
	for _, c := range cs {
		c.conn.Close()
	}
	eventually(t, "only so many are kept", func() bool {
		b.sessionsMu.Lock()
		defer b.sessionsMu.Unlock()
		return b.online == 0 && b.expiring == 0 && len(b.sessions) == maxAway
	})
	for i := range more {
		if b.lookup(fmt.Sprint("phone", i)) != nil || b.lookup(fmt.Sprint("late", i)) == nil {
			t.Fatalf("the wrong ones were forgotten: phone%d or late%d", i, i)
		}
	}
}

// A user that leaves many sessions behind costs the other users none of theirs.
func TestSessionsOfOneUserCrowdOutTheirOwn(t *testing.T) {
	b := &Broker{sessions: map[string]*session{}}
	b.sessions["phone"] = &session{id: "phone", user: "phone"} // away longest
	for i := range maxAway + 1 {
		id := fmt.Sprint("flood", i)
		b.sessions[id] = &session{id: id, user: "flood", left: int64(i + 1)}
	}
	if s := b.crowdedOutLocked(); s == nil || s.id != "flood0" {
		t.Errorf("%+v is forgotten", s)
	}
	delete(b.sessions, "flood0")
	if s := b.crowdedOutLocked(); s != nil {
		t.Errorf("%+v is forgotten", s)
	}
	for i := range maxSessions {
		id := fmt.Sprint("friend", i)
		b.sessions[id] = &session{id: id, user: fmt.Sprint("friend", i), left: int64(i - maxSessions)}
	}
	if s := b.crowdedOutLocked(); s == nil || s.id != "flood1" {
		t.Errorf("%+v is forgotten", s)
	}
}

// A client id that somebody took first is not lost to its people: a user of a higher role gets it at once, one of the
// same role when its client has been away for a while, and one of a lower role never. No message passes to another user.
func TestClientIDsYield(t *testing.T) {
	for _, test := range []struct {
		holder, taker       string
		online, away, later bool // whether the taker gets it
	}{
		{holder: "viewer", taker: "operator", online: true, away: true, later: true},
		{holder: "viewer", taker: "admin", online: true, away: true, later: true},
		{holder: "operator", taker: "admin", online: true, away: true, later: true},
		{holder: "operator", taker: "all", later: true},
		{holder: "viewer", taker: "watcher", later: true},
		{holder: "operator", taker: "viewer"},
		{holder: "admin", taker: "operator"},
	} {
		for name, may := range map[string]bool{"online": test.online, "away": test.away, "later": test.later} {
			t.Run(test.holder+" "+test.taker+" "+name, func(t *testing.T) {
				b := start(t, testConfig(t))
				holder := b.connected(t, 5, test.holder, "node-red", persistent)
				holder.subscribe(1, "minirelay/home/status")
				if name != "online" {
					holder.conn.Close()
					b.away(t, "node-red")
					_ = b.Publish("minirelay/home/status", []byte("kept"), 1, false, nil)
				}
				if name == "later" {
					b.sessionsMu.Lock()
					b.sessions["node-red"].awaySince = time.Now().Add(-idTime)
					b.sessionsMu.Unlock()
				}
				ack := b.raw(t, 5)
				got := ack.login(test.taker, "node-red", persistent)
				if may != (got.ReasonCode == 0) || got.SessionPresent {
					t.Fatalf("CONNACK %#x, session present %v", got.ReasonCode, got.SessionPresent)
				}
				if !may {
					return
				}
				if s := b.lookup("node-red"); s.user != test.taker {
					t.Errorf("the session is %s's", s.user)
				}
				_ = b.Publish("minirelay/home/status", []byte("new"), 1, false, nil)
				if !ack.quiet() {
					t.Error("something of the other user's arrives")
				}
				if name == "online" && holder.ended() != packets.ErrSessionTakenOver.Code {
					t.Error("the holder does not learn why it is disconnected")
				}
			})
		}
	}
}
