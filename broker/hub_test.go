package broker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
)

// hub runs a broker at which another gateway, other, meets its users.
func hub(t *testing.T) *testBroker {
	b := start(t, testConfig(t))
	b.gateway.handle = func(m Message) bool {
		b.gateway.messages <- m
		return strings.HasPrefix(m.Topic, "minirelay/home/")
	}
	return b
}

// What a gateway may say at a hub, and its users hear and command.
func TestRightsAtAHub(t *testing.T) {
	type may struct{ other, both, guest, watcher, all string } // r: read and subscribe, w: publish
	for topic, want := range map[string]may{
		"minirelay/other/status":                  {"w", "r", "r", "r", ""},
		"minirelay/other/info":                    {"w", "r", "r", "r", ""},
		"minirelay/other/greenhouse/model":        {"w", "r", "r", "", ""},
		"minirelay/other/greenhouse/state":        {"w", "r", "r", "", ""},
		"minirelay/other/greenhouse/availability": {"w", "r", "r", "", ""},
		"minirelay/other/greenhouse/result":       {"w", "r", "r", "", ""},
		"minirelay/other/greenhouse/event":        {"w", "r", "r", "", ""},
		"minirelay/other/greenhouse/command":      {"r", "w", "w", "", ""},
		"minirelay/other/meter/state":             {"w", "r", "", "r", ""},
		"minirelay/other/meter/command":           {"r", "w", "", "", ""},
		"minirelay/other/request/phone":           {"r", "rw", "rw", "rw", ""},
		"minirelay/other/reply/phone":             {"w", "r", "r", "r", ""},
		"minirelay/other/request/else":            {"r", "", "", "", ""},
		"minirelay/other/reply/else":              {"w", "", "", "", ""},
		"minirelay/other/reply":                   {"", "", "", "", ""},
		"minirelay/other/status/state":            {"", "", "", "", ""},
		"minirelay/other/greenhouse/secret":       {"", "", "", "", ""},
		"minirelay/other/greenhouse/state/deep":   {"", "", "", "", ""},
		"minirelay/other":                         {"", "", "", "", ""},
		"minirelay/home/status":                   {"", "r", "", "", "r"},
		"minirelay/home/greenhouse/state":         {"", "r", "", "", "r"},
		"minirelay/home/greenhouse/command":       {"", "w", "", "", "w"},
		"minirelay/home/meter/command":            {"", "w", "", "", "w"}, // guest: the device is named, the gateway is not
		"minirelay/home/request/phone":            {"", "rw", "", "", "rw"},
		"minirelay/third/greenhouse/state":        {"", "", "", "", ""},
		"minirelay/third/greenhouse/command":      {"", "", "", "", ""},
		"$SYS/broker/uptime":                      {"", "", "", "", ""},
	} {
		for user, want := range map[string]string{"other": want.other, "both": want.both, "guest": want.guest, "watcher": want.watcher, "all": want.all} {
			t.Run(user+" "+topic, func(t *testing.T) { checkRights(t, user, topic, want) })
		}
	}
}

// A gateway that dials out, and a phone that reaches it here: values, a command, its result, and the end of the gateway.
func TestHub(t *testing.T) {
	b := hub(t)
	gateway := b.connected(t, 4, "other", "minirelay-other", func(pk *packets.Packet) {
		pk.Connect.WillFlag, pk.Connect.WillTopic, pk.Connect.WillPayload = true, "minirelay/other/status", []byte("offline")
		pk.Connect.WillRetain, pk.Connect.WillQos = true, 1
	})
	gateway.subscribe(1, "minirelay/other/+/command", "minirelay/other/request/+")
	for i, m := range []struct{ topic, payload string }{
		{"status", "online"}, {"greenhouse/model", `{"device":"greenhouse"}`}, {"greenhouse/state", `{"ts":1,"pump":false}`},
		{"meter/state", `{"ts":1,"power":7}`},
	} {
		gateway.publish("minirelay/other/"+m.topic, m.payload, 1, uint16(10+i), true)
		gateway.read()
	}

	stranger := b.connected(t, 4, "all", "stranger", nil)
	stranger.subscribe(1, "minirelay/#")
	phone := b.connected(t, 4, "guest", "phone", nil)
	phone.subscribe(1, "minirelay/#")
	for _, want := range []string{"greenhouse/model", "greenhouse/state", "status"} {
		if pk := phone.read(); pk.TopicName != "minirelay/other/"+want || !pk.FixedHeader.Retain {
			t.Errorf("%s, want %s", pk.TopicName, want)
		}
	}

	phone.publish("minirelay/other/greenhouse/command", `{"id":"a"}`, 1, 1, false)
	if pk := gateway.read(); pk.TopicName != "minirelay/other/greenhouse/command" || string(pk.Payload) != `{"id":"a"}` {
		t.Errorf("the gateway gets %s", pk.TopicName)
	}
	phone.read() // its PUBACK
	gateway.publish("minirelay/other/greenhouse/result", `{"id":"a","status":"done"}`, 1, 20, false)
	gateway.read()
	if pk := phone.read(); pk.TopicName != "minirelay/other/greenhouse/result" {
		t.Errorf("the phone gets %s", pk.TopicName)
	}

	gateway.conn.Close()
	if pk := phone.read(); pk.TopicName != "minirelay/other/status" || string(pk.Payload) != "offline" {
		t.Errorf("%s %s", pk.TopicName, pk.Payload)
	}
	phone.publish("minirelay/other/greenhouse/command", `{"id":"b"}`, 1, 2, false)
	phone.read()
	gateway = b.connected(t, 4, "other", "minirelay-other", nil)
	gateway.subscribe(1, "minirelay/other/+/command")
	if !gateway.alive() {
		t.Error("what was asked of a gateway that was away waits for it")
	}
	if !stranger.alive() {
		t.Error("a user of this gateway hears another one")
	}
}

// A hub keeps no command for later, in no way.
func TestHubKeepsNoCommand(t *testing.T) {
	b := hub(t)
	gateway := b.connected(t, 4, "other", "minirelay-other", nil)
	gateway.subscribe(1, "minirelay/other/+/command", "minirelay/other/request/+")
	for version, code := range map[byte]byte{4: 0, 5: packets.ErrNotAuthorized.Code} {
		phone := b.connected(t, version, "guest", fmt.Sprint("phone", version), nil)
		for i, topic := range []string{"minirelay/other/greenhouse/command", "minirelay/other/request/" + fmt.Sprint("phone", version)} {
			phone.publish(topic, "{}", 1, uint16(i+1), true)
			if ack := phone.read(); ack.ReasonCode != code {
				t.Errorf("MQTT %d: %#x", version, ack.ReasonCode)
			}
			if b.retained.get(topic) != nil {
				t.Errorf("%s was stored", topic)
			}
		}
		c := b.raw(t, version)
		ack := c.login("guest", "will", func(pk *packets.Packet) {
			pk.Connect.WillFlag, pk.Connect.WillTopic, pk.Connect.WillPayload = true, "minirelay/other/greenhouse/command", []byte("{}")
		})
		if ack.ReasonCode == 0 {
			t.Error("a dying connection may command")
		}
	}
	if !gateway.alive() {
		t.Error("the gateway got one of them")
	}
}

// What one gateway leaves behind takes nobody else's room.
func TestRetainedOfGateways(t *testing.T) {
	r := retained{byTopic: map[string]*message{}}
	put := func(keeper string, i int, payload string) bool {
		return r.put(&message{topic: fmt.Sprint(keeper, "/", i), payload: []byte(payload), origin: "c", keeper: keeper})
	}
	for i := range maxRetained {
		if !put("farm", i, "x") {
			t.Fatalf("number %d is refused", i)
		}
	}
	if put("farm", maxRetained, "x") {
		t.Error("there is no bound")
	}
	if !put("", 1, "x") || !put("home", 1, "x") {
		t.Error("others have no room")
	}
	if !put("farm", 3, "another") || !put("farm", 3, "") || !put("farm", maxRetained, "x") {
		t.Error("what is replaced or deleted makes no room")
	}
	if put("farm", 3, strings.Repeat("x", maxRetainedBytes)) {
		t.Error("there is no bound in bytes")
	}
}
