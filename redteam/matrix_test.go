//go:build e2e

package redteam

import (
	"fmt"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// The authorization matrix: what each role may read, over MQTT.
func TestReadMatrix(t *testing.T) {
	g := start(t)
	const refused = 0x80
	for _, row := range []struct {
		filter  string
		allowed string // the users
	}{
		{"minirelay/home/status", "owner phone viewer guest"},
		{"minirelay/home/info", "owner phone viewer guest"},
		{"minirelay/home/relays/state", "owner phone viewer"},
		{"minirelay/home/relays/model", "owner phone viewer"},
		{"minirelay/home/relays/availability", "owner phone viewer"},
		{"minirelay/home/relays/result", "owner phone viewer"},
		{"minirelay/home/relays/event", "owner phone viewer"},
		{"minirelay/home/hostile/state", "owner phone viewer guest"},
		{"minirelay/home/hostile/result", "owner phone viewer guest"},
		{"minirelay/home/relays/command", "owner"},
		{"minirelay/home/hostile/command", "owner"},
		{"minirelay/home/reply/OTHER", "owner"},
		{"minirelay/home/request/OTHER", "owner"},
		{"minirelay/home/reply/SELF", "owner phone viewer guest"},
		{"minirelay/elsewhere/status", "owner"},
		{"$SYS/broker/version", "owner"},
		{"elsewhere/state", ""},
	} {
		for _, user := range []string{"owner", "phone", "viewer", "guest"} {
			id := "matrix-" + user
			c := g.must(t, user, id)
			filter := strings.ReplaceAll(row.filter, "SELF", id)
			token := c.Subscribe(filter, 1, nil).(*mqtt.SubscribeToken)
			if !token.WaitTimeout(patience) {
				t.Fatalf("%s: no answer", filter)
			}
			got := token.Result()[filter] != refused
			if want := strings.Contains(" "+row.allowed+" ", " "+user+" "); got != want {
				t.Errorf("%s subscribes to %s: %v", user, filter, got)
			}
			c.Disconnect(10)
		}
	}
}

// What each role may publish. A command that is let through has a result, and a request a reply; anything else would be
// seen by the owner, who reads everything.
func TestWriteMatrix(t *testing.T) {
	g := start(t)
	owner := g.must(t, "owner", "matrix-reader")
	seen := make(chan [2]string, 256)
	for _, filter := range []string{"minirelay/#", "elsewhere/#"} {
		token := owner.Subscribe(filter, 1, func(_ mqtt.Client, m mqtt.Message) {
			if _, mark, ok := strings.Cut(string(m.Payload()), `"id":"mark-`); ok {
				mark, _, _ = strings.Cut(mark, `"`)
				seen <- [2]string{mark, m.Topic()}
			}
		})
		if !token.WaitTimeout(patience) {
			t.Fatal("no answer")
		}
	}
	for _, user := range []string{"viewer", "guest", "phone"} {
		c := g.must(t, user, "matrix-"+user)
		topics := map[string]bool{ // whether it may
			"minirelay/home/status": false, "minirelay/home/info": false, "minirelay/home/relays/state": false,
			"minirelay/home/relays/model": false, "minirelay/home/relays/availability": false, "minirelay/home/relays/result": false,
			"minirelay/home/relays/event": false, "minirelay/home/reply/matrix-" + user: false, "minirelay/home/reply/other": false,
			"minirelay/home/request/other": false, "minirelay/elsewhere/relays/command": false, "elsewhere/x": false,
			"minirelay/home/hostile/command":        user != "viewer",
			"minirelay/home/relays/command":         user == "phone",
			"minirelay/home/request/matrix-" + user: true,
		}
		marks := map[string]string{}
		for topic := range topics {
			mark := fmt.Sprintf("%s-%d", user, len(marks))
			marks[mark] = topic
			// paho reports a refused publish as acknowledged: MQTT 3.1.1 has no other word for it.
			if token := c.Publish(topic, 1, false, `{"id":"mark-`+mark+`","method":"time","command":"none"}`); !token.WaitTimeout(patience) {
				t.Fatalf("%s: no answer", topic)
			}
		}
		// The reply to the owner's own request, behind all of them, shows that nothing is still on its way.
		owner.Publish("minirelay/home/request/matrix-reader", 1, false, `{"id":"mark-end","method":"time"}`).WaitTimeout(patience)
		got := map[string]bool{}
		for done := false; !done; {
			select {
			case s := <-seen:
				done = s[0] == "end"
				got[marks[s[0]]] = true
			case <-time.After(patience):
				t.Fatal("the reply to the owner did not come")
			}
		}
		for topic, may := range topics {
			if got[topic] != may {
				t.Errorf("%s publishes to %s: %v", user, topic, got[topic])
			}
		}
		c.Disconnect(10)
	}
}
