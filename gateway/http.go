package gateway

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"minirelay/api"
	"minirelay/broker"
)

// serveHTTP serves everything that shows the inside of the gateway: the API, /metrics and /readyz.
func (c *core) serveHTTP(s *configState) {
	c.broker.HandleHTTP("/api/", c.api(s, c.login))
	c.broker.HandleHTTP("/metrics", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !c.mayScrape(w, r) {
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		snapshot := c.status(s)
		snapshot.Metrics(w)
	}))
	c.broker.HandleHTTP("/readyz", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !c.ready() {
			http.Error(w, "not every port has been tried yet", http.StatusServiceUnavailable)
			return
		}
		if err := c.broker.Alive(r.Context()); err != nil {
			http.Error(w, "the broker does not deliver", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok\n")
		if f := s.fallen(); f != nil {
			_, _ = io.WriteString(w, f.note()+"\n")
		}
	}))
}

// ready reports whether every port has been tried.
func (c *core) ready() bool {
	select {
	case <-c.ports.Tried():
		return true
	default:
		return false
	}
}

// mayScrape reports whether a request may read the metrics, or answers it: with a token in the config it must have that
// token; without one it must come from this machine itself.
func (c *core) mayScrape(w http.ResponseWriter, r *http.Request) bool {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	want := c.config.Load().Metrics.Token.Value()
	if want == "" && c.broker.FromHere(r) {
		return true
	}
	if want != "" && token != "" {
		err := c.broker.CheckToken(r, "metrics", token, want)
		switch {
		case err == nil:
			return true
		case errors.Is(err, broker.ErrTooFast):
			w.Header().Set("Retry-After", api.RetryAfter(broker.RetryAfter(err)))
			http.Error(w, err.Error(), http.StatusTooManyRequests)
			return false
		}
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="minirelay metrics"`)
	http.Error(w, "metrics need the token of [metrics]; without one in the config they are for this machine itself", http.StatusUnauthorized)
	return false
}

// SocketName is the name of the socket with the API for this machine. Every user with access to the file has the rights
// of an admin.
const SocketName = "minirelay.sock"

// SocketPath returns the path of the socket of the gateway with that data directory.
func SocketPath(dataDir string) string {
	if dir, _, _ := strings.Cut(os.Getenv("RUNTIME_DIRECTORY"), ":"); dir != "" {
		return filepath.Join(dir, SocketName) // systemd's RuntimeDirectory=
	}
	return filepath.Join(dataDir, SocketName)
}

// serveLocally serves the API on a socket. The gateway works without it too, so a failure is only logged.
func (c *core) serveLocally(s *configState) {
	path := SocketPath(c.config.Load().Gateway.DataDir)
	_ = os.Remove(path) // left by a gateway that was killed; a running one holds the lock of the data directory
	l, err := net.Listen("unix", path)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		c.log.Warn("minirelay status cannot reach this gateway", "error", fmt.Sprintf("cannot listen on %s: %v", path, err))
		if l != nil {
			_ = l.Close()
		}
		return
	}
	c.local = &http.Server{Handler: c.api(s, func(*http.Request) (api.Access, time.Duration) { return api.Admin, 0 }), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = c.local.Serve(l) }()
}
