package broker

import (
	"cmp"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Clients that cannot work with this broker are told apart here. The log names each kind once an hour for an address,
// with what to try: their own messages rarely say more than that the connection was closed.
const nameAgain = time.Hour

// foreign names a client that cannot work here.
func (b *Broker) foreign(what, try, host, remote string, more ...any) {
	b.refusals.counts.add(what)
	if b.refusals.dueAfter(what+"\x00"+host, time.Now(), nameAgain) {
		b.log.Warn(what, append(append([]any{"from", remote}, more...), "hint", try)...)
	}
}

// few returns a key for the clients of a user that is the same for some of them: a user who makes up client ids gets a
// few lines in the log, and not one for each.
func (b *Broker) few(s *session) string {
	const lines = 8
	return fmt.Sprintf("%s\x00%d", s.user, maphash.String(b.topicLocks.seed, s.id)%lines)
}

var (
	errText  = errors.New("text frame: MQTT needs binary ones")
	errStray = errors.New("the first packet is not a CONNECT")
	errLarge = errors.New("the first packet is too large")
)

// stray names a connection that ended without a CONNECT. Silent ones are not worth it: port scanners and the checks of
// load balancers.
func (b *Broker) stray(c *conn, err error) {
	begun := hex.EncodeToString(c.head[:min(len(c.head), 16)])
	switch {
	case errors.Is(err, errText):
		b.foreign("a WebSocket client sends text frames, and MQTT needs binary ones", "set binaryType or the like in the client", c.host, c.remote)
	case errors.Is(err, errLarge):
		b.foreign("a CONNECT is too large", "shorten the client id, the last will, or the user properties", c.host, c.remote,
			"size", c.incoming.size, "limit", maxConnect)
	case !errors.Is(err, errStray):
		b.log.Debug("connection without CONNECT", "from", c.remote, "error", err)
	case c.head[0] == 0x16: // a handshake record (RFC 8446, 5.1)
		b.foreign("a client uses TLS at a port without it", "use mqtt:// at the port of [broker] mqtt, or wss:// at the port of [broker] listen", c.host, c.remote)
	case strings.IndexByte("CDGHOPT", c.head[0]) >= 0 && c.room == 0: // the methods of HTTP
		b.foreign("a client uses HTTP at the MQTT port", "use the port of [broker] listen or ws", c.host, c.remote, "bytes", begun)
	default:
		b.foreign("a client does not use MQTT: its first packet is not a CONNECT", "check which protocol it uses", c.host, c.remote, "bytes", begun)
	}
}

// blame remembers why a client is disconnected if that is its own fault. err is what ended the connection.
func (b *Broker) blame(c *conn, err error) {
	var code packets.Code
	switch s := c.session.Load(); {
	case c.refused || offline(err) || errors.As(err, &code) && code.Code < packets.ErrUnspecifiedError.Code:
	case s == nil:
		b.foreign("a CONNECT is not valid", "check the version of MQTT, and the client id", c.host, c.remote, "error", err)
	case s.pulse:
	case errors.Is(err, errText):
		c.fault("it sent a text frame")
	case errors.Is(err, packets.ErrPacketTooLarge):
		c.fault("it sent too large a packet", "size", c.incoming.tooBig, "limit", c.incoming.limit())
	case errors.Is(err, websocket.ErrReadLimit):
		c.fault("it sent too large a WebSocket message", "limit", wsMessage)
	default:
		c.fault("it sent a packet that is not valid", "error", err)
	}
}

// offline reports whether err is only the end of a connection, on either side.
func offline(err error) bool {
	var network net.Error
	var closed *websocket.CloseError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, errConnClosed) || errors.Is(err, mqtt.ErrConnectionClosed) ||
		errors.As(err, &network) || errors.As(err, &closed)
}

// fault sets the reason why c is disconnected, if it has none yet.
func (c *conn) fault(reason string, details ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason == "" {
		c.reason, c.details, c.faulty = reason, details, true
	}
}

// handshakeFault names the client of a failed TLS handshake. The line is net/http's.
func (b *Broker) handshakeFault(line string) (named bool) {
	_, rest, ok := strings.Cut(line, "TLS handshake error from ")
	remote, why, cut := strings.Cut(rest, ": ")
	if !ok || !cut {
		return false
	}
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(why, part) {
				return true
			}
		}
		return false
	}
	switch {
	case has("EOF", "timeout", "reset", "closed", "broken pipe"): // it has just gone
		return false
	case has("unknown certificate authority", "bad certificate", "certificate unknown", "unknown certificate", "expired certificate", "certificate expired"):
		b.foreign("a client does not trust the certificate", "install it on that client, or use one that it trusts; a wrong clock has the same effect", host, remote, "error", why)
	case has("HTTP request to an HTTPS server"):
		b.foreign("a client uses plain HTTP at the TLS port", "use https:// and wss:// there", host, remote)
	case has("does not look like a TLS handshake"):
		b.foreign("a client does not use TLS at the TLS port", "use wss:// or https:// there; plain MQTT has its own port, [broker] mqtt", host, remote)
	default:
		b.foreign("a TLS handshake has failed", "the client may be too old for TLS 1.2", host, remote, "error", why)
	}
	return true
}

// misnamed names a client that asks for a host that the certificate is not for, as phones then refuse it. This machine's own
// checks ask for localhost.
func (b *Broker) misnamed(hello *tls.ClientHelloInfo, names []string) {
	remote := hello.Conn.RemoteAddr().String()
	host, _, err := net.SplitHostPort(remote)
	if ip := net.ParseIP(host); err != nil || ip.IsLoopback() {
		return
	}
	b.foreign("a client asks for a name that the certificate does not have", "let clients connect to a name that it has, or have it issued for this one",
		host, remote, "asked", clip(hello.ServerName), "names", strings.Join(names, " "))
}

// checkProtocols names a WebSocket client that asks for another protocol: browsers then close the connection.
func (b *Broker) checkProtocols(r *http.Request, ws *websocket.Conn, c *conn) {
	if asked := websocket.Subprotocols(r); len(asked) > 0 && ws.Subprotocol() == "" {
		b.foreign("a WebSocket client asks for another subprotocol than MQTT", "ask for the subprotocol mqtt", c.host, c.remote, "asked", clip(strings.Join(asked, ", ")))
	}
}

// sayCut counts a connection that had to make room for a newer one. A flood has one line a minute.
func (b *Broker) sayCut(from net.Addr) {
	const what = "too many connections that have not logged in, or of one user over HTTP; the oldest are cut"
	b.refusals.counts.add(what)
	if b.refusals.due(what, time.Now()) {
		b.log.Warn(what, "from", from.String())
	}
}

// takeovers counts, for each client id, how often one connection has replaced another. It is guarded by
// Broker.sessionsMu.
type takeovers map[string]*takeover

type takeover struct {
	since time.Time
	count int
}

const (
	manyTakeovers = 3 // within a minute: more than a phone that changes its network
	maxTakeovers  = 256
)

// addLocked counts one, and returns how many there were within the last minute.
func (t takeovers) addLocked(id string, now time.Time) int {
	if t[id] == nil || now.Sub(t[id].since) > time.Minute {
		if len(t) >= maxTakeovers {
			clear(t)
		}
		t[id] = &takeover{since: now}
	}
	t[id].count++
	return t[id].count
}

// tookOver says that a connection lost its client id to another one.
func (b *Broker) tookOver(c *conn, by *conn, count int) {
	s := c.session.Load()
	if s == nil {
		return
	}
	key, now := b.few(s), time.Now()
	switch {
	case count < manyTakeovers:
		if b.refusals.dueAfter("takeover\x00"+key, now, nameAgain) {
			b.log.Info("client disconnected: another connection uses its client id now", "client", s.id, "user", s.user, "from", c.remote, "now", by.remote)
		}
	case b.refusals.dueAfter("takeovers\x00"+key, now, nameAgain):
		b.log.Warn("clients with one client id keep disconnecting each other", "client", s.id, "user", s.user, "from", c.remote, "and", by.remote,
			"hint", "give each client an id of its own")
	}
}

// sayEnd says why a client was disconnected, if it is worth a line: one a minute for each reason and user, whose clients
// may come back at once to be disconnected again, and one an hour if it is the client's own fault.
func (b *Broker) sayEnd(c *conn, s *session) {
	c.mu.Lock()
	reason, details, fault := c.reason, c.details, c.faulty
	c.mu.Unlock()
	attrs := append([]any{"client", s.id, "user", s.user, "from", c.remote}, details...)
	key, again := s.user, refusalEvery
	if fault {
		key, again = b.few(s), nameAgain
	}
	if reason != "" && b.refusals.dueAfter("end\x00"+reason+"\x00"+key, time.Now(), again) {
		b.log.Warn("client disconnected: "+reason, attrs...)
	} else {
		b.log.Debug("client disconnected", append(attrs, "reason", cmp.Or(reason, "closed"))...)
	}
}
