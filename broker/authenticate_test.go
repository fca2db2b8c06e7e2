package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// The pages check users by the same passwords, and at the same rate, as MQTT does; a logged-in user is not a stranger
// any more, so that a flood of strangers cannot cut that connection.
func TestAuthenticate(t *testing.T) {
	cfg := testConfig(t)
	cfg.TrustedProxies = []string{"127.0.0.1"}
	b, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	b.HandleHTTP("/api/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		role, err := b.Authenticate(r)
		b.preLogin.mu.Lock()
		strangers := b.preLogin.strangers.waiting.Len()
		b.preLogin.mu.Unlock()
		switch {
		case errors.Is(err, ErrTooFast):
			_, _ = io.WriteString(w, "too fast")
		case errors.Is(err, ErrWrongPassword):
			_, _ = io.WriteString(w, "wrong")
		default:
			fmt.Fprintf(w, "%s, strangers: %d", role, strangers)
		}
	}))
	if err := b.Start(newRecorder()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		if err := b.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	client := ""
	ask := func(user, password string) string {
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		defer transport.CloseIdleConnections()
		request, err := http.NewRequest("GET", "https://"+b.Addrs().TLS+"/api/", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Forwarded-For", "192.0.2.1")
		request.Header.Set(ClientHeader, client)
		if user != "" {
			request.SetBasicAuth(user, password)
		}
		response, err := (&http.Client{Transport: transport}).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, test := range [][3]string{
		{"admin", "admin", "admin, strangers: 0"}, {"viewer", "viewer", "viewer, strangers: 0"}, {"operator", "operator", "operator, strangers: 0"},
		{"admin", "viewer", "wrong"}, {"nobody", "admin", "wrong"}, {"", "", "wrong"}, {"admin", "", "wrong"},
	} {
		if got := ask(test[0], test[1]); got != test[2] {
			t.Errorf("%q: %s", test, got)
		}
	}
	guesses := 0
	for ask("admin", fmt.Sprint("guess ", guesses)) == "wrong" && guesses < 100 {
		guesses++
	}
	if guesses > rules[byPlace].burst {
		t.Errorf("%d guesses at speed", guesses)
	}
	if got := ask("admin", "admin"); got != "too fast" {
		t.Errorf("the right one among guesses: %s", got)
	}
	b.passwords.welcome(attempt{user: "admin", client: "page-1", place: place{host: "192.0.2.1"}})
	if client = "page-1"; !strings.HasPrefix(ask("admin", "admin"), "admin, ") { // earlier connections may be closing
		t.Error("a page whose MQTT connection has been here before is kept out")
	}

	// A request that arrived another way has no ticket.
	request, err := http.NewRequest("GET", "/api/", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("admin", "admin")
	if _, err := b.Authenticate(request); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("%v", err)
	}
}
