package broker

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	wire "github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/gorilla/websocket"
)

// Of two gateways with one id the first stays. A gateway that was restarted, or replaced by another machine, gets in.
func TestAdmit(t *testing.T) {
	type step struct {
		who   string // instance that connects; with a minus in front: that leaves
		after time.Duration
		ok    bool
	}
	for name, steps := range map[string][]step{
		"a lost connection":                               {{"a/1", 0, true}, {"a/1", 0, true}},
		"a restart after a power cut":                     {{"a/1", 0, true}, {"a/2", 0, true}, {"a/2", 0, true}},
		"another installation while one is there":         {{"a/1", 0, true}, {"b/1", time.Second, false}, {"a/1", 0, true}, {"b/1", time.Minute, false}},
		"another machine in place of one that is gone":    {{"a/1", 0, true}, {"-a/1", 0, true}, {"b/1", 0, true}, {"a/1", 0, false}},
		"a gap while two are there":                       {{"a/1", 0, true}, {"b/1", 0, false}, {"-a/1", 0, true}, {"b/1", time.Minute, false}, {"a/1", 0, true}},
		"the first one is switched off for good":          {{"a/1", 0, true}, {"b/1", 0, false}, {"-a/1", 0, true}, {"b/1", rivalry, true}},
		"a copy with the same installation":               {{"a/1", 0, true}, {"a/2", 0, true}, {"a/1", time.Second, true}, {"a/2", 0, false}, {"a/1", 0, true}, {"a/3", 0, false}},
		"the copy in a gap":                               {{"a/1", 0, true}, {"a/2", 0, true}, {"a/1", 0, true}, {"-a/1", 0, true}, {"a/2", time.Minute, false}, {"a/1", 0, true}},
		"gateways that do not say what they are":          {{"", 0, true}, {"", 0, true}},
		"one that does not, while one that does is there": {{"a/1", 0, true}, {"", 0, false}, {"-a/1", 0, true}, {"", rivalry, true}},
		"an update from one that does not":                {{"", 0, true}, {"-", 0, true}, {"a/1", 0, true}},
	} {
		t.Run(name, func(t *testing.T) {
			var f fleet
			now := time.Unix(1_800_000_000, 0)
			conns := map[string]*conn{}
			for n, s := range steps {
				now = now.Add(s.after)
				if who, left := strings.CutPrefix(s.who, "-"); left {
					f.left("home", conns[who], now)
					continue
				}
				c := &conn{who: instanceOf(s.who), remote: s.who}
				ok, _, _ := f.admit("home", c, now)
				if ok != s.ok {
					t.Fatalf("step %d: %q may connect: %v", n+1, s.who, ok)
				}
				if ok {
					conns[s.who] = c
				}
			}
		})
	}
}

// A header that is not an instance is as none, and cannot fill the memory.
func TestInstanceOf(t *testing.T) {
	for header, want := range map[string]instance{"a/b": {"a", "b"}, "": {}, "a": {}, "a/b/c": {}, "A/b": {}, "a/ b": {},
		strings.Repeat("a", 65) + "/b": {}} {
		if got := instanceOf(header); got != want {
			t.Errorf("%q: %+v", header, got)
		}
	}
}

// dialled is the connection of a gateway over WebSocket, and the return code of its CONNACK.
type dialled struct {
	*websocket.Conn
	code byte
}

// gatewayAt connects a gateway that says that it is who.
func gatewayAt(t *testing.T, b *testBroker, id, who string) *dialled {
	t.Helper()
	header := http.Header{}
	if who != "" {
		header.Set(InstanceHeader, who)
	}
	dialer := websocket.Dialer{TLSClientConfig: insecure(), Subprotocols: []string{"mqtt"}}
	ws, answer, err := dialer.Dial("wss://"+b.Addrs().TLS+"/mqtt", header)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	t.Cleanup(func() { ws.Close() })
	d := &dialled{Conn: ws}
	q := wire.NewControlPacket(wire.Connect).(*wire.ConnectPacket)
	q.ProtocolName, q.ProtocolVersion, q.CleanSession, q.Keepalive, q.ClientIdentifier = "MQTT", 4, true, 60, id
	q.UsernameFlag, q.Username, q.PasswordFlag, q.Password = true, "other", true, []byte("other")
	q.WillFlag, q.WillTopic, q.WillMessage, q.WillQos, q.WillRetain = true, "minirelay/other/status", []byte("offline"), 1, true
	d.send(t, q)
	d.code = d.read(t).(*wire.ConnackPacket).ReturnCode
	return d
}

func (d *dialled) send(t *testing.T, q wire.ControlPacket) {
	t.Helper()
	var packet bytes.Buffer
	if err := errors.Join(q.Write(&packet), d.WriteMessage(websocket.BinaryMessage, packet.Bytes())); err != nil {
		t.Fatal(err)
	}
}

func (d *dialled) read(t *testing.T) wire.ControlPacket {
	t.Helper()
	_ = d.SetReadDeadline(time.Now().Add(soon))
	_, packet, err := d.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	q, err := wire.ReadPacket(bytes.NewReader(packet))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// alive reports whether the broker still answers.
func (d *dialled) alive(t *testing.T) bool {
	t.Helper()
	d.send(t, wire.NewControlPacket(wire.Pingreq))
	_, ok := d.read(t).(*wire.PingrespPacket)
	return ok
}

// say publishes a retained message.
func (d *dialled) say(t *testing.T, topic, payload string) {
	t.Helper()
	q := wire.NewControlPacket(wire.Publish).(*wire.PublishPacket)
	q.Qos, q.Retain, q.MessageID, q.TopicName, q.Payload = 1, true, 1, topic, []byte(payload)
	d.send(t, q)
	d.read(t)
}

// The hub refuses the second of two gateways with one id, also with another client id, says so in the log and in its
// state, and knows the fleet.
func TestTwoGatewaysWithOneID(t *testing.T) {
	b := hub(t, testConfig(t))
	if all := b.Gateways(); len(all) != 1 || all[0] != (GatewayStats{ID: "other"}) {
		t.Fatalf("at first: %+v", all)
	}
	first := gatewayAt(t, b, "minirelay-other", "a/1")
	first.say(t, "minirelay/other/status", "online")
	first.say(t, "minirelay/other/info", `{"gateway":"other","version":"1.2.3"}`)
	// One that does not say what it is does not know the code for it either.
	for _, second := range []struct {
		id, who string
		code    byte
	}{{"minirelay-other", "b/1", Duplicate}, {"another", "b/1", Duplicate}, {"minirelay-other", "", 2}} {
		if d := gatewayAt(t, b, second.id, second.who); d.code != second.code {
			t.Errorf("%+v: %#x", second, d.code)
		}
	}
	if !first.alive(t) {
		t.Error("the first one has lost its connection")
	}
	g := b.Gateways()[0]
	if !g.Online || g.Version != "1.2.3" || g.From == "" || g.Rival == "" || g.Rival == g.From || g.Since.IsZero() {
		t.Errorf("%+v", g)
	}
	if log := b.logs.String(); !strings.Contains(log, "another gateway with the same id is connected") || !strings.Contains(log, "gateway=other") ||
		!strings.Contains(log, g.From) || !strings.Contains(log, "hint=") {
		t.Error(log)
	}

	first.Close()
	eventually(t, "it is away", func() bool { return !b.Gateways()[0].Online })
	if g := b.Gateways()[0]; g.From == "" || g.Since.IsZero() {
		t.Errorf("away: %+v", g)
	}
}

// A copy of a whole disk has the instance of the original. It may get in once, as if it had been restarted; then the
// original stays.
func TestCopyOfADisk(t *testing.T) {
	b := hub(t, testConfig(t))
	gatewayAt(t, b, "minirelay-other", "a/1")
	gatewayAt(t, b, "minirelay-other", "a/2")
	original := gatewayAt(t, b, "minirelay-other", "a/1")
	if d := gatewayAt(t, b, "minirelay-other", "a/2"); original.code != 0 || d.code != Duplicate {
		t.Errorf("%#x for the original, %#x for the copy", original.code, d.code)
	}
	if g := b.Gateways()[0]; !original.alive(t) || g.Rival == "" {
		t.Errorf("%+v", g)
	}
}

// Gateways that do not say what they are disconnect each other, as ever; the hub names them.
func TestFlappingGateways(t *testing.T) {
	b := hub(t, testConfig(t))
	for range manyTakeovers + 1 {
		if d := gatewayAt(t, b, "minirelay-other", ""); d.code != 0 {
			t.Fatalf("%#x", d.code)
		}
	}
	if g := b.Gateways()[0]; g.Rival == "" {
		t.Errorf("%+v", g)
	}
}
