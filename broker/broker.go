package broker

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"math"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Broker is the embedded MQTT broker. [New] makes one. Its methods may be called from any goroutine.
type Broker struct {
	log       *slog.Logger
	since     time.Time // from which stamps count
	server    *mqtt.Server
	handler   Handler // set by Start
	passwords *passwords
	preLogin  *preLogin
	refusals  *refusals
	traffic   *traffic

	neighbours *neighbours
	front      atomic.Pointer[front]
	users      atomic.Pointer[accounts]
	identity   atomic.Pointer[identity] // the certificate; nil: plain
	topicLocks topicLocks
	retained   retained
	index      *index
	budget     *budget
	routes     routes
	fleet      fleet

	sessionsMu sync.Mutex
	sessions   map[string]*session // by client id
	beating    map[string]*session // those of pulses
	conns      map[*conn]struct{}
	online     int            // sessions with a connection
	favoured   int            // of them, those of admins and gateways
	perUser    map[string]int // of them, those of each user
	expiring   int            // sessions that are being ended
	maxClients int
	capped     bool // by the file descriptors
	arrivals   int64
	takeovers  takeovers
	departures int64

	changing sync.Mutex // Start, Reload and Stop, one after the other
	config   Config
	pages    map[string]http.Handler
	ports    ports
	secure   *http.Server
	plain    *http.Server
	state    int // unstarted, started or stopped
	stopping atomic.Bool
	quit     chan struct{}
	pulses   pulses
	ends     tally          // connections by how they ended
	running  sync.WaitGroup // every goroutine but those of flush, which end with their connections
}

const (
	unstarted = iota
	started
	stopped
)

// traffic counts messages and bytes since the start.
type traffic struct {
	bytesIn, bytesOut, messagesIn, messagesOut atomic.Int64
	buffered                                   atomic.Int64 // bytes waiting at all clients now
}

// New checks the config and loads the certificate, or makes one. It opens no port: see [Broker.Start].
func New(cfg Config, log *slog.Logger) (*Broker, error) {
	p, err := prepare(cfg, nil)
	if err != nil {
		return nil, err
	}
	passwords, err := newPasswords()
	if err != nil {
		return nil, err
	}
	if err := passwords.recall(keepFile(cfg.DataDir)); err != nil {
		log.Warn("the logins before the restart are forgotten", "error", err)
	}
	b := &Broker{
		log: log, since: time.Now(), passwords: passwords, preLogin: newPreLogin(), refusals: newRefusals(), traffic: &traffic{}, neighbours: newNeighbours(),
		topicLocks: topicLocks{seed: maphash.MakeSeed()},
		retained:   retained{byTopic: map[string]*message{}}, index: newIndex(), budget: newBudget(),
		routes:   routes{byTopic: map[string]*route{}},
		sessions: map[string]*session{}, beating: map[string]*session{}, perUser: map[string]int{}, takeovers: takeovers{}, conns: map[*conn]struct{}{},
		pages: map[string]http.Handler{}, quit: make(chan struct{}), pulses: pulses{turn: make(chan struct{}, 1)},
	}
	b.preLogin.onCut = b.sayCut
	b.server = mqtt.New(&mqtt.Options{
		Capabilities:            capabilities(),
		ClientNetReadBufferSize: readAhead,
		// mochi logs payloads, one line for each packet that it rejects.
		Logger:                 slog.New(slog.DiscardHandler),
		SysTopicResendInterval: never,
	})
	if err := b.server.AddHook(&guard{b: b}, nil); err != nil {
		return nil, err
	}
	b.adopt(p)
	return b, nil
}

const (
	readAhead = 64      // bytes; conn reads ahead itself
	never     = 1 << 32 // seconds between mochi's own $SYS messages, which would bypass the guard
)

// prepared is a config that has been checked, with everything derived from it.
type prepared struct {
	config   Config
	users    *accounts
	front    *front
	identity *identity
}

// prepare checks a config. It keeps the identity of before if nothing about it changes.
func prepare(cfg Config, before *prepared) (*prepared, error) {
	if cfg.Root == "" {
		cfg.Root = "minirelay"
	}
	if cfg.MaxClients < 1 {
		cfg.MaxClients = Default().MaxClients
	}
	if cfg.Files < 1 {
		cfg.Files = math.MaxInt
	}
	p := &prepared{config: cfg}
	var err error
	if p.users, err = newAccounts(cfg); err != nil {
		return nil, err
	}
	if p.front, err = newFront(cfg); err != nil {
		return nil, err
	}
	if before != nil && before.config.TLS == cfg.TLS && before.config.DataDir == cfg.DataDir {
		p.identity = before.identity
		return p, nil
	}
	if p.identity, err = newIdentity(cfg); err != nil {
		return nil, err
	}
	return p, nil
}

// adopt puts p into effect.
func (b *Broker) adopt(p *prepared) {
	b.config = p.config
	b.users.Store(p.users)
	b.front.Store(p.front)
	if p.identity != nil && p.identity != b.identity.Load() {
		p.identity.misnamed = b.misnamed
	}
	if old := b.identity.Swap(p.identity); p.identity != old || b.state == unstarted {
		p.identity.announce(b.log)
	}
	b.adoptRoom(p.config)
	b.routes.change()
	b.budget.keep(p.users)
}

// Start binds all listeners and begins to serve. If a port is busy, the error contains its address, and nothing is
// served.
func (b *Broker) Start(h Handler) error {
	b.changing.Lock()
	defer b.changing.Unlock()
	if b.state != unstarted {
		return errors.New("the broker was started before")
	}
	b.handler = h
	bound, err := b.bind(b.config, ports{})
	if err != nil {
		return err
	}
	if err := b.server.Serve(); err != nil {
		bound.close()
		return err
	}
	b.state = started
	b.ports = bound
	b.serveHTTP()
	b.running.Add(4)
	go b.keepLogins(keepFile(b.config.DataDir))
	go b.watchCertificate()
	go b.relieve()
	go b.publishSys()
	b.accept(bound, ports{})
	return nil
}

// HandleHTTP serves pattern on the TLS port, beside /mqtt and /healthz. It is called before [Broker.Start]. The handler
// of / is served on the plain WebSocket port too: on an iPhone a page cannot use wss with a self-signed certificate.
func (b *Broker) HandleHTTP(pattern string, h http.Handler) {
	b.changing.Lock()
	defer b.changing.Unlock()
	b.pages[pattern] = h
}

// Addrs are the addresses of the listeners as host:port; "" for a listener that is off.
type Addrs struct{ TLS, MQTT, WS string }

// Addrs returns the bound addresses, with the ports that the system chose for port 0.
func (b *Broker) Addrs() Addrs {
	b.changing.Lock()
	defer b.changing.Unlock()
	text := func(l net.Listener) string {
		if l == nil {
			return ""
		}
		return l.Addr().String()
	}
	return Addrs{TLS: text(b.ports.tls), MQTT: text(b.ports.mqtt), WS: text(b.ports.ws)}
}

// Stop closes the listeners, then disconnects the clients, and returns when every goroutine has ended. If ctx ends
// first, it cuts the connections and returns an error.
func (b *Broker) Stop(ctx context.Context) error {
	b.changing.Lock()
	before := b.state
	b.state = stopped
	b.changing.Unlock() // from here on, no other goroutine changes anything
	if before == stopped {
		return nil
	}
	b.stopping.Store(true)
	close(b.quit)
	b.passwords.stop()
	if before == unstarted {
		return nil
	}
	b.ports.close()
	b.stopHTTP()
	for _, c := range b.everyone() {
		if c.session.Load() == nil {
			c.abort("")
			continue
		}
		b.disconnect(c.client, packets.ErrServerShuttingDown)
	}
	err := b.wait(ctx)
	b.sessionsMu.Lock()
	for _, s := range b.sessions {
		s.takeWill()
	}
	b.sessionsMu.Unlock()
	if err != nil {
		go b.server.Close() // it waits for the same goroutines, without limit
		return err
	}
	return b.server.Close()
}

// wait returns when all goroutines have ended. Connections that take too long are cut.
func (b *Broker) wait(ctx context.Context) error {
	ended := make(chan struct{})
	go func() { b.running.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	for _, c := range b.everyone() {
		c.abort("")
	}
	select {
	case <-ended:
		return nil
	case <-time.After(time.Second):
		return fmt.Errorf("stop the broker: %w", ctx.Err())
	}
}

func (b *Broker) everyone() []*conn {
	b.sessionsMu.Lock()
	defer b.sessionsMu.Unlock()
	all := make([]*conn, 0, len(b.conns))
	for c := range b.conns {
		all = append(all, c)
	}
	return all
}
