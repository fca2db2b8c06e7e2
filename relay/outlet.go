package relay

import (
	"log/slog"
	"sync"
)

// Publisher is where messages go: the embedded broker, later an upstream one too.
type Publisher interface {
	// Publish hands one message to everyone who may read its topic. It keeps payload and never waits for a
	// client. correlation answers an MQTT 5 request, else it is nil.
	Publish(topic string, payload []byte, qos byte, retain bool, correlation []byte) error
}

// outgoing is one message on its way to the publisher.
type outgoing struct {
	topic       string
	payload     []byte
	retain      bool
	correlation []byte
}

// outletSize is how many messages may wait for the publisher.
const outletSize = 4096

// outlet stands between the goroutines of the ports and the publisher, so that a publisher at work never keeps
// a port from its bytes. It keeps the order of what is put in.
//
// A full outlet makes put wait: the publisher never waits for a client, so it only means that this machine's
// processor is behind, and the bytes are safest where they are, in the kernel's buffer of the port.
type outlet struct {
	publisher Publisher
	log       *slog.Logger

	mu       sync.Mutex
	notEmpty sync.Cond
	notFull  sync.Cond
	queue    []outgoing
	spare    []outgoing // the other buffer: they change places at each turn
	closed   bool
	idle     bool // the goroutine waits for something to do
	done     chan struct{}
	failing  bool       // the last publish failed; only who publishes touches it
	late     sync.Mutex // held by who publishes after close
}

func startOutlet(p Publisher, log *slog.Logger) *outlet {
	o := &outlet{publisher: p, log: log, done: make(chan struct{})}
	o.notEmpty.L, o.notFull.L = &o.mu, &o.mu
	go o.run()
	return o
}

// put queues one message. After close it publishes it itself.
func (o *outlet) put(m outgoing) {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		<-o.done // what was put before goes first
		o.late.Lock()
		o.publish(&m)
		o.late.Unlock()
		return
	}
	for len(o.queue) >= outletSize && !o.closed {
		o.notFull.Wait()
	}
	// One that was closed while it was full is drained until the queue is empty, so this still goes out.
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
			batch[i] = outgoing{} // let go of the payload
		}
		if cap(batch) > outletSize/8 {
			batch = nil // a burst is over: give its memory back
		}
		o.mu.Lock()
		o.spare = batch[:0]
		o.mu.Unlock()
	}
}

func (o *outlet) publish(m *outgoing) {
	err := o.publisher.Publish(m.topic, m.payload, 1, m.retain, m.correlation)
	if failing := err != nil; failing != o.failing {
		o.failing = failing
		if failing {
			o.log.Error("publishing fails", "topic", m.topic, "error", err)
		} else {
			o.log.Info("publishing works again")
		}
	}
}

// close publishes what still waits and returns when the last of it is out.
func (o *outlet) close() {
	o.mu.Lock()
	o.closed = true
	o.notEmpty.Broadcast()
	o.notFull.Broadcast()
	o.mu.Unlock()
	<-o.done
}
