package broker

import (
	"maps"
	"sync"
	"time"
)

// Stats are the counters of the broker since its start, and its state now. Sizes are bytes.
type Stats struct {
	Clients, Sessions  int               // connected; remembered, including those that are away
	MaxClients         int               // as configured, or as the file descriptors permit
	Capped, Crowded    bool              // the file descriptors permit fewer than configured; no place is left but those that are kept
	MessagesIn         uint64            // publishes of clients
	MessagesOut        uint64            // deliveries to clients
	BytesIn, BytesOut  uint64            // of MQTT, before WebSocket and TLS
	Buffered           uint64            // bytes that wait for slow clients now
	Held, MaxHeld      uint64            // bytes that clients make the broker hold now; that they may
	Full               []Full            // the users that have reached a bound
	Retained           int               // messages
	Pulses, Missed     uint64            // pulses that succeeded; that did not
	Disconnections     map[string]uint64 // by reason: closed, fell_behind, has_stopped_reading
	Refusals           map[string]uint64 // logins and publishes without right, by the thing refused
	CertificateExpires int64             // Unix seconds; 0: plain
	Guesses            Guesses
	Certificate        []Advice // what is wrong with the certificate, except that it ends
}

// Stats returns the counters and the state now.
func (b *Broker) Stats() Stats {
	b.sessionsMu.Lock()
	s := Stats{Clients: b.online, Sessions: len(b.sessions), MaxClients: b.maxClients, Capped: b.capped,
		Crowded: b.online >= b.maxClients || b.online-b.favoured >= b.maxClients-b.keptLocked()}
	b.sessionsMu.Unlock()
	s.MessagesIn, s.MessagesOut = uint64(b.traffic.messagesIn.Load()), uint64(b.traffic.messagesOut.Load())
	s.BytesIn, s.BytesOut = uint64(b.traffic.bytesIn.Load()), uint64(b.traffic.bytesOut.Load())
	s.Buffered = uint64(max(b.traffic.buffered.Load(), 0))
	s.Held, s.MaxHeld, s.Full = uint64(max(b.budget.used.Load(), 0)), allHeld, b.budget.full()
	s.Retained = b.retained.len()
	s.Pulses, s.Missed = b.pulses.counts()
	s.Guesses = b.passwords.guesses()
	s.Disconnections, s.Refusals = b.ends.counts(), b.refusals.counts.counts()
	if id := b.identity.Load(); id != nil {
		s.CertificateExpires = id.newest().Leaf.NotAfter.Unix()
		s.Certificate = id.advice(time.Now())
	}
	return s
}

// tally counts by kind.
type tally struct {
	mu sync.Mutex
	n  map[string]uint64
}

func (t *tally) add(kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = map[string]uint64{}
	}
	t.n[kind]++
}

func (t *tally) counts() map[string]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.n)
}
