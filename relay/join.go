package relay

import (
	"slices"
	"time"
)

// Upstream is the state of an upstream broker, as the info topic shows it.
type Upstream struct {
	ID      string `json:"id"`
	State   string `json:"state"`             // "connected", or the fault in one word
	Message string `json:"message,omitempty"` // the same in one sentence; "" if nothing is wrong
	Since   int64  `json:"since"`             // Unix milliseconds
	Disk    string `json:"disk,omitempty"`    // the fault of its outbox; "" if there is none
}

// Join adds a publisher of all messages from now on, and sends it the retained ones. Publishers are independent: an
// error of one does not affect the others.
func (r *Relay) Join(p Publisher) {
	r.outlet.put(outgoing{detail: &detail{join: p}})
	r.outlet.put(outgoing{topic: r.topics.Status(), payload: []byte("online"), retain: true, detail: only(p)})
	r.publishInfo(p)
	r.mu.RLock()
	devices := make([]*Device, 0, len(r.devices))
	for _, d := range r.devices {
		devices = append(devices, d)
	}
	r.mu.RUnlock()
	for _, d := range devices {
		d.tell(p)
	}
}

// Leave publishes offline to p and removes it. After Leave returns, p receives nothing more.
func (r *Relay) Leave(p Publisher) {
	left := make(chan struct{})
	r.outlet.put(outgoing{topic: r.topics.Status(), payload: []byte("offline"), retain: true, detail: only(p)})
	r.outlet.put(outgoing{detail: &detail{leave: p, left: left}})
	<-left
}

// SetUpstreams publishes the states of the upstreams.
func (r *Relay) SetUpstreams(all []Upstream) {
	r.mu.Lock()
	same := slices.Equal(all, r.upstreams)
	r.upstreams = all
	r.mu.Unlock()
	if !same {
		r.publishInfo(nil)
	}
}

// origin is the publisher for messages that are meant for one client alone.
func (r *Relay) origin(m Message) Publisher {
	if m.Via != nil {
		return m.Via
	}
	return r.outlet.first
}

// Busy rejects a command as busy without remembering it, because too many arrive at once. Nothing of it was written,
// and the same id may be sent again. A command whose id is known gets no answer, and requests get none either.
func (r *Relay) Busy(m Message) {
	first, rest, ok := r.topics.Split(m.Topic)
	if !ok || rest != "command" || !ValidID(first) || ReservedDevice(first) {
		return
	}
	q, err := parseRequest(m.Payload)
	s := &submission{request: q, message: m, device: first, topic: r.topics.Device(first, "result"), received: time.Now()}
	if err == nil && !r.repeated(s, false) {
		r.busy(s)
	}
}
