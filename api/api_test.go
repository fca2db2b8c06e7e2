package api

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"minirelay/devices/wire"

	"minirelay/devices"
	"minirelay/relay"
)

// Whoever asks with curl reads the answer on a terminal: it cannot control that, and means the same to a program.
func TestAnswersControlNoTerminal(t *testing.T) {
	const evil = "温室\u009b31m\u202e\x1b[2J\x7f"
	w := httptest.NewRecorder()
	answer(w, http.StatusOK, []string{evil})
	for _, r := range w.Body.String() {
		if r != '\n' && !strconv.IsPrint(r) {
			t.Errorf("%U in %q", r, w.Body.String())
		}
	}
	var back []string
	if err := json.Unmarshal(w.Body.Bytes(), &back); err != nil || len(back) != 1 || back[0] != evil {
		t.Errorf("%q, %v", back, err)
	}
}

// open is a gateway that accepts every user named boss.
func open(t *testing.T) *httptest.Server {
	t.Helper()
	s := New(Source{
		Login: func(r *http.Request) (Access, time.Duration) {
			switch user, _, _ := r.BasicAuth(); user {
			case "boss":
				return Admin, 0
			case "guesser":
				return Guessing, 9500 * time.Millisecond
			case "page":
				return Foreign, 0
			}
			return Stranger, 0
		},
		Config: func() Config { return Config{} },
		Ports:  func() []devices.PortStats { return nil },
		Watch: func(port string) (*wire.Watch, error) {
			if port == "busy" {
				return nil, wire.ErrManyWatchers
			}
			return nil, devices.ErrNoPort
		},
	})
	server := httptest.NewTLSServer(s)
	t.Cleanup(func() { server.Close(); s.Wait() })
	return server
}

func ask(t *testing.T, server *httptest.Server, method, path string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(method, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("boss", "")
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, strings.TrimSpace(string(body))
}

// A guesser is told when to ask again, a page of another address that it may not ask.
func TestWhoIsRefused(t *testing.T) {
	server := open(t)
	for user, want := range map[string]string{"guesser": "429 10 too_fast", "page": "403  foreign", "nobody": "401  unauthorized"} {
		request, err := http.NewRequest("GET", server.URL+"/api/ports", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth(user, "")
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var refusal struct{ Error Failure }
		err = json.NewDecoder(response.Body).Decode(&refusal)
		response.Body.Close()
		if got := fmt.Sprint(response.StatusCode, " ", response.Header.Get("Retry-After"), " ", refusal.Error.Code); got != want || err != nil {
			t.Errorf("%s: %s %v, want %s", user, got, err, want)
		}
	}
}

// Lists are lists, even if empty; every error has the same form, as JSON.
func TestAnswers(t *testing.T) {
	server := open(t)
	for _, test := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/api/ports", 200, `{"ports":[]}`},
		{"GET", "/api/config", 200, `{"files":[],"loaded":0,"problems":[],"fallback":false}`},
		{"HEAD", "/api/ports", 200, ``},
		{"POST", "/api/ports", 405, `{"error":{"code":"method_not_allowed","message":"this is read-only: use GET"}}`},
		{"DELETE", "/api/nothing", 405, `{"error":{"code":"method_not_allowed","message":"this is read-only: use GET"}}`},
		{"GET", "/api/nothing", 404, `{"error":{"code":"not_found","message":"there is nothing here; see docs/api.md for the paths"}}`},
		{"GET", "/api/ports/none/wire", 404, `{"error":{"code":"not_found","message":"there is no such port, or no device is on it"}}`},
		{"GET", "/api/ports/busy/wire", 503, `{"error":{"code":"busy","message":"too many are watching this port already"}}`},
	} {
		response, body := ask(t, server, test.method, test.path)
		if response.StatusCode != test.status || body != test.body || response.Header.Get("Content-Type") != "application/json" ||
			response.Header.Get("Cache-Control") != "no-store" || response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: %d %s %v", test.method, test.path, response.StatusCode, body, response.Header)
		}
	}
}

// The certificates that a client trusts: those of the system, the gateway's own under any name, those of its signer for
// the right name, or any.
func TestTrust(t *testing.T) {
	server := open(t)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	other := httptest.NewTLSServer(nil)
	defer other.Close()
	own := []*x509.Certificate{server.Certificate()} // for 127.0.0.1 and example.com
	for name, test := range map[string]struct {
		address string
		trust   Trust
		fine    bool
	}{
		"the system":          {server.URL, Trust{}, false},
		"its own":             {server.URL, Trust{Certificates: own}, true},
		"its own, other name": {"https://localhost:" + port, Trust{Certificates: own}, true},
		"anybody":             {server.URL, Trust{Anything: true}, true},
	} {
		c, err := NewClient(test.address, "boss", "", test.trust)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Ports(t.Context())
		var unknown x509.UnknownAuthorityError
		if test.fine && err != nil || !test.fine && !errors.As(err, &unknown) {
			t.Errorf("%s: %v", name, err)
		}
		c.Close()
	}
	for _, address := range []string{"", "192.168.1.10:8443", "wss://host:8443", "https://host/mqtt", "https://", "::"} {
		_, err := NewClient(address, "boss", "", Trust{})
		var hinted interface{ Hint() string }
		if !errors.As(err, &hinted) || hinted.Hint() == "" {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// A client distinguishes failures of the gateway from responses of other servers.
func TestClientFailures(t *testing.T) {
	server := open(t)
	c, err := NewClient(server.URL, "guest", "", Trust{Anything: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var failure Failure
	if _, err := c.Ports(t.Context()); !errors.As(err, &failure) || failure.Code != "unauthorized" {
		t.Errorf("%v", err)
	}
	stranger := httptest.NewServer(http.NotFoundHandler())
	defer stranger.Close()
	c = LocalClient(func(context.Context) (net.Conn, error) { return net.Dial("tcp", stranger.Listener.Addr().String()) })
	defer c.Close()
	if err := c.Wire(t.Context(), "uno", nil); err == nil || errors.As(err, &failure) || !strings.Contains(err.Error(), "it is not a gateway") {
		t.Errorf("%v", err)
	}
}

// A sight survives the way through JSON; fields keep their order.
func TestSight(t *testing.T) {
	at := time.UnixMilli(1763900000123)
	for _, r := range []struct {
		record wire.Record
		want   string
	}{
		{wire.Record{At: at, Bytes: &wire.Bytes{Data: []byte("{\"\n")}}, `{"ts":1763900000123,"dir":"in","hex":"7b220a","text":"{\"·"}`},
		{wire.Record{At: at, State: &wire.State{Trouble: "gone"}}, `{"ts":1763900000123,"open":false,"trouble":"gone"}`},
		{wire.Record{At: at, Frame: &wire.Frame{Data: []byte("x"), Device: "d", OK: true, Request: "q", Why: "w", Values: []wire.Value{
			{Field: "z", Value: relay.NumberValue(1.26), Decimals: 1}, {Field: "a", Value: relay.Value{}}, {Field: "m", Value: relay.TextValue("\"")}}}},
			`{"ts":1763900000123,"frame":{"hex":"78","text":"x","device":"d","request":"q","ok":true,"fields":{"z":1.3,"a":null,"m":"\""},"why":"w"}}`},
		{wire.Record{At: at, Frame: &wire.Frame{}}, `{"ts":1763900000123,"frame":{"hex":"","text":"","device":"","ok":false,"fields":{},"why":""}}`},
	} {
		text, err := json.Marshal(SightOf(r.record))
		if err != nil || string(text) != r.want {
			t.Errorf("%s (%v), want %s", text, err, r.want)
		}
		var back Sight
		if err := json.Unmarshal(text, &back); err != nil {
			t.Error(err)
		}
		if again, err := json.Marshal(back); err != nil || string(again) != r.want {
			t.Errorf("%s (%v), want %s", again, err, r.want)
		}
	}
	var f Fields
	for _, text := range []string{`[1]`, `{"a":}`, `{"a"`, `7`} {
		if err := json.Unmarshal([]byte(text), &f); err == nil {
			t.Errorf("%s: %v", text, f)
		}
	}
}
