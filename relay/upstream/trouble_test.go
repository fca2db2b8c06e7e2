package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// hands is a Handler that ignores everything.
type hands struct{}

func (hands) Handle(Message, bool) {}
func (hands) Changed()             {}

// condition returns the status of an upstream with that config after its first attempt.
func condition(t *testing.T, c Config, now time.Time) Status {
	t.Helper()
	c.ID, c.Dir, c.Root, c.Gateway = "cloud", t.TempDir(), "minirelay", "home"
	timing := timing{retryMin: time.Millisecond, retryMax: time.Millisecond, connect: 5 * time.Second, ack: 300 * time.Millisecond, slack: time.Second, steady: time.Second, sync: time.Second, reopen: time.Second, tidy: time.Second}
	look := func() instant { i := readClock(); i.Wall = now; return i }
	u, err := start(c, hands{}, slog.New(slog.DiscardHandler), timing, look)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close(t.Context())
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if s := u.Status(); s.Code != CodeConnecting && s.Code != CodeConnected || time.Now().After(deadline) {
			return s
		}
	}
}

func testDefault(url string) Config {
	c := Default()
	c.URL = url
	return c
}

// listenTCP serves each connection.
func listenTCP(t *testing.T, l net.Listener, serve func(net.Conn)) string {
	t.Helper()
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { serve(c); c.Close() }()
		}
	}()
	return l.Addr().String()
}

func tcp(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// greet answers the first packet and keeps the line open.
func greet(answer string) func(net.Conn) {
	return func(c net.Conn) {
		b := make([]byte, 1024)
		if _, err := c.Read(b); err != nil {
			return
		}
		_, _ = io.WriteString(c, answer)
		_, _ = io.Copy(io.Discard, c)
	}
}

// Each trouble on the way to a broker is distinguished from the others, in words that say where to look.
func TestTroubleOnTheWay(t *testing.T) {
	closed := tcp(t)
	closed.Close()
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	plain := listenTCP(t, tcp(t), greet("HTTP/1.1 400 Bad Request\r\n\r\n"))
	for name, c := range map[string]struct {
		config Config
		code   Code
		says   string
	}{
		"a name without an address": {testDefault("mqtt://broker.invalid"), CodeDNS, "broker.invalid"},
		"nobody listens":            {testDefault("mqtt://" + closed.Addr().String()), CodeRefused, "nothing listens"},
		"it hangs up":               {testDefault("mqtt://" + listenTCP(t, tcp(t), func(net.Conn) {})), CodeNoMQTT, "closes the connection"},
		"no MQTT":                   {testDefault("mqtt://" + plain), CodeRogue, "is it an MQTT broker?"},
		"no TLS":                    {testDefault("mqtts://" + plain), CodeTLS, "does not support TLS"},
		"no WebSocket":              {testDefault("ws" + strings.TrimPrefix(web.URL, "http") + "/mqtt"), CodeNoMQTT, "404"},
		"wrong password":            {testDefault("mqtt://" + listenTCP(t, tcp(t), greet("\x20\x02\x00\x04"))), CodeLogin, "user and password"},
		"not let in":                {testDefault("mqtt://" + listenTCP(t, tcp(t), greet("\x20\x02\x00\x05"))), CodeLogin, "does not allow this user to log in"},
		"a bad client id":           {testDefault("mqtt://" + listenTCP(t, tcp(t), greet("\x20\x02\x00\x02"))), CodeClientID, "client_id"},
		"not available":             {testDefault("mqtt://" + listenTCP(t, tcp(t), greet("\x20\x02\x00\x03"))), CodeBusy, "not available"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if s := condition(t, c.config, time.Now()); s.Code != c.code || !strings.Contains(s.Message, c.says) {
				t.Errorf("%s: %s", s.Code, s.Message)
			}
		})
	}
}

// The gateway disconnects from a broker that accepts the login and then stays silent, or sends something that no broker
// may send.
func TestTroubleOnTheLine(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		accept []string
		code   Code
	}{
		"it never acknowledges":   {accepted, nil, CodeDead},
		"it grants nothing":       {accepted + "\x90\x03\x00\x01\x80", []string{"command"}, CodeSubscribe},
		"it acknowledges nothing": {accepted + "\x90\x05\x00\x01\x01\x01\x01", []string{"command"}, CodeRogue},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := testDefault("mqtt://" + listenTCP(t, tcp(t), greet(c.answer)))
			config.Accept = c.accept
			config.ID, config.Dir, config.Root, config.Gateway = "cloud", t.TempDir(), "minirelay", "home"
			timing := timing{retryMin: time.Millisecond, retryMax: time.Millisecond, connect: 5 * time.Second, ack: 300 * time.Millisecond, slack: time.Second, steady: time.Second, sync: time.Second, reopen: time.Second, tidy: time.Second}
			u, err := start(config, hands{}, slog.New(slog.DiscardHandler), timing, readClock)
			if err != nil {
				t.Fatal(err)
			}
			defer u.Close(t.Context())
			u.Publish("minirelay/home/g/state", []byte(`{"ts":1}`), 1, true, nil)
			deadline := time.Now().Add(time.Minute)
			for u.Status().Code != c.code {
				if time.Now().After(deadline) {
					t.Fatalf("%+v", u.Status())
				}
				time.Sleep(time.Millisecond)
			}
			if n := u.Status().Waiting; n != 1 {
				t.Errorf("%d wait", n)
			}
		})
	}
}

// The fault of a certificate is reported in words, and a clock that was never set is not blamed on the broker.
func TestTroubleWithCertificates(t *testing.T) {
	unset := time.Unix(60, 0)
	for name, c := range map[string]struct {
		change func(*x509.Certificate)
		config func(*Config)
		now    time.Time
		code   Code
	}{
		"over":        {func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, nil, time.Now(), CodeExpired},
		"not yet":     {func(c *x509.Certificate) { c.NotBefore = time.Now().Add(30 * time.Minute) }, nil, time.Now(), CodeNotYet},
		"no clock":    {func(c *x509.Certificate) { c.NotBefore = time.Now().Add(30 * time.Minute) }, nil, unset, CodeClock},
		"other name":  {func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"example.org"}, nil }, nil, time.Now(), CodeName},
		"not trusted": {nil, func(c *Config) { c.CAFile = "" }, time.Now(), CodeRoot},
		"no such ca":  {nil, func(c *Config) { c.CAFile += ".none" }, time.Now(), CodeFiles},
		"no client's": {nil, nil, time.Now(), CodeTLS},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var change []func(*x509.Certificate)
			if c.change != nil {
				change = append(change, c.change)
			}
			config := testDefault("")
			config.CAFile = writeCertificate(t, dir, change...)
			pair, err := tls.LoadX509KeyPair(dir+"/cert.pem", dir+"/key.pem")
			if err != nil {
				t.Fatal(err)
			}
			l := tls.NewListener(tcp(t), &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert})
			addr := listenTCP(t, l, greet(accepted))
			config.URL = fmt.Sprintf("mqtts://localhost:%s", addr[strings.LastIndex(addr, ":")+1:])
			if c.config != nil {
				c.config(&config)
			}
			if s := condition(t, config, c.now); s.Code != c.code || s.Message == "" {
				t.Errorf("%s: %s", s.Code, s.Message)
			}
		})
	}
}
