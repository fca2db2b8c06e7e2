package broker

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"
)

// The errors of [Broker.Authenticate] and [Broker.CheckToken].
var (
	ErrWrongPassword = errors.New("wrong user or password")
	ErrTooFast       = errors.New("too many wrong passwords; new ones have to wait")
	ErrForeign       = errForeign
)

// tooFastError is ErrTooFast with its time.
type tooFastError struct{ after time.Duration }

func (e tooFastError) Error() string        { return ErrTooFast.Error() }
func (e tooFastError) Is(target error) bool { return target == ErrTooFast }

// RetryAfter returns how long a client has to wait after an [ErrTooFast].
func RetryAfter(err error) time.Duration {
	var e tooFastError
	if errors.As(err, &e) {
		return e.after
	}
	return 0
}

// How long a login from this machine's subnets waits for its turn. A program that asks over HTTP is told when to ask
// again; MQTT has no word for that.
const (
	loginPatience   = 15 * time.Minute
	requestPatience = 10 * time.Second
)

// ticketKey is the context key of a request's connection on the TLS port.
type ticketKey struct{}

// withConnection lets Authenticate find the connection of a request.
func withConnection(ctx context.Context, raw net.Conn) context.Context {
	return context.WithValue(ctx, ticketKey{}, ticketOf(raw))
}

// ClientHeader is the header in which a page sends its MQTT client id, so that its requests are known by the same id as
// its connection.
const ClientHeader = "Minirelay-Client"

// Authenticate checks the user and password of a request to a page of [Broker.HandleHTTP] (HTTP Basic, RFC 7617), with
// the same accounts and at the same speed as a login over MQTT. It returns the role of the user: viewer, operator or
// admin. The error is [ErrWrongPassword], also for a request without a password, [ErrTooFast] or [ErrForeign].
func (b *Broker) Authenticate(r *http.Request) (role string, err error) {
	ticketed, ok := r.Context().Value(ticketKey{}).(*ticketConn)
	user, password, given := r.BasicAuth()
	if !ok || !given {
		return "", ErrWrongPassword
	}
	from := b.placeOfRequest(r)
	if err := b.ownPage(r); err != nil {
		b.refuseForeign(r, from)
		return "", err
	}
	users := b.users.Load()
	t := attempt{user: user, password: password, client: clip(r.Header.Get(ClientHeader)), place: from,
		patience: requestPatience, gone: func() bool { return r.Context().Err() != nil }}
	if ticketed.proven.still(r, b.passwords, users, t) {
		return users.byName[user].rights.role, nil
	}
	v, wait := b.passwords.check(users, t)
	if v == right {
		ticketed.ticket.signedIn(user)
		ticketed.proven.set(r, user, password)
		return users.byName[user].rights.role, nil
	}
	return "", b.refuse(v, wait, user, from)
}

// proven is the login of the newest request of a connection. One that goes on for long, such as the wire of a port, asks
// again whether it is still valid, and must not be cut off because somebody else guesses meanwhile.
type proven struct {
	mu             sync.Mutex
	request        context.Context
	user, password string
}

func (p *proven) set(r *http.Request, user, password string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.request, p.user, p.password = r.Context(), user, password
}

// still reports whether this very request has proven its password before, and the config has not changed it.
func (p *proven) still(r *http.Request, all *passwords, users *accounts, t attempt) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.request == r.Context() && p.user == t.user && p.password == t.password && all.isRight(users, t)
}

// refuse logs a refused request and returns its error.
func (b *Broker) refuse(v verdict, wait time.Duration, user string, from place) error {
	if v == tooFast {
		b.refusals.often(b.log, ErrTooFast.Error(), user, from.remote)
		return tooFastError{wait}
	}
	b.refusals.logFrom(b.log, ErrWrongPassword.Error(), user, from.host, from.remote)
	return ErrWrongPassword
}

// ownPage returns an error if a page of another address made a request. Browsers name the origin only of some; of all
// they say whether it is another site's.
func (b *Broker) ownPage(r *http.Request) error {
	front := b.front.Load()
	if err := front.foreign(r); err != nil {
		return err
	}
	if site := r.Header.Get("Sec-Fetch-Site"); r.Header.Get("Origin") == "" && (site == "cross-site" || site == "same-site") {
		return ErrForeign
	}
	return nil
}

// CheckToken checks a token that is not a user's, at the same speed as passwords. what is its name in the log and in the
// memory of guesses. The errors are those of [Broker.Authenticate].
func (b *Broker) CheckToken(r *http.Request, what, token, want string) error {
	from := b.placeOfRequest(r)
	if err := b.ownPage(r); err != nil {
		b.refuseForeign(r, from)
		return err
	}
	t := attempt{user: "/" + what, password: token, place: from}
	v, wait := b.passwords.checkToken(t, want)
	if v == right {
		return nil
	}
	return b.refuse(v, wait, what, from)
}

// FromHere reports whether a request was made on this machine itself. One that a proxy or a tunnel on this machine has
// passed on was not, so nothing may hint at one: no header, no trusted proxy, no name but this machine's, and a port
// with TLS.
func (b *Broker) FromHere(r *http.Request) bool {
	front := b.front.Load()
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() || len(front.proxies) > 0 || front.plain || passedOn(r) {
		return false
	}
	host := (&url.URL{Host: r.Host}).Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
