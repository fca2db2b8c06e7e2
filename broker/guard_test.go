package broker

import (
	"fmt"
	"testing"

	"github.com/mochi-mqtt/server/v2/packets"
)

// The table of the contract: role by topic by action.
func TestRights(t *testing.T) {
	type may struct{ viewer, operator, all, admin string } // r: read and subscribe, w: publish
	for topic, want := range map[string]may{
		"minirelay/home/status":                  {"r", "r", "r", "r"},
		"minirelay/home/info":                    {"r", "r", "r", "r"},
		"minirelay/home/greenhouse/model":        {"r", "r", "r", "r"},
		"minirelay/home/greenhouse/state":        {"r", "r", "r", "r"},
		"minirelay/home/greenhouse/availability": {"r", "r", "r", "r"},
		"minirelay/home/greenhouse/event":        {"r", "r", "r", "r"},
		"minirelay/home/greenhouse/result":       {"r", "r", "r", "r"},
		"minirelay/home/greenhouse/command":      {"", "w", "w", "rw"},
		"minirelay/home/greenhouse/secret":       {"", "", "", "r"},
		"minirelay/home/greenhouse/state/deep":   {"", "", "", "r"},
		"minirelay/home/meter/state":             {"", "", "r", "r"},
		"minirelay/home/meter/command":           {"", "", "w", "rw"},
		"minirelay/home/request/phone":           {"rw", "rw", "rw", "rw"},
		"minirelay/home/reply/phone":             {"r", "r", "r", "r"},
		"minirelay/home/request/state":           {"", "", "", "r"},
		"minirelay/home/reply/state":             {"", "", "", "r"}, // another client's, not a device's state
		"minirelay/home/reply/other":             {"", "", "", "r"},
		"minirelay/home/request/command":         {"", "", "", "r"},
		"minirelay/home/status/command":          {"", "", "", "r"},
		"minirelay/other/greenhouse/state":       {"", "", "", "r"},
		"minirelay/other/greenhouse/command":     {"", "", "", "r"},
		"minirelay":                              {"", "", "", "r"},
		"home/lamp":                              {"", "r", "", "rw"},
		"home/lamp/set":                          {"", "rw", "", "rw"},
		"else/lamp":                              {"", "", "", "rw"},
		"$SYS/broker/uptime":                     {"", "", "", "r"},
		"$other/topic":                           {"", "", "", ""},
	} {
		for user, want := range map[string]string{"viewer": want.viewer, "operator": want.operator, "all": want.all, "admin": want.admin} {
			t.Run(user+" "+topic, func(t *testing.T) { checkRights(t, user, topic, want) })
		}
	}
}

func checkRights(t *testing.T, user, topic, want string) {
	cfg := testConfig(t)
	for _, u := range cfg.Users {
		if u.ID != user {
			continue
		}
		r, err := newRights(cfg, u)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if r.mayRead(topic, "phone") {
			got = "r"
		}
		if r.mayWrite(topic, "phone") {
			got += "w"
		}
		if got != want {
			t.Errorf("may %q, want %q", got, want)
		}
		if sub := r.maySubscribe(topic, "phone"); sub != (got != "" && got[0] == 'r') {
			t.Errorf("may subscribe: %v", sub)
		}
	}
}

// An id that is not a valid topic level has no topics of its own.
func TestOddClientIDs(t *testing.T) {
	cfg := testConfig(t)
	r, _ := newRights(cfg, cfg.Users[0])
	for _, id := range []string{"", "a/b", "#", "+", "x/#"} {
		if r.maySubscribe("minirelay/home/reply/"+id, id) || r.mayWrite("minirelay/home/request/"+id, id) {
			t.Errorf("%q has topics of its own", id)
		}
	}
}

func TestSuback(t *testing.T) {
	b := start(t, testConfig(t))
	for _, test := range []struct {
		user, filter string
		code         byte // of MQTT 5; 0: granted QoS 0
	}{
		{"viewer", "#", 0}, // granted in part: it covers status
		{"viewer", "$SYS/#", packets.ErrNotAuthorized.Code},
		{"viewer", "$SYS/broker/uptime", packets.ErrNotAuthorized.Code},
		{"admin", "$SYS/#", 0},
		{"viewer", "minirelay/home/meter/state", packets.ErrNotAuthorized.Code},
		{"viewer", "minirelay/home/+/state", 0},
		{"viewer", "minirelay/home/reply/other", packets.ErrNotAuthorized.Code},
		{"viewer", "minirelay/home/reply/phone", 0},
		{"viewer", "home/#", packets.ErrNotAuthorized.Code},
		{"operator", "home/#", 0},
		{"operator", "$share/group/home/#", 0},
		{"operator", "$share/group/else/#", packets.ErrNotAuthorized.Code},
		{"operator", "home/#/x", packets.ErrTopicFilterInvalid.Code},
		{"operator", "home/a+", packets.ErrTopicFilterInvalid.Code},
		{"operator", "$share/group", packets.ErrTopicFilterInvalid.Code},
		{"operator", "home/" + fmt.Sprintf("%0300d", 1), packets.ErrTopicFilterInvalid.Code},
	} {
		for _, version := range []byte{4, 5} {
			want := test.code
			if version == 4 && want != 0 {
				want = 0x80
			}
			c := b.connected(t, version, test.user, "phone", nil)
			if codes := c.subscribe(0, test.filter); len(codes) != 1 || codes[0] != want {
				t.Errorf("%s, MQTT %d, %.60s: SUBACK %#x, want %#x", test.user, version, test.filter, codes, want)
			}
			c.conn.Close()
			b.empty(t)
		}
	}
}

// A mixture: the SUBACK answers filter by filter, and QoS 2 is granted as QoS 1.
func TestSubackOfMany(t *testing.T) {
	b := start(t, testConfig(t))
	c := b.connected(t, 5, "operator", "phone", nil)
	got := c.subscribe(2, "home/a", "else/a", "home/a+", "minirelay/home/greenhouse/state")
	if want := "[1 135 143 1]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
	var filters []string
	for i := range maxSubscriptions {
		filters = append(filters, fmt.Sprintf("home/%d", i))
	}
	got = c.subscribe(0, filters...)
	if got[len(got)-3] != 0 || got[len(got)-2] != packets.ErrQuotaExceeded.Code {
		t.Errorf("the bound of subscriptions: %v", got[len(got)-4:])
	}
}

// A filter that is allowed in part delivers that part.
func TestPartialFilter(t *testing.T) {
	b := start(t, testConfig(t))
	_ = b.Publish("minirelay/home/meter/state", []byte("1"), 1, true, nil)
	_ = b.Publish("minirelay/home/greenhouse/state", []byte("2"), 1, true, nil)
	_ = b.Publish("minirelay/home/reply/other", []byte("3"), 1, true, nil)
	for _, filter := range []string{"#", "minirelay/#", "+/+/+/+", "minirelay/home/+/state"} {
		c := b.connected(t, 4, "viewer", "phone", nil)
		c.subscribe(1, filter)
		<-b.gateway.subscribed
		_ = b.Publish("minirelay/home/meter/state", []byte("4"), 1, false, nil)
		_ = b.Publish("minirelay/home/greenhouse/command", []byte("5"), 1, false, nil)
		_ = b.Publish("$SYS/broker/secret", []byte("6"), 1, false, nil)
		_ = b.Publish("minirelay/home/greenhouse/state", []byte("7"), 1, false, nil)
		for _, want := range []string{"2", "7"} {
			if pk := c.read(); string(pk.Payload) != want {
				t.Fatalf("%s: %s %s, want %s", filter, pk.TopicName, pk.Payload, want)
			}
		}
		c.conn.Close()
	}
}

// A publish without right is dropped: MQTT 5 reports it, a 3.1.1 client gets an acknowledgement and stays connected.
func TestPublishWithoutRight(t *testing.T) {
	b := start(t, testConfig(t))
	for _, topic := range []string{
		"minirelay/home/meter/command", "minirelay/home/greenhouse/state", "minirelay/home/request/other", "minirelay/home/reply/phone",
		"minirelay/other/greenhouse/command", "else/x", "$SYS/broker/uptime", "$share/x/y", "home/" + fmt.Sprintf("%0300d", 1), "home/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/set",
	} {
		for _, version := range []byte{4, 5} {
			for _, qos := range []byte{0, 1, 2} {
				c := b.connected(t, version, "operator", "phone", nil)
				c.publish(topic, "x", qos, uint16(min(qos, 1)), true)
				if qos > 0 {
					ack := c.read()
					want := byte(0)
					if version == 5 {
						want = packets.ErrNotAuthorized.Code
					}
					kind := map[byte]byte{1: packets.Puback, 2: packets.Pubrec}[qos]
					if ack.FixedHeader.Type != kind || ack.ReasonCode != want {
						t.Errorf("MQTT %d, QoS %d, %.60s: %+v", version, qos, topic, ack)
					}
				}
				if !c.alive() {
					t.Errorf("MQTT %d, QoS %d, %.60s: disconnected", version, qos, topic)
				}
				c.conn.Close()
			}
		}
	}
	select {
	case m := <-b.gateway.messages:
		t.Errorf("the gateway got %+v", m)
	default:
	}
	b.retained.mu.RLock()
	defer b.retained.mu.RUnlock()
	for topic := range b.retained.byTopic {
		if topic[0] != '$' {
			t.Errorf("%s was stored", topic)
		}
	}
}

// A retained command reaches the gateway, which refuses it, and is not stored; nor is one on a user's own topic that
// the gateway took.
func TestRetainedCommand(t *testing.T) {
	b := start(t, testConfig(t))
	b.gateway.handle = func(m Message) bool {
		b.gateway.messages <- m
		return true
	}
	c := b.connected(t, 4, "operator", "phone", nil)
	for _, topic := range []string{"minirelay/home/greenhouse/command", "minirelay/home/request/phone", "home/lamp/set"} {
		c.publish(topic, "{}", 1, 1, true)
		c.read()
		if m := <-b.gateway.messages; m.Topic != topic || !m.Retain {
			t.Errorf("%+v", m)
		}
		if b.retained.get(topic) != nil {
			t.Errorf("%s was stored", topic)
		}
	}
}

// Nothing below the root goes from client to client, even if the gateway does not want it.
func TestUnhandledCommand(t *testing.T) {
	b := start(t, testConfig(t))
	b.gateway.handle = func(Message) bool { return false }
	spy := b.connected(t, 4, "admin", "spy", nil)
	spy.subscribe(1, "minirelay/#")
	c := b.connected(t, 4, "operator", "phone", nil)
	c.publish("minirelay/home/greenhouse/command", "{}", 1, 1, true)
	c.read()
	_ = b.Publish("minirelay/home/status", []byte("online"), 1, true, nil)
	if pk := spy.read(); pk.TopicName != "minirelay/home/status" {
		t.Errorf("%+v", pk)
	}
}

// The gateway answers on a response topic only what the client could have published itself, or on its reply topic at the
// gateway that it asks: a right to read must not become a right to write.
func TestResponseTopic(t *testing.T) {
	cfg := testConfig(t)
	both := user(&cfg, "both")
	both.Read, both.Write = []string{"home/#"}, []string{"home/chat/#", "letters/#"}
	b := start(t, cfg)
	c := b.connected(t, 5, "both", "phone", nil)
	for _, test := range []struct{ asked, topic, want string }{
		{"home", "minirelay/home/reply/phone", "minirelay/home/reply/phone"},
		{"home", "minirelay/other/reply/phone", ""}, // of a gateway that is not asked
		{"home", "minirelay/home/reply/other", ""},
		{"home", "minirelay/home/request/phone", ""},
		{"home", "minirelay/home/greenhouse/state", ""},
		{"home", "minirelay/home/greenhouse/command", ""},
		{"home", "home/chat/phone", "home/chat/phone"},
		{"home", "home/answers", ""}, // may only be read
		{"home", "letters/x", ""},    // may only be written
		{"home", "else/answers", ""},
		{"home", "$SYS/x", ""},
		{"home", "home/chat/+", ""},
		{"other", "minirelay/other/reply/phone", "minirelay/other/reply/phone"},
		{"other", "minirelay/home/reply/phone", ""},
	} {
		c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1}, PacketID: 1,
			TopicName: "minirelay/" + test.asked + "/greenhouse/command", Payload: []byte("{}"),
			Properties: packets.Properties{ResponseTopic: test.topic, CorrelationData: []byte("c1")}})
		c.read()
		if m := <-b.gateway.messages; m.ResponseTopic != test.want || string(m.Correlation) != "c1" {
			t.Errorf("%s for an answer of %s: %+v", test.topic, test.asked, m)
		}
	}
}

// A topic alias that was set is used; an unknown one ends the connection.
func TestTopicAlias(t *testing.T) {
	b := start(t, testConfig(t))
	c := b.connected(t, 5, "operator", "phone", nil)
	send := func(topic string, alias uint16) {
		c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1}, PacketID: 1, TopicName: topic,
			Properties: packets.Properties{TopicAlias: alias, TopicAliasFlag: true}})
	}
	for _, topic := range []string{"minirelay/home/greenhouse/command", ""} {
		send(topic, 3)
		c.read()
		if m := <-b.gateway.messages; m.Topic != "minirelay/home/greenhouse/command" {
			t.Errorf("%+v", m)
		}
	}
	// An alias does not bypass the rights.
	send("minirelay/home/meter/command", 4)
	c.read()
	send("", 4)
	if ack := c.read(); ack.ReasonCode != packets.ErrNotAuthorized.Code {
		t.Errorf("%+v", ack)
	}
	send("", 5)
	if code := c.ended(); code != packets.ErrTopicAliasInvalid.Code {
		t.Errorf("DISCONNECT %#x", code)
	}
}

func TestConnack(t *testing.T) {
	b := start(t, testConfig(t))
	anonymous := func(pk *packets.Packet) {
		pk.Connect.UsernameFlag, pk.Connect.PasswordFlag, pk.Connect.Username, pk.Connect.Password = false, false, nil, nil
	}
	for name, test := range map[string]struct {
		user   string
		change func(*packets.Packet)
		v3, v5 byte
	}{
		"unknown user":   {"nobody", nil, 4, packets.ErrBadUsernameOrPassword.Code},
		"wrong password": {"operator", func(pk *packets.Packet) { pk.Connect.Password = []byte("x") }, 4, packets.ErrBadUsernameOrPassword.Code},
		"anonymous":      {"", anonymous, 4, packets.ErrBadUsernameOrPassword.Code},
		"long id": {"operator", func(pk *packets.Packet) { pk.Connect.ClientIdentifier = fmt.Sprintf("%0129d", 1) },
			2, packets.ErrClientIdentifierNotValid.Code},
	} {
		for version, want := range map[byte]byte{4: test.v3, 5: test.v5} {
			c := b.raw(t, version)
			if ack := c.login(test.user, "phone", test.change); ack.FixedHeader.Type != packets.Connack || ack.ReasonCode != want {
				t.Errorf("%s, MQTT %d: %+v", name, version, ack)
			}
			c.ended()
		}
	}
	for _, version := range []byte{2, 6} {
		if ack := b.raw(t, version).login("operator", "phone", nil); ack.FixedHeader.Type != packets.Connack || ack.ReasonCode != 1 {
			t.Errorf("MQTT of the unknown version %d: %+v", version, ack)
		}
	}
	c := b.raw(t, 5)
	ack := c.login("operator", "", nil)
	if p := ack.Properties; p.AssignedClientID == "" || p.MaximumPacketSize != maxPacket || p.TopicAliasMaximum != maxAliases {
		t.Errorf("%+v", p)
	}
}

func TestMaxClients(t *testing.T) {
	cfg := testConfig(t)
	cfg.MaxClients = 2
	b := start(t, cfg)
	b.connected(t, 4, "operator", "one", nil)
	two := b.connected(t, 4, "operator", "two", nil)
	if ack := b.raw(t, 4).login("operator", "three", nil); ack.ReasonCode != 3 {
		t.Errorf("%+v", ack)
	}
	if ack := b.raw(t, 5).login("operator", "three", nil); ack.ReasonCode != packets.ErrServerBusy.Code {
		t.Errorf("%+v", ack)
	}
	b.connected(t, 4, "operator", "two", nil) // a takeover does not add one
	two.ended()
}
