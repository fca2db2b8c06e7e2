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

// gatedKey is where a request of the TLS port finds its connection.
type gatedKey struct{}

// withConnection lets Authenticate find the connection of a request.
func withConnection(ctx context.Context, raw net.Conn) context.Context {
	return context.WithValue(ctx, gatedKey{}, gatedOf(raw))
}

// Authenticate checks the user and password of a request that came in over a handler of HandleHTTP (HTTP Basic,
// RFC 7617), as a login over MQTT is checked: by the same doorman, at the same speed. It gives the user's role:
// viewer, operator or admin. The error is ErrWrongPassword, also where there is none, or ErrTooFast.
func (b *Broker) Authenticate(r *http.Request) (role string, err error) {
	gated, ok := r.Context().Value(gatedKey{}).(*gatedConn)
	user, password, given := r.BasicAuth()
	if !ok || !given {
		return "", ErrWrongPassword
	}
	users, host := b.users.Load(), gated.ticket.host
	switch b.doorman.check(users, user, password, host) {
	case right:
		gated.ticket.leave() // no stranger any more
		return users.byName[user].rights.role, nil
	case tooFast:
		err = ErrTooFast
	default:
		err = ErrWrongPassword
	}
	b.refusals.logFrom(b.log, err.Error(), user, host, r.RemoteAddr)
	return "", err
}
