package broker

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// A page of another address, in the browser of somebody who may reach the gateway, cannot use it.
func TestForeign(t *testing.T) {
	f, err := newFront(Config{TrustedProxies: []string{"127.0.0.1"},
		Origins: []string{"https://panel.example.com", "http://LAPTOP:5173/", "https://b.example:443"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		host, origin string
		foreign      bool
	}{
		{"pi:8443", "", false}, {"pi:8443", "null", false}, {"pi:8443", "file://", false}, {"pi:8443", "capacitor://localhost", false},
		{"pi:8443", "https://servicewechat.com", false}, {"pi:8443", "https://servicewechat.com/wx1/devtools/page-frame.html", false},
		{"pi:8443", "https://servicewechat.com.evil.example", true}, {"pi:8443", "https://evil.example/servicewechat.com", true},
		{"pi:8443", "https://pi:8443", false}, {"pi:8443", "HTTPS://PI:8443", false}, {"pi:8443", "http://pi:8443", false},
		{"pi:8443", "https://pi", true}, {"pi:8443", "https://pi:9000", true}, {"pi:443", "https://pi", false}, {"pi:80", "http://pi", false},
		{"pi:80", "https://pi", true},
		{"pi", "https://pi:27444", false}, // $host of nginx has no port
		{"[::1]:8443", "https://[::1]:8443", false}, {"[::1]:8443", "https://[::2]:8443", true},
		{"pi:8443", "https://evil.example", true}, {"pi:8443", "http://evil.example:8443", true}, {"pi:8443", "https://pi.evil.example:8443", true},
		{"pi:8443", "https://panel.example.com", false}, {"pi:8443", "https://panel.example.com:443", false},
		{"pi:8443", "http://panel.example.com", true}, {"pi:8443", "https://panel.example.com:8443", true},
		{"pi:8443", "http://laptop:5173", false}, {"pi:8443", "https://b.example", false},
		{"pi:8443", "https://%zz", true}, {"pi:8443", "https://", true}, {"", "https://", true}, {"", "https://evil.example", true},
	} {
		r := &http.Request{Host: test.host, RemoteAddr: "192.0.2.1:1", Header: http.Header{"Origin": {test.origin}}}
		if test.origin == "" {
			r.Header.Del("Origin")
		}
		if got := f.foreign(r) != nil; got != test.foreign {
			t.Errorf("%q at %q: %v", test.origin, test.host, got)
		}
	}
	for peer, foreign := range map[string]bool{"127.0.0.1:1": false, "192.0.2.1:1": true} { // only a trusted proxy can name the host
		r := &http.Request{Host: "10.0.0.2:8443", RemoteAddr: peer,
			Header: http.Header{"Origin": {"https://mqtt.example.com"}, "X-Forwarded-Host": {"mqtt.example.com"}}}
		if got := f.foreign(r) != nil; got != foreign {
			t.Errorf("%s: %v", peer, got)
		}
	}
	two := &http.Request{Host: "pi", Header: http.Header{"Origin": {"null", "https://evil.example"}}}
	if f.foreign(two) == nil {
		t.Error("a second origin is overlooked")
	}
}

// The same over the network, on both ports, before any password is looked at.
func TestForeignPage(t *testing.T) {
	b := start(t, testConfig(t))
	for _, url := range []string{"wss://" + b.Addrs().TLS, "ws://" + b.Addrs().WS} {
		d := websocket.Dialer{TLSClientConfig: insecure()}
		_, response, err := d.Dial(url+"/mqtt", http.Header{"Origin": {"https://evil.example"}})
		if err == nil || response == nil || response.StatusCode != http.StatusForbidden {
			t.Fatalf("%s: %v %+v", url, err, response)
		}
		ws, _, err := d.Dial(url+"/mqtt", http.Header{"Origin": {strings.Replace(url, "ws", "http", 1)}})
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		ws.Close()
	}
	if !strings.Contains(b.logs.String(), "origin=https://evil.example") {
		t.Error(b.logs.String())
	}
	with := testConfig(t)
	with.Origins = []string{"https://evil.example"}
	if err := b.Reload(with); err != nil {
		t.Fatal(err)
	}
	ws, _, err := (&websocket.Dialer{TLSClientConfig: insecure()}).Dial("wss://"+b.Addrs().TLS+"/mqtt", http.Header{"Origin": {"https://evil.example"}})
	if err != nil {
		t.Fatalf("after a reload: %v", err)
	}
	ws.Close()
}

// Only a request that shows no sign of having been passed on was made on this machine.
func TestFromHere(t *testing.T) {
	for _, test := range []struct {
		peer, host, header string
		change             func(*Config)
		here               bool
	}{
		{"127.0.0.1:1", "127.0.0.1:8443", "", nil, true},
		{"127.0.0.1:1", "localhost:8443", "", nil, true},
		{"[::1]:1", "[::1]:8443", "", nil, true},
		{"[::1]:1", "[::1]", "", nil, true},
		{"127.0.0.1:1", "mqtt.example.com", "", nil, false},
		{"127.0.0.1:1", "192.168.1.7:8443", "", nil, false},
		{"127.0.0.1:1", "", "", nil, false},
		{"192.168.1.7:1", "localhost", "", nil, false},
		{"127.0.0.1:1", "localhost", "X-Forwarded-For", nil, false},
		{"127.0.0.1:1", "localhost", "X-Forwarded-Proto", nil, false},
		{"127.0.0.1:1", "localhost", "Forwarded", nil, false},
		{"127.0.0.1:1", "localhost", "X-Real-Ip", nil, false},
		{"127.0.0.1:1", "localhost", "Via", nil, false},
		{"127.0.0.1:1", "localhost", "", func(c *Config) { c.TrustedProxies = []string{"10.0.0.7"} }, false},
		{"127.0.0.1:1", "localhost", "", func(c *Config) { c.TLS.Mode = "off" }, false},
	} {
		cfg := testConfig(t)
		if test.change != nil {
			test.change(&cfg)
		}
		b, err := New(cfg, (&logs{}).logger())
		if err != nil {
			t.Fatal(err)
		}
		r := &http.Request{RemoteAddr: test.peer, Host: test.host, Header: http.Header{}}
		if test.header != "" {
			r.Header.Set(test.header, "x")
		}
		if got := b.FromHere(r); got != test.here {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
