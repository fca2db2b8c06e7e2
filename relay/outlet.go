package relay

import (
	"log/slog"
	"slices"
	"sync"
)

// Publisher is a destination of messages: the embedded broker, or an upstream broker.
type Publisher interface {
	// Publish hands a message to every client that may read its topic. It retains payload, which others read too, and
	// never waits for a client or a disk. A message with qos 0 is worthless later. correlation is that of an MQTT 5
	// request, else nil.
	Publish(topic string, payload []byte, qos byte, retain bool, correlation []byte) error
}

// outgoing is one message on its way to the publishers, or a change of the set of publishers.
type outgoing struct {
	topic    string
	payload  []byte
	retain   bool
	volatile bool    // worthless later
	detail   *detail // nil: it goes to all of them
}

// detail holds the parts that few messages need. It is separate because each reading pays for the size of an outgoing.
type detail struct {
	to          Publisher // nil: all of them
	correlation []byte

	join, leave Publisher
	left        chan<- struct{} // closed when leave has left
}

// only makes a message one for a single publisher; nil: for all of them.
func only(to Publisher) *detail {
	if to == nil {
		return nil
	}
	return &detail{to: to}
}

// outletSize is how many messages may wait for the publisher.
const outletSize = 4096

// outlet stands between the goroutines of the ports and the publishers, so that a publisher at work never keeps a port
// from reading. It preserves the order of the messages.
//
// put waits while the outlet is full: a publisher never waits for a client, so a full outlet only means that this
// machine's processor is behind, and the bytes are safest where they are, in the kernel's buffer of the port.
type outlet struct {
	first Publisher // of Start
	log   *slog.Logger

	publishers []*member // only the publishing goroutine touches it

	mu       sync.Mutex
	notEmpty sync.Cond
	notFull  sync.Cond
	queue    []outgoing
	spare    []outgoing // the other buffer: the two are swapped at each turn
	closed   bool
	idle     bool // the goroutine waits for something to do
	done     chan struct{}
	late     sync.Mutex // held while publishing after close
}

// member is one publisher. Only the publishing goroutine touches it.
type member struct {
	Publisher
	failing bool // the last publish failed
}

func startOutlet(p Publisher, log *slog.Logger) *outlet {
	o := &outlet{first: p, publishers: []*member{{Publisher: p}}, log: log, done: make(chan struct{})}
	o.notEmpty.L, o.notFull.L = &o.mu, &o.mu
	go o.run()
	return o
}

// put queues one message. After close it publishes the message itself.
func (o *outlet) put(m outgoing) {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		<-o.done // earlier messages go first
		o.late.Lock()
		o.publish(&m)
		o.late.Unlock()
		return
	}
	for len(o.queue) >= outletSize && !o.closed {
		o.notFull.Wait()
	}
	// An outlet that was closed while full is drained until the queue is empty, so this message still goes out.
	o.queue = append(o.queue, m)
	if o.idle {
		o.notEmpty.Signal()
	}
	o.mu.Unlock()
}

func (o *outlet) run() {
	defer close(o.done)
	for {
		o.mu.Lock()
		for len(o.queue) == 0 && !o.closed {
			o.idle = true
			o.notEmpty.Wait()
			o.idle = false
		}
		batch := o.queue
		o.queue, o.spare = o.spare[:0], nil
		closed := o.closed
		o.notFull.Broadcast()
		o.mu.Unlock()
		if len(batch) == 0 && closed {
			return
		}
		for i := range batch {
			o.publish(&batch[i])
			batch[i] = outgoing{} // release the payload
		}
		if cap(batch) > outletSize/8 {
			batch = nil // a burst is over: release its memory
		}
		o.mu.Lock()
		o.spare = batch[:0]
		o.mu.Unlock()
	}
}

// publish delivers one message to the publishers it is meant for, the first publisher first.
func (o *outlet) publish(m *outgoing) {
	qos := byte(1)
	if m.volatile {
		qos = 0
	}
	d := m.detail
	if d == nil {
		for _, p := range o.publishers {
			o.note(p, m.topic, p.Publish(m.topic, m.payload, qos, m.retain, nil))
		}
		return
	}
	if d.join != nil || d.leave != nil {
		o.change(d)
		return
	}
	for _, p := range o.publishers {
		if d.to == nil || d.to == p.Publisher {
			o.note(p, m.topic, p.Publish(m.topic, m.payload, qos, m.retain, d.correlation))
		}
	}
}

// note logs once that a publisher fails, and once that it works again.
func (o *outlet) note(p *member, topic string, err error) {
	failing := err != nil
	if failing == p.failing {
		return
	}
	p.failing = failing
	if failing {
		o.log.Error("publishing fails", "topic", topic, "error", err)
	} else {
		o.log.Info("publishing works again")
	}
}

// change adds or removes a publisher.
func (o *outlet) change(d *detail) {
	if d.join != nil {
		o.publishers = append(o.publishers, &member{Publisher: d.join})
		return
	}
	o.publishers = slices.DeleteFunc(o.publishers, func(p *member) bool { return p.Publisher == d.leave })
	close(d.left)
}

// close publishes all waiting messages and returns when the last one is out.
func (o *outlet) close() {
	o.mu.Lock()
	o.closed = true
	o.notEmpty.Broadcast()
	o.notFull.Broadcast()
	o.mu.Unlock()
	<-o.done
}
