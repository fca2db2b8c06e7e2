package gateway

import (
	"crypto/subtle"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"minirelay/api"
)

// serveHTTP serves everything that shows the inside of the gateway: the API, /metrics and /readyz.
func (c *core) serveHTTP(s *configState) {
	c.broker.HandleHTTP("/api/", c.api(s, c.login))
	c.broker.HandleHTTP("/metrics", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !c.mayScrape(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="minirelay metrics"`)
			http.Error(w, "metrics are for this machine itself, or with the token of [metrics]", http.StatusUnauthorized)
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

// mayScrape reports whether a request may read the metrics: it must have the token, or come from this machine without
// having been forwarded by a proxy.
func (c *core) mayScrape(r *http.Request) bool {
	token, given := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if want := c.config.Load().Metrics.Token.Value(); given && want != "" {
		return subtle.ConstantTimeCompare([]byte(token), []byte(want)) == 1
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	passedOn := r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != ""
	return err == nil && from.Addr().Unmap().IsLoopback() && !passedOn
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
	c.local = &http.Server{Handler: c.api(s, func(*http.Request) api.Access { return api.Admin }), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = c.local.Serve(l) }()
}
