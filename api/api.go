package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"minirelay/devices/wire"

	"minirelay/devices"
	"minirelay/locale"
	"minirelay/status"
)

// Access is the result of checking the user and password of a request.
type Access int

const (
	Stranger Access = iota // wrong or missing
	Guessing               // not checked after too many wrong ones
	Foreign                // from a page of another address
	User                   // correct, but not an admin's
	Admin
)

// Source provides the data of a [Server]. Its functions may be called from any goroutine.
type Source struct {
	Login  func(*http.Request) (Access, time.Duration) // the time that one who is Guessing has to wait
	Config func() Config
	Ports  func() []devices.PortStats
	Watch  func(port string) (*wire.Watch, error)
	Status func() status.Snapshot
}

// Server answers requests under /api/. [New] makes one.
type Server struct {
	source  Source
	mux     *http.ServeMux
	running sync.WaitGroup // watchers of a wire
}

// Wait returns when the last watcher of a wire has gone. The ports and the listener must be closed before.
func (s *Server) Wait() { s.running.Wait() }

// New makes a Server for the path /api/.
func New(source Source) *Server {
	s := &Server{source: source, mux: http.NewServeMux()}
	s.mux.HandleFunc("/api/config", s.config)
	s.mux.HandleFunc("/api/ports", s.ports)
	s.mux.HandleFunc("/api/ports/{port}/wire", s.wire)
	s.mux.HandleFunc("/api/status", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, s.source.Status().In(reader(r).Text))
	})
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, r, http.StatusNotFound, "not_found", "there is nothing here; see docs/api.md for the paths")
	})
	return s
}

// ServeHTTP answers admins only. No response has a WWW-Authenticate header, since browsers would open a dialog above
// the page.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	access, wait := s.source.Login(r)
	switch access {
	case Stranger:
		fail(w, r, http.StatusUnauthorized, "unauthorized", "user or password is wrong or missing")
		return
	case Guessing:
		h.Set("Retry-After", RetryAfter(wait))
		fail(w, r, http.StatusTooManyRequests, "too_fast", "too many wrong passwords; wait before you try again")
		return
	case Foreign:
		fail(w, r, http.StatusForbidden, "foreign", "a page of another address may not use this")
		return
	case User:
		fail(w, r, http.StatusForbidden, "forbidden", "only a user with the role admin may use this")
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		fail(w, r, http.StatusMethodNotAllowed, "method_not_allowed", "this is read-only: use GET")
		return
	}
	s.mux.ServeHTTP(w, r)
}

// RetryAfter is a time as the header Retry-After has it: whole seconds, at least one.
func RetryAfter(wait time.Duration) string {
	return strconv.Itoa(max(1, int((wait+time.Second-1)/time.Second)))
}

// Failure is the response to a request that failed: a code for programs, and a sentence for people.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"` // one sentence that is safe to show to a person
}

// Error returns the sentence.
func (f Failure) Error() string { return f.Message }

// reader returns the language of the client.
func reader(r *http.Request) locale.Language {
	return locale.FromHeader(r.Header.Get("Accept-Language"))
}

func fail(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	answer(w, status, struct {
		Error Failure `json:"error"`
	}{Failure{code, reader(r).Text(message)}})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(locale.NewJSON(w)).Encode(v) // a client that has gone needs no response
}
