package broker

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"

	"minirelay/secret"
)

// hub runs a broker at which another gateway, other, meets its users.
func hub(t *testing.T, cfg Config) *testBroker {
	b := start(t, cfg)
	b.gateway.handle = func(m Message) bool {
		b.gateway.messages <- m
		return strings.HasPrefix(m.Topic, "minirelay/home/")
	}
	return b
}

// The rights of a gateway at a hub, and of its users to read and command.
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
		"minirelay/other/request/phone":           {"rw", "rw", "rw", "rw", ""},
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
	b := hub(t, testConfig(t))
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
	if pk := gateway.read(); pk.TopicName != "minirelay/other/greenhouse/command" || unstamped(t, pk.Payload, "guest") != `{"id":"a"}` {
		t.Errorf("the gateway gets %s %s", pk.TopicName, pk.Payload)
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
	if !gateway.quiet() {
		t.Error("a request to a gateway that was away waits for it")
	}
	if !stranger.quiet() {
		t.Error("a user of this gateway hears another one")
	}
}

// A hub keeps no command for later, in any way.
func TestHubKeepsNoCommand(t *testing.T) {
	b := hub(t, testConfig(t))
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
	if !gateway.quiet() {
		t.Error("the gateway got one of them")
	}
}

// The messages that one gateway leaves behind take no room from others.
func TestRetainedOfGateways(t *testing.T) {
	r := retained{byTopic: map[string]*message{}}
	put := func(keeper string, i int, payload string) bool {
		kept, _ := r.put(&message{topic: fmt.Sprint(keeper, "/", i), payload: []byte(payload), origin: "c", keeper: keeper, most: retainedOfOther})
		return kept
	}
	for i := range maxRetained {
		if !put("farm", i, "x") {
			t.Fatalf("number %d is refused", i)
		}
	}
	if put("farm", maxRetained, "x") {
		t.Error("there is no bound")
	}
	if !put("phone", 1, "x") || !put("home", 1, "x") {
		t.Error("others have no room")
	}
	if !put("farm", 3, "another") || !put("farm", 3, "") || !put("farm", maxRetained, "x") {
		t.Error("replaced or deleted messages free no room")
	}
	if put("farm", 3, strings.Repeat("x", retainedOfOther)) {
		t.Error("there is no bound in bytes")
	}
}

// A gateway may publish here what it may publish on its own broker, such as the model of a device with a thousand fields;
// other clients may not.
func TestLargeModel(t *testing.T) {
	b := hub(t, testConfig(t))
	gateway := b.connected(t, 4, "other", "minirelay-other", nil)
	phone := b.connected(t, 4, "both", "phone", nil)
	phone.subscribe(0, "minirelay/other/greenhouse/model")
	for _, size := range []int{maxPacket + 1, 200_000, MaxPayload} {
		gateway.publish("minirelay/other/greenhouse/model", strings.Repeat("m", size), 1, 1, true)
		if ack := gateway.read(); ack.FixedHeader.Type != packets.Puback {
			t.Fatalf("%d bytes: %d", size, ack.FixedHeader.Type)
		}
		if pk := phone.read(); len(pk.Payload) != size {
			t.Errorf("the phone gets %d of %d bytes", len(pk.Payload), size)
		}
	}
	gateway.publish("minirelay/other/greenhouse/model", strings.Repeat("m", maxGatewayPacket), 1, 1, true)
	gateway.ended()
	phone.publish("minirelay/other/greenhouse/command", strings.Repeat("m", maxPacket), 1, 1, false)
	phone.ended()
}

// A will that is refused is named in the log: that of a bridge of mosquitto with its defaults, and any other.
func TestRefusedWill(t *testing.T) {
	b := hub(t, testConfig(t))
	for topic, hint := range map[string]string{"$SYS/broker/connection/home.relay/state": "set notifications false", "minirelay/home/status": "leave the will out"} {
		ack := b.raw(t, 4).login("guest", "bridge", func(pk *packets.Packet) {
			pk.Connect.WillFlag, pk.Connect.WillTopic, pk.Connect.WillPayload, pk.Connect.WillRetain = true, topic, []byte("0"), true
		})
		if log := b.logs.String(); ack.ReasonCode == 0 || !strings.Contains(log, "topic="+topic) || !strings.Contains(log, hint) {
			t.Errorf("%s: %#x\n%s", topic, ack.ReasonCode, log)
		}
		b.refusals.mu.Lock()
		clear(b.refusals.last) // the same refusal is logged once a minute
		b.refusals.mu.Unlock()
	}
}

// dying is a gateway's last will.
func dying(pk *packets.Packet) {
	pk.Connect.WillFlag, pk.Connect.WillTopic, pk.Connect.WillPayload = true, "minirelay/other/status", []byte("offline")
	pk.Connect.WillRetain, pk.Connect.WillQos = true, 1
}

// A gateway that may no longer publish is disconnected, so that it notices, and does not appear to be online.
func TestReloadTakesAGateway(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"user gone": func(c *Config) {
			c.Users = slices.DeleteFunc(slices.Clone(c.Users), func(u UserConfig) bool { return u.ID == "other" })
		},
		"another id":   func(c *Config) { user(c, "other").Gateways = []string{"third"} },
		"another role": func(c *Config) { user(c, "other").Role = "operator" },
		"new password": func(c *Config) { user(c, "other").Password = secret.New("new") },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig(t)
			b := hub(t, cfg)
			gateway := b.connected(t, 4, "other", "minirelay-other", dying)
			gateway.publish("minirelay/other/status", "online", 1, 1, true)
			gateway.read()
			phone := b.connected(t, 4, "both", "phone", nil)
			phone.subscribe(1, "minirelay/other/status")
			phone.read()
			change(&cfg)
			if err := b.Reload(cfg); err != nil {
				t.Fatal(err)
			}
			gateway.ended()
			if pk := phone.read(); string(pk.Payload) != "offline" {
				t.Errorf("the phone reads %q", pk.Payload)
			}
			if m := b.retained.get("minirelay/other/status"); string(m.payload) != "offline" {
				t.Errorf("%q is kept", m.payload)
			}
		})
	}
}

// No other user can take the client id of a gateway, which would lock the gateway out.
func TestClientIDOfAGateway(t *testing.T) {
	b := start(t, testConfig(t))
	for _, user := range []string{"guest", "admin"} {
		if ack := b.raw(t, 4).login(user, "minirelay-other", nil); ack.ReasonCode == 0 {
			t.Errorf("%s takes it", user)
		}
	}
	b.connected(t, 4, "other", "minirelay-other", nil)
	b.connected(t, 4, "guest", "minirelay-home", nil) // no other user connects as that one
}

// A gateway whose session outlives its connection gets no earlier command.
func TestAwayGatewayGetsNoCommand(t *testing.T) {
	b := hub(t, testConfig(t))
	phone := b.connected(t, 4, "guest", "phone", nil)
	gateway := b.connected(t, 5, "other", "minirelay-other", persistent)
	gateway.subscribe(1, "minirelay/other/+/command")
	phone.publish("minirelay/other/greenhouse/command", `{"id":"a"}`, 1, 1, false)
	phone.read()
	gateway.read() // and does not acknowledge it
	gateway.conn.Close()
	b.away(t, "minirelay-other")
	phone.publish("minirelay/other/greenhouse/command", `{"id":"b"}`, 1, 2, false)
	phone.read()
	gateway = b.connected(t, 5, "other", "minirelay-other", persistent)
	if !gateway.quiet() {
		t.Error("it gets one")
	}
}

// No user can wear out a gateway for others: requests of one user at an excessive rate are dropped here.
func TestHubBoundsWhatIsAsked(t *testing.T) {
	b := hub(t, testConfig(t))
	gateway := b.connected(t, 4, "other", "minirelay-other", nil)
	gateway.subscribe(1, "minirelay/other/+/command", "minirelay/other/request/+")
	flood := b.connected(t, 5, "watcher", "phone", nil)
	dropped := 0
	for i := range 4 * askBurst {
		flood.publish("minirelay/other/request/phone", "{}", 1, uint16(i+1), false)
		if ack := flood.read(); ack.ReasonCode == packets.ErrQuotaExceeded.Code {
			dropped++
		} else if ack.ReasonCode != 0 {
			t.Fatalf("%#x", ack.ReasonCode)
		}
	}
	if dropped == 0 {
		t.Error("there is no bound")
	}
	for range 4*askBurst - dropped {
		gateway.read()
	}
	b.connected(t, 4, "both", "other-phone", nil).publish("minirelay/other/greenhouse/command", `{"id":"a"}`, 1, 1, false)
	if pk := gateway.read(); pk.TopicName != "minirelay/other/greenhouse/command" {
		t.Errorf("the gateway gets %s", pk.TopicName)
	}
}
