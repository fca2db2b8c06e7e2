package broker

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Clients that cannot work here are named once in the log, at its default level, with the reason and with what to try.
func TestForeignClientsAreNamed(t *testing.T) {
	say := func(address func(Addrs) string, text string) func(*testing.T, *testBroker) {
		return func(t *testing.T, b *testBroker) {
			c, err := net.Dial("tcp", address(b.Addrs()))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_, _ = c.Write([]byte(text))
			_ = c.SetReadDeadline(time.Now().Add(soon))
			for {
				if _, err := c.Read(make([]byte, 100)); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatal("it is not cut")
				} else if err != nil {
					return
				}
			}
		}
	}
	mqtt, secure := func(a Addrs) string { return a.MQTT }, func(a Addrs) string { return a.TLS }
	text := func(t *testing.T, b *testBroker) {
		ws := b.dialWS(t, nil, "mqtt")
		_ = ws.WriteMessage(websocket.TextMessage, encode(t, connectPacket(4, "operator", "phone")))
		_, _, _ = ws.ReadMessage()
	}
	large := func(version byte) func(*testing.T, *testBroker) {
		return func(t *testing.T, b *testBroker) {
			c := b.connected(t, version, "operator", "phone", nil)
			c.publish("home/chat/x", strings.Repeat("x", 70000), 0, 0, false)
			if code := c.ended(); version == 5 && code != packets.ErrPacketTooLarge.Code {
				t.Errorf("DISCONNECT %#x", code)
			}
		}
	}
	for name, test := range map[string]struct {
		do   func(*testing.T, *testBroker)
		want []string
	}{
		"stray bytes":         {say(mqtt, "hello\r\n"), []string{"does not use MQTT", "68656c6c6f"}},
		"HTTP":                {say(mqtt, "GET / HTTP/1.1\r\n\r\n"), []string{"HTTP at the MQTT port", "[broker] listen"}},
		"TLS":                 {say(mqtt, "\x16\x03\x01\x02\x00\x01"), []string{"TLS at a port without it", "mqtt://"}},
		"no TLS":              {say(secure, "\x10\x0c\x00\x04MQTT\x04\x02\x00\x1e\x00\x00"), []string{"does not use TLS at the TLS port", "[broker] mqtt"}},
		"HTTP without TLS":    {say(secure, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), []string{"plain HTTP at the TLS port"}},
		"no version of MQTT":  {say(mqtt, "\x10\x0c\x00\x04MQTT\x09\x02\x00\x1e\x00\x00"), []string{"a CONNECT is not valid"}},
		"a damaged CONNECT":   {say(mqtt, "\x10\x05\x00\x09MQT"), []string{"a CONNECT is not valid"}},
		"a huge CONNECT":      {say(mqtt, "\x10\xff\xff\x03"), []string{"a CONNECT is too large", "size=65535", "limit=8192"}},
		"a text frame":        {text, []string{"text frames"}},
		"too large, 3.1.1":    {large(4), []string{"too large a packet", "client=phone", "size=70017", "limit=65536"}},
		"too large, 5":        {large(5), []string{"too large a packet", "client=phone", "size=70018", "limit=65536"}},
		"too large, over wss": {largeOverWSS, []string{"too large a packet", "client=phone", "size=70018", "limit=65536"}},
		"a subprotocol":       {func(t *testing.T, b *testBroker) { b.dialWS(t, nil, "wamp", "chat") }, []string{"another subprotocol", "wamp, chat"}},
		"an unknown issuer":   {func(t *testing.T, b *testBroker) { _, _ = tls.Dial("tcp", b.Addrs().TLS, nil) }, []string{"does not trust the certificate", "wrong clock"}},
		"a text frame, later": {laterText, []string{"it sent a text frame", "client=phone"}},
		"no such packet":      {laterNonsense, []string{"a packet that is not valid", "client=phone", "error="}},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, testConfig(t))
			for range 3 {
				test.do(t, b)
				b.empty(t)
			}
			line := func() (found string, n int) {
				for l := range strings.Lines(b.logs.String()) {
					if strings.Contains(l, test.want[0]) {
						found, n = l, n+1
					}
				}
				return found, n
			}
			eventually(t, "it is named", func() bool { _, n := line(); return n > 0 })
			found, n := line()
			for _, part := range append(test.want, "level=WARN", "from=127.0.0.1") {
				if !strings.Contains(found, part) {
					t.Errorf("no %q in %s", part, found)
				}
			}
			if n != 1 {
				t.Errorf("%d lines: %s", n, b.logs)
			}
		})
	}
}

func largeOverWSS(t *testing.T, b *testBroker) {
	c := b.rawWSS(t, 5)
	c.login("operator", "phone", nil)
	c.publish("home/chat/x", strings.Repeat("x", 70000), 0, 0, false)
	if code := c.ended(); code != packets.ErrPacketTooLarge.Code {
		t.Errorf("DISCONNECT %#x", code)
	}
}

func laterText(t *testing.T, b *testBroker) {
	c := b.rawWSS(t, 4)
	c.login("operator", "phone", nil)
	_ = c.conn.(*wsConn).WriteMessage(websocket.TextMessage, []byte("text"))
	c.ended()
}

func laterNonsense(t *testing.T, b *testBroker) {
	c := b.connected(t, 4, "operator", "phone", nil)
	c.write([]byte{0xf0, 0})
	c.ended()
}

// A user who makes up client ids does not fill the log with them.
func TestMadeUpIDsDoNotFillTheLog(t *testing.T) {
	b := start(t, testConfig(t))
	for i := range 50 {
		c := b.connected(t, 4, "operator", fmt.Sprint("phone", i), nil)
		c.write([]byte{0xf0, 0})
		c.ended()
		b.empty(t)
	}
	if n := strings.Count(b.logs.String(), "WARN"); n == 0 || n > 8 {
		t.Errorf("%d lines", n)
	}
}

// Those who check only whether a port is open are not worth a line, nor is a client that ends in any ordinary way.
func TestOrdinaryEndsAreNotNamed(t *testing.T) {
	b := start(t, testConfig(t))
	for _, address := range []string{b.Addrs().MQTT, b.Addrs().TLS, b.Addrs().WS} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	for _, version := range []byte{4, 5} {
		c := b.connected(t, version, "operator", "phone", nil)
		c.conn.Close()
		b.empty(t)
		c = b.connected(t, version, "operator", "phone", nil)
		c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}})
		c.ended()
		b.empty(t)
		c = b.rawWSS(t, version)
		c.login("operator", "phone", nil)
		c.conn.Close()
		b.empty(t)
	}
	eventually(t, "all have gone", func() bool {
		b.preLogin.mu.Lock()
		defer b.preLogin.mu.Unlock()
		return b.preLogin.sockets == 0
	})
	if text := b.logs.String(); strings.Contains(text, "WARN") {
		t.Error(text)
	}
}

// One client id on two devices is named, and at most once for a phone that changes its network.
func TestOneIDTwice(t *testing.T) {
	b := start(t, testConfig(t))
	count := func(what string) int { return strings.Count(b.logs.String(), what) }
	before := b.connected(t, 4, "operator", "phone", nil)
	for i := range 5 {
		now := b.connected(t, 4, "operator", "phone", nil)
		before.ended()
		before = now
		if single, both := count("another connection uses its client id now"), count("keep disconnecting each other"); single != 1 || both != min(1, i/2) {
			t.Errorf("after %d: %d and %d lines", i+1, single, both)
		}
	}
	if !strings.Contains(b.logs.String(), "give each client an id of its own") {
		t.Error(b.logs)
	}
}

// Any reason but a normal end publishes the last will; mochi skips a reason code that is not followed by properties, and
// takes the will back for all codes but one.
func TestWillAfterDisconnect(t *testing.T) {
	b := start(t, testConfig(t))
	friend := b.connected(t, 4, "operator", "friend", nil)
	friend.subscribe(0, "home/chat/#")
	for _, test := range []struct {
		packet string
		want   bool
	}{
		{"\xe0\x00", false}, {"\xe0\x01\x00", false}, {"\xe0\x02\x00\x00", false},
		{"\xe0\x01\x04", true}, {"\xe0\x02\x04\x00", true}, {"\xe0\x01\x80", true}, {"\xe0\x02\x82\x00", true},
	} {
		c := b.connected(t, 5, "operator", "phone", func(pk *packets.Packet) {
			pk.Connect.WillFlag, pk.Connect.WillTopic, pk.Connect.WillPayload = true, "home/chat/will", []byte("bye")
		})
		for _, part := range []string{test.packet[:1], test.packet[1:]} {
			c.write([]byte(part))
		}
		c.ended()
		eventually(t, "it has gone", func() bool { return b.lookup("phone") == nil })
		if test.want {
			if pk := friend.read(); pk.TopicName != "home/chat/will" {
				t.Errorf("% x: %+v", test.packet, pk)
			}
		} else if !friend.quiet() {
			t.Errorf("% x: the will is published", test.packet)
		}
	}
	if text := b.logs.String(); strings.Contains(text, "WARN") {
		t.Error(text)
	}
}

// bareConnect is a CONNECT of MQTT 5 with properties that no library sends.
func bareConnect(props string) []byte {
	body := "\x00\x04MQTT\x05\xc2\x00\x1e" + string(rune(len(props))) + props + "\x00\x05phone\x00\x08operator\x00\x08operator"
	return append(binary.AppendUvarint([]byte{0x10}, uint64(len(body))), body...)
}

// What MQTT 5 forbids in a CONNECT is answered with its code.
func TestForbiddenProperties(t *testing.T) {
	b := start(t, testConfig(t))
	for props, want := range map[string]byte{
		"":                                 0,
		"\x21\x00\x01":                     0,
		"\x21\x00\x00":                     packets.ErrProtocolViolation.Code, // Receive Maximum
		"\x27\x00\x00\x00\x00":             packets.ErrProtocolViolation.Code, // Maximum Packet Size
		"\x22\x00\x00\x27\x00\x00\x00\x00": packets.ErrProtocolViolation.Code,
		"\x21\x00\x05\x21\x00\x05":         packets.ErrProtocolViolation.Code, // twice
		"\x26\x00\x01a\x00\x01b\x26\x00\x01a\x00\x01b": 0,
		"\x15\x00\x05PLAIN":                            packets.ErrBadAuthenticationMethod.Code,
		"\x11\x00\x00\x00\x00\x19\x01\x17\x00":         0,
	} {
		c := b.raw(t, 5)
		c.write(bareConnect(props))
		if ack := c.read(); ack.FixedHeader.Type != packets.Connack || ack.ReasonCode != want {
			t.Errorf("% x: type %d, %#x, want %#x", props, ack.FixedHeader.Type, ack.ReasonCode, want)
		}
		c.conn.Close()
		b.empty(t)
	}
	for name, packet := range map[string]string{
		"Subscription Identifier 0":         "\x82\x0d\x00\x01\x02\x0b\x00\x00\x05home/\x01",
		"No Local in a shared subscription": "\x82\x13\x00\x01\x00\x00\x0d$share/g/home\x05",
	} {
		c := b.connected(t, 5, "operator", "phone", nil)
		c.write([]byte(packet))
		if code := c.ended(); code != packets.ErrProtocolViolation.Code {
			t.Errorf("%s: DISCONNECT %#x", name, code)
		}
	}
}

// Damage is for mochi to find: it must not be taken for something else, and must not panic.
func FuzzConnectFault(f *testing.F) {
	f.Add(bareConnect("\x21\x00\x00")[2:])
	f.Add([]byte("\x00\x04MQTT\x05\xc2\x00\x1e\x7f\x21"))
	f.Fuzz(func(t *testing.T, body []byte) { connectFault(body) })
}

// A client without an id cannot keep a session (MQTT 3.1.1, 3.1.3.1), and $SHARE is not $share.
func TestSmallPrint(t *testing.T) {
	b := start(t, testConfig(t))
	if ack := b.raw(t, 4).login("operator", "", persistent); ack.ReasonCode != 2 {
		t.Errorf("CONNACK %d", ack.ReasonCode)
	}
	c := b.connected(t, 5, "operator", "phone", nil)
	if codes := c.subscribe(1, "$SHARE/g/home/x", "$share/g/home/x"); !bytes.Equal(codes, []byte{packets.ErrNotAuthorized.Code, 1}) {
		t.Errorf("% x", codes)
	}
}

// A keep-alive is honoured down to five seconds; a shorter one is raised, and an old client that cannot be told is named.
func TestShortKeepalive(t *testing.T) {
	b := start(t, testConfig(t))
	for asked, want := range map[uint16]time.Duration{1: 7500 * time.Millisecond, 5: 7500 * time.Millisecond, 6: 9 * time.Second, 30: 45 * time.Second} {
		for _, version := range []byte{4, 5} {
			id := fmt.Sprintf("phone-%d-%d", asked, version)
			for range 2 {
				b.connected(t, version, "operator", id, func(pk *packets.Packet) { pk.Connect.Keepalive = asked })
			}
			b.sessionsMu.Lock()
			if c := b.sessions[id].owner; c.idle != want {
				t.Errorf("%d s of MQTT %d: %v", asked, version, c.idle)
			}
			b.sessionsMu.Unlock()
			named := strings.Count(b.logs.String(), "the keep-alive of a client is too short; the shortest one is used\" client="+id+" ")
			if (asked < 5 && version == 4) != (named == 1) {
				t.Errorf("%d s of MQTT %d: %d lines", asked, version, named)
			}
		}
	}
}

// Clients that know no path find MQTT at / too.
func TestSocketWithoutPath(t *testing.T) {
	b := start(t, testConfig(t))
	for _, url := range []string{"wss://" + b.Addrs().TLS, "ws://" + b.Addrs().WS + "/"} {
		d := websocket.Dialer{Subprotocols: []string{"mqtt"}, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		ws, response, err := d.Dial(url, http.Header{})
		if err != nil {
			t.Fatalf("%s: %v %+v", url, err, response)
		}
		defer ws.Close()
		conn := &wsConn{Conn: ws}
		if _, err := conn.Write(encode(t, connectPacket(4, "operator", "phone"))); err != nil {
			t.Fatal(err)
		}
		var ack [4]byte
		if _, err := conn.Read(ack[:]); err != nil || ack[0] != 0x20 || ack[3] != 0 {
			t.Errorf("%s: % x %v", url, ack, err)
		}
	}
}

// A user whose clients are disconnected again and again fills no log.
func TestEndsDoNotFillTheLog(t *testing.T) {
	b := start(t, testConfig(t))
	for i := range 20 {
		c := b.connected(t, 4, "operator", fmt.Sprint("phone", i), nil)
		b.lookup(fmt.Sprint("phone", i)).owner.abort("it fell behind")
		c.ended()
		b.empty(t)
	}
	b.connected(t, 4, "admin", "wall", nil)
	b.lookup("wall").owner.abort("it fell behind")
	b.empty(t)
	if n := strings.Count(b.logs.String(), "client disconnected: it fell behind"); n != 2 || b.Stats().Disconnections["fell_behind"] != 21 {
		t.Errorf("%d lines, %v", n, b.Stats().Disconnections)
	}
}
