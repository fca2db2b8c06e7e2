package broker

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	idleHTTP   = 60 * time.Second // a page's connection between two requests
	askTime    = 10 * time.Second // for a whole request to arrive, with its body
	answerTime = 2 * time.Minute  // for the answer to be read, unless its handler sets its own deadlines
	headerSize = 16 << 10         // bytes of a request's header
	wsReadSize = 512              // bytes that a WebSocket reads ahead; frames of any size pass through it
	wsMessage  = 1 << 20          // bytes of one WebSocket message, which may hold many packets
)

// upgrader accepts every origin: those of strangers have been refused before.
func upgrader() *websocket.Upgrader {
	return &websocket.Upgrader{
		HandshakeTimeout: connectTime,
		ReadBufferSize:   wsReadSize,
		WriteBufferPool:  new(sync.Pool), // for gorilla's own close frames; conn frames its own output
		Subprotocols:     []string{"mqtt", "mqttv3.1.1", "mqttv3.1"},
		CheckOrigin:      func(*http.Request) bool { return true },
	}
}

// serveHTTP makes the servers of the TLS port and of the plain WebSocket port.
func (b *Broker) serveHTTP() {
	pages := http.NewServeMux()
	for pattern, h := range b.pages {
		pages.Handle(pattern, h)
	}
	if b.pages["/"] == nil {
		pages.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "minirelay: MQTT over WebSocket is at /mqtt\n")
		})
	}
	plain := http.NewServeMux()
	if page := b.pages["/"]; page != nil {
		plain.Handle("/", page)
	}
	socket := b.websocket(upgrader())
	for _, mux := range []*http.ServeMux{pages, plain} {
		mux.Handle("/mqtt", socket)
		mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	}
	b.secure, b.plain = b.httpServer(orSocket(socket, pages)), b.httpServer(orSocket(socket, plain))
}

// orSocket serves MQTT at / too, where clients look for it if nobody tells them a path.
func orSocket(socket, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" && websocket.IsWebSocketUpgrade(r) {
			socket.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

func (b *Broker) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: connectTime, // of the TLS handshake too
		ReadTimeout:       askTime,
		WriteTimeout:      answerTime,
		IdleTimeout:       idleHTTP,
		MaxHeaderBytes:    headerSize,
		ConnContext:       withConnection,
		ErrorLog:          log.New(serverLog{b}, "", 0),
	}
}

// serverLog takes net/http's lines: strangers' broken handshakes, and panics of pages.
type serverLog struct{ b *Broker }

func (l serverLog) Write(p []byte) (int, error) {
	line := strings.TrimSpace(string(p))
	switch {
	case strings.Contains(line, "panic serving"):
		l.b.log.Error("a page could not be served", "error", line)
	case !l.b.handshakeFault(line):
		l.b.log.Debug("http", "error", line)
	}
	return len(p), nil
}

func (b *Broker) stopHTTP() {
	_ = b.secure.Close()
	_ = b.plain.Close()
}

// websocket serves /mqtt. The session runs on a goroutine of its own, so that the deep stack of the TLS handshake and
// the request are released.
func (b *Broker) websocket(up *websocket.Upgrader) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := b.placeOfRequest(r)
		if err := b.front.Load().foreign(r); err != nil {
			b.refuseForeign(r, from)
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		if ticketed, ok := r.Context().Value(ticketKey{}).(*ticketConn); ok {
			ticketed.ticket.move(from.host)
		}
		ws, err := up.Upgrade(w, r, nil)
		if err != nil {
			return // Upgrade has answered
		}
		ws.SetReadLimit(wsMessage)
		raw := ws.NetConn()
		_ = raw.SetDeadline(time.Time{})
		_ = raw.SetReadDeadline(time.Now().Add(connectTime))
		ticketed := ticketOf(raw)
		c := newConn(ticketed, raw, ws, b.traffic)
		c.ticket = ticketed.ticket
		c.from(from)
		c.who = instanceOf(r.Header.Get(InstanceHeader))
		b.checkProtocols(r, ws, c)
		c.keepWarm()
		b.welcome(c)
	})
}

// refuseForeign logs a page of another address that was refused.
func (b *Broker) refuseForeign(r *http.Request, from place) {
	b.refusals.logFrom(b.log, "a page of another address; [broker] origins can allow it", "", from.host, from.remote,
		"origin", clip(r.Header.Get("Origin")))
}

// ticketOf is the connection as it was accepted, below TLS.
func ticketOf(raw net.Conn) *ticketConn {
	if t, ok := raw.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	return raw.(*ticketConn)
}
