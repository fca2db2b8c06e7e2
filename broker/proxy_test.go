package broker

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/mochi-mqtt/server/v2/packets"
)

// version2 is a header of the PROXY protocol for a client at 192.0.2.1, or as given.
func version2(command, kind byte, block string) string {
	return string(proxyBinary) + string([]byte{0x20 | command, kind, byte(len(block) >> 8), byte(len(block))}) + block
}

func TestReadProxy(t *testing.T) {
	v4 := "\xc0\x00\x02\x01\x7f\x00\x00\x01\xc3\x50\x07\x5b"
	v6 := "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01" + strings.Repeat("\x00", 15) + "\x01\xc3\x50\x07\x5b"
	for name, test := range map[string]struct{ in, from, rest string }{
		"TCP4":           {"PROXY TCP4 192.0.2.1 127.0.0.1 50000 1883\r\nrest", "192.0.2.1:50000", "rest"},
		"TCP6":           {"PROXY TCP6 2001:db8::1 ::1 50000 1883\r\n\r\n", "[2001:db8::1]:50000", "\r\n"},
		"UNKNOWN":        {"PROXY UNKNOWN\r\nrest", "", "rest"},
		"UNKNOWN, more":  {"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\nrest", "", "rest"},
		"version 2":      {version2(1, proxyStreams, v4) + "rest", "192.0.2.1:50000", "rest"},
		"IPv6":           {version2(1, proxyStream6, v6) + "rest", "[2001:db8::1]:50000", "rest"},
		"with TLVs":      {version2(1, proxyStreams, v4+"\x03\x00\x04abcd") + "rest", "192.0.2.1:50000", "rest"},
		"LOCAL":          {version2(0, proxyStreams, v4) + "rest", "", "rest"},
		"a Unix socket":  {version2(1, 0x31, strings.Repeat("x", 216)) + "rest", "", "rest"},
		"a short block":  {version2(1, proxyStreams, "abc") + "rest", "", "rest"},
		"MQTT":           {"\x10\x0c\x00\x04MQTT", "", "\x10\x0c\x00\x04MQTT"},
		"TLS":            {"\x16\x03\x01", "", "\x16\x03\x01"},
		"HTTP":           {"GET / HTTP/1.1\r\n", "", "GET / HTTP/1.1\r\n"},
		"another P":      {"PUT / HTTP/1.1\r\n", "", "PUT / HTTP/1.1\r\n"},
		"another CRLF":   {"\r\n\r\nGET", "", "\r\n\r\nGET"},
		"a line, no end": {"PROXY TCP4 " + strings.Repeat("1", 200), "error", ""},
		"no address":     {"PROXY TCP4 nobody 127.0.0.1 1 2\r\n", "error", ""},
		"no port":        {"PROXY TCP4 192.0.2.1 127.0.0.1 x 2\r\n", "error", ""},
		"UDP":            {"PROXY UDP4 192.0.2.1 127.0.0.1 1 2\r\n", "error", ""},
		"version 3":      {string(proxyBinary) + "\x31\x11\x00\x00", "error", ""},
		"a huge block":   {string(proxyBinary) + "\x21\x11\xff\xff", "error", ""},
		"cut off":        {"PROXY TCP4 192", "error", ""},
	} {
		for _, in := range []io.Reader{strings.NewReader(test.in), iotest.OneByteReader(strings.NewReader(test.in)), iotest.DataErrReader(strings.NewReader(test.in))} {
			from, rest, err := readProxy(in.Read)
			if test.from == "error" {
				if err == nil {
					t.Errorf("%s: %v, %q", name, from, rest)
				}
				continue
			}
			got := ""
			if from != nil {
				got = from.String()
			}
			more, _ := io.ReadAll(in)
			if all := string(rest) + string(more); err != nil || got != test.from || all != test.rest {
				t.Errorf("%s: %q, rest %q, %v", name, got, all, err)
			}
		}
	}
}

// A header never makes the reader panic, and no byte of the client is lost.
func FuzzReadProxy(f *testing.F) {
	f.Add([]byte("PROXY TCP4 192.0.2.1 127.0.0.1 50000 1883\r\nrest"))
	f.Add([]byte(version2(1, proxyStreams, "\xc0\x00\x02\x01\x7f\x00\x00\x01\xc3\x50\x07\x5b")))
	f.Add([]byte("\x10\x0c\x00\x04MQTT"))
	f.Fuzz(func(t *testing.T, data []byte) {
		in := strings.NewReader(string(data))
		_, rest, err := readProxy(in.Read)
		if more, _ := io.ReadAll(in); err == nil && !strings.HasSuffix(string(data), string(rest)+string(more)) {
			t.Errorf("%q is left", string(rest)+string(more))
		}
	})
}

func TestForwardedFor(t *testing.T) {
	f, err := newFront(Config{TrustedProxies: []string{"127.0.0.1", "10.0.0.0/8", "::1"}})
	if err != nil {
		t.Fatal(err)
	}
	for lines, want := range map[string]string{
		"192.0.2.1":                             "192.0.2.1",
		"198.51.100.1, 192.0.2.1":               "192.0.2.1", // the first is the client's own claim
		"192.0.2.1, 10.0.0.7":                   "192.0.2.1",
		"192.0.2.1|10.0.0.7, 127.0.0.1":         "192.0.2.1",
		"10.0.0.9, 10.0.0.7":                    "10.0.0.9",
		"192.0.2.1:4711":                        "192.0.2.1",
		"[2001:db8::1]:4711, ::1":               "2001:db8::1",
		"[2001:db8::1]":                         "2001:db8::1",
		"::ffff:192.0.2.1":                      "192.0.2.1",
		"192.0.2.1, unknown":                    "",
		"192.0.2.1, unknown, 10.0.0.7":          "10.0.0.7",
		"":                                      "",
		strings.Repeat("10.0.0.7,", 99) + "::1": "10.0.0.7",
	} {
		ip, ok := f.forwardedFor(strings.Split(lines, "|"))
		if got := ip.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %s %v, want %s", lines, got, ok, want)
		}
	}
}

// The place of a request is that of the client, whoever passed it on; a stranger's claims do not count.
func TestPlaceOfRequest(t *testing.T) {
	cfg := testConfig(t)
	cfg.TrustedProxies = []string{"127.0.0.1"}
	b := start(t, cfg)
	b.neighbours.interfaces = func() ([]net.Addr, error) {
		return []net.Addr{&net.IPNet{IP: net.IPv4(192, 168, 1, 2), Mask: net.CIDRMask(24, 32)},
			&net.IPNet{IP: net.IPv4(203, 0, 113, 5), Mask: net.CIDRMask(24, 32)},
			&net.IPNet{IP: net.ParseIP("2001:db8:1::2"), Mask: net.CIDRMask(64, 128)}}, nil
	}
	for _, test := range []struct {
		peer, header, value, host string
		near                      bool
	}{
		{"127.0.0.1:1", "", "", "127.0.0.1", false}, // a proxy that hides its clients
		{"127.0.0.1:1", "X-Forwarded-For", "192.0.2.1", "192.0.2.1", false},
		{"127.0.0.1:1", "X-Forwarded-For", "192.168.1.7", "192.168.1.7", true},
		{"127.0.0.1:1", "X-Forwarded-For", "rubbish", "127.0.0.1", false},
		{"192.0.2.9:1", "X-Forwarded-For", "192.168.1.7", "192.0.2.9", false},
		{"192.168.1.7:1", "", "", "192.168.1.7", true},
		{"192.168.1.7:1", "X-Forwarded-For", "192.168.1.8", "192.168.1.7", false}, // not trusted, and perhaps a proxy
		{"192.168.1.7:1", "Forwarded", "for=192.168.1.8", "192.168.1.7", false},
		{"192.168.2.7:1", "", "", "192.168.2.7", false},
		{"203.0.113.6:1", "", "", "203.0.113.6", false}, // another customer of the same data centre
		{"[2001:db8:1::9]:1", "", "", "2001:db8:1::/64", true},
		{"[2001:db8:2::9]:1", "", "", "2001:db8:2::/64", false},
		{"[::ffff:192.168.1.7]:1", "", "", "192.168.1.7", true},
		{"[::1]:1", "", "", "::1", true},
	} {
		r := &http.Request{RemoteAddr: test.peer, Header: http.Header{}}
		if test.header != "" {
			r.Header.Set(test.header, test.value)
		}
		if got := b.placeOfRequest(r); got.host != test.host || got.near != test.near {
			t.Errorf("%s %s %s: %+v", test.peer, test.header, test.value, got)
		}
	}
}

func TestBadFront(t *testing.T) {
	for _, text := range []string{"", "proxy", "0.0.0.0/0", "::/0", "10.0.0.0/33", "127.0.0.1:80"} {
		if err := CheckProxy(text); err == nil || hintOf(err) == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"", "panel.example.com", "*", "ftp://x", "https://x/path", "https://u@x", "https://"} {
		if err := CheckOrigin(text); err == nil || hintOf(err) == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"127.0.0.1", "10.0.0.0/24", "::1", "fd00::/8"} {
		if err := CheckProxy(text); err != nil {
			t.Error(err)
		}
	}
}

// Over the network: a guesser behind a proxy does not keep out an owner behind the same proxy, and does not get in with
// the right password in mid-flood, over plain MQTT and over wss.
func TestGuessesBehindAProxy(t *testing.T) {
	cfg := hashedConfig(t)
	cfg.TrustedProxies = []string{"127.0.0.1"}
	b := start(t, cfg)
	over := map[string]func(string) *rawClient{
		"PROXY": func(address string) *rawClient { return b.rawFrom(t, 4, address) },
		"X-Forwarded-For": func(address string) *rawClient {
			return b.rawWSSWith(t, 4, http.Header{"X-Forwarded-For": {"198.51.100.1, " + address}})
		},
	}
	for name, dial := range over {
		for i := range 100 {
			c := dial("192.0.2.1")
			ack := c.login("operator", fmt.Sprint("guesser", i), func(pk *packets.Packet) {
				if i != 50 {
					pk.Connect.Password = fmt.Append(nil, name, i)
				}
			})
			if ack.ReasonCode == 0 {
				t.Errorf("%s: guess %d was let in", name, i)
			}
			c.conn.Close()
		}
		owner := dial("192.0.2.2")
		if ack := owner.login("operator", "owner-"+name, nil); ack.ReasonCode != 0 {
			t.Errorf("%s: the owner gets %d", name, ack.ReasonCode)
		}
		owner.conn.Close()
	}
	if n := strings.Count(b.logs.String(), "\n"); n > 10 {
		t.Errorf("%d lines in the log:\n%s", n, b.logs.String())
	}
	if !strings.Contains(b.logs.String(), "from=192.0.2.1") {
		t.Errorf("the guesser's address is not in the log:\n%s", b.logs.String())
	}
}

// A client whose header names nobody, or that is no trusted proxy, cannot choose its address.
func TestOwnClaims(t *testing.T) {
	b := start(t, testConfig(t))
	c := b.rawFrom(t, 4, "192.0.2.1") // not trusted: the header is not MQTT
	c.send(connectPacket(4, "operator", "phone"))
	c.ended()

	cfg := testConfig(t)
	cfg.TrustedProxies = []string{"127.0.0.1"}
	b = start(t, cfg)
	c = b.raw(t, 4)
	if _, err := io.WriteString(c.conn, "PROXY TCP4 nobody 127.0.0.1 1 2\r\n"); err != nil {
		t.Fatal(err)
	}
	c.ended()
	if ack := b.raw(t, 4).login("operator", "phone", nil); ack.ReasonCode != 0 {
		t.Errorf("without a header: %+v", ack)
	}
	waiting := func(address string) int {
		b.preLogin.mu.Lock()
		defer b.preLogin.mu.Unlock()
		return b.preLogin.strangers.countLocked(address)
	}
	first := b.rawFrom(t, 4, "192.0.2.1") // each has its own share of connections before the login
	eventually(t, "the first one waits", func() bool { return waiting("192.0.2.1") == 1 })
	for range maxStrangersPerHost - 1 {
		b.rawFrom(t, 4, "192.0.2.1")
	}
	for range maxStrangersPerHost {
		b.rawFrom(t, 4, "192.0.2.2")
	}
	eventually(t, "all wait", func() bool {
		return waiting("192.0.2.1") == maxStrangersPerHost && waiting("192.0.2.2") == maxStrangersPerHost && waiting(proxies) == 0
	})
	b.rawFrom(t, 4, "192.0.2.1")
	first.ended()
	if n := waiting("192.0.2.2"); n != maxStrangersPerHost {
		t.Errorf("%d of the neighbour are left", n)
	}
}
