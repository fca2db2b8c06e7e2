package broker

import (
	"context"
	"errors"
	"net"
	"net/http"
)

// The errors of Authenticate.
var (
	ErrWrongPassword = errors.New("wrong user or password")
	ErrTooFast       = errors.New("too many wrong passwords; new ones have to wait")
)

// ticketKey is the context key of a request's connection on the TLS port.
type ticketKey struct{}

// withConnection lets Authenticate find the connection of a request.
func withConnection(ctx context.Context, raw net.Conn) context.Context {
	return context.WithValue(ctx, ticketKey{}, ticketOf(raw))
}

// Authenticate checks the user and password of a request to a page of [Broker.HandleHTTP] (HTTP Basic, RFC 7617), with
// the same accounts and at the same speed as a login over MQTT. It returns the role of the user: viewer, operator or
// admin. The error is [ErrWrongPassword], also for a request without a password, or [ErrTooFast].
func (b *Broker) Authenticate(r *http.Request) (role string, err error) {
	ticketed, ok := r.Context().Value(ticketKey{}).(*ticketConn)
	user, password, given := r.BasicAuth()
	if !ok || !given {
		return "", ErrWrongPassword
	}
	users, host := b.users.Load(), ticketed.ticket.host
	switch b.passwords.check(users, user, password, host) {
	case right:
		ticketed.ticket.signedIn(user)
		return users.byName[user].rights.role, nil
	case tooFast:
		err = ErrTooFast
	default:
		err = ErrWrongPassword
	}
	b.refusals.logFrom(b.log, err.Error(), user, host, r.RemoteAddr)
	return "", err
}
