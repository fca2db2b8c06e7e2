package upstream

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Handler is the gateway behind an [Upstream].
type Handler interface {
	// Handle takes a message from the upstream, with the gateway's own topic. The next message waits until it returns.
	// crowded means that too many messages arrive: the message must be answered with busy, and nothing else done.
	Handle(m Message, crowded bool)
	// Changed is called soon after [Upstream.Status] has changed in a way that matters to people. It must not block.
	Changed()
}

// Message is one message from an upstream.
type Message struct {
	Topic       string // the gateway's own topic, without the prefix
	Payload     []byte
	Retain, Dup bool
	Person      string    // the user at the hub who sent it; "": it says nothing about that
	Role        string    // of Person, at the hub
	Arrived     time.Time // with a monotonic reading
	Received    time.Time // when it was sent at the earliest, if that shows; else when it arrived. With a monotonic reading
}

// Upstream is one upstream broker and its outbox.
type Upstream struct {
	config  Config
	handler Handler
	log     *slog.Logger
	look    func() instant // at the clock
	hub     hubClock
	timing  timing

	readings, outcomes *queue
	published          *published

	mu       sync.Mutex // guards everything below
	routes   map[string]*route
	thin     map[string]*thinned // by device; only with MinInterval
	intake   []arrival           // on its way to the disk
	spare    []arrival
	current  map[string]*item // newest retained message by topic at the upstream; these have no queue
	unsaid   []string         // topics of current that the connection has not been sent yet, oldest first
	newest   map[string]*item // newest reading by device
	passing  []*item
	session  *session // nil: not connected
	refusals refusals
	status   Status
	counts   Counts
	closing  bool
	closed   bool
	news     bool // the handler has not been notified of a change yet

	forgetful bool      // published cannot be written
	written   bool      // the upstream has the gateway's info of this run
	met       time.Time // when another gateway with this id was met; zero: never

	work             chan struct{} // the keeper has something to do
	wake             chan struct{} // the session has something to send
	quit             chan struct{}
	dial             context.Context // ends when no further connection is wanted
	hang             context.CancelFunc
	dialing, keeping sync.WaitGroup
}

// arrival is a message that the keeper has not seen yet.
type arrival struct {
	route   *route
	payload []byte
}

const (
	maxIntake  = 8192 // messages that wait for the disk
	maxPassing = 256  // replies that wait for the connection
	maxRoutes  = 4096 // topics that are remembered
)

// timing holds the durations that tests cannot wait for.
type timing struct {
	retryMin, retryMax time.Duration
	connect            time.Duration // to a CONNACK
	ack                time.Duration // for a PUBACK; then the connection counts as dead
	slack              time.Duration // for an answer to a ping, and for paho to send one
	steady             time.Duration // a connection that lasts this long was a good one
	sync               time.Duration // from a write to its fsync
	reopen             time.Duration // after the outbox could not be opened
	tidy               time.Duration // between two checks of cursor, bounds and clock
	aside              time.Duration // until messages that the broker does not accept are tried again
}

func timingOf(c *Config) timing {
	return timing{retryMin: time.Second, retryMax: c.Retry, connect: 20 * time.Second, ack: 30 * time.Second, slack: 10 * time.Second,
		steady: 10 * time.Second, sync: time.Second, reopen: 10 * time.Second, tidy: time.Second, aside: time.Hour}
}

// Start opens the outbox and begins to connect. The disk and the broker may both be unusable: messages then wait within
// the bounds of the config, and [Upstream.Status] shows the reason. An error means that the config cannot be used; a
// [Problem] says why.
func Start(config Config, handler Handler, log *slog.Logger) (*Upstream, error) {
	return start(config, handler, log, timingOf(&config), readClock)
}

func start(config Config, handler Handler, log *slog.Logger, t timing, look func() instant) (*Upstream, error) {
	if _, err := Check(config); err != nil {
		return nil, err
	}
	u := &Upstream{config: config, handler: handler, log: log.With("upstream", config.ID), look: look, timing: t,
		routes: map[string]*route{}, thin: map[string]*thinned{}, current: map[string]*item{}, newest: map[string]*item{},
		work: make(chan struct{}, 1), wake: make(chan struct{}, 1), quit: make(chan struct{})}
	u.status = Status{Code: CodeConnecting, Since: time.Now()}
	u.dial, u.hang = context.WithCancel(context.Background())
	maxFile := min(int64(1<<20), int64(config.OutboxMB)<<20/8)
	u.readings = &queue{dir: filepath.Join(config.Dir, "readings"), maxFile: maxFile}
	u.outcomes = &queue{dir: filepath.Join(config.Dir, "results"), maxFile: maxFile}
	if err := u.openOutbox(); err != nil {
		u.hang()
		return nil, err
	}
	var err error
	if u.published, err = openPublished(&config); err != nil {
		u.log.Warn("the devices that an earlier run has left at the upstream are not known", "error", err)
	}
	in := newInlet(u)
	u.keeping.Go(u.keep)
	u.dialing.Go(in.run)
	u.dialing.Go(func() { u.dialOn(in) })
	return u, nil
}

// Config is the config of [Start].
func (u *Upstream) Config() Config { return u.config }

// Publish takes a message of the gateway. It retains payload and never waits. An error means that the message is lost.
// A message with qos 0 is worthless later.
func (u *Upstream) Publish(topic string, payload []byte, qos byte, retain bool, _ []byte) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closing {
		return nil // the gateway's last messages go to the others
	}
	r := u.routeLocked(topic)
	class := r.class
	if qos == 0 && retain && (class == reading || class == current) {
		class = current
	} else if qos == 0 && class != dropped {
		class = passing
	}
	switch class {
	case reading:
		if len(payload) == 0 {
			return u.takeLocked(r, nil) // the device is gone; after its last state
		}
		return u.takeReadingLocked(r, payload)
	case outcome:
		return u.takeLocked(r, payload)
	case current:
		u.setCurrentLocked(&item{topic: r.topic, full: r.full(&u.config), payload: payload, retain: retain})
	case passing:
		if u.session != nil && len(u.passing) < maxPassing {
			u.passing = append(u.passing, &item{topic: r.topic, full: r.full(&u.config), payload: payload})
			signal(u.wake)
		}
	}
	return nil
}

var errIntake = errors.New("the disk is too slow: the oldest reading is dropped")

// takeLocked queues a message for the keeper. If the disk does not keep up, the oldest reading is dropped.
func (u *Upstream) takeLocked(r *route, payload []byte) error {
	u.intake = append(u.intake, arrival{r, payload})
	signal(u.work)
	if len(u.intake) <= maxIntake {
		return nil
	}
	oldest := 0
	for n, a := range u.intake {
		if a.route.class == reading {
			oldest = n
			break
		}
	}
	u.intake = append(u.intake[:oldest], u.intake[oldest+1:]...)
	u.counts.Overrun++
	return errIntake
}

// setCurrentLocked makes i the current message of its topic at the upstream.
func (u *Upstream) setCurrentLocked(i *item) {
	old := u.current[i.full]
	u.current[i.full] = i
	if u.session == nil {
		return // all of it is sent at the next connection
	}
	if old == nil || old.said {
		u.unsaid = append(u.unsaid, i.full)
	}
	signal(u.wake)
}

// routeLocked remembers the route of a topic.
func (u *Upstream) routeLocked(topic string) *route {
	if r, ok := u.routes[topic]; ok {
		return r
	}
	r := u.config.routeOf(topic)
	if r.class == passing {
		return &r // each client has one of its own
	}
	if len(u.routes) >= maxRoutes {
		clear(u.routes)
	}
	u.routes[topic] = &r
	return &r
}

// signal leaves a token for a waiting goroutine, if there is none yet.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Close sends the messages that wait in memory, disconnects so that the last will is not sent, and closes the outbox.
// It takes no longer than ctx allows. Unsent messages stay in the outbox.
func (u *Upstream) Close(ctx context.Context) error {
	u.mu.Lock()
	if u.closed {
		u.mu.Unlock()
		return nil
	}
	u.closing, u.closed = true, true
	u.flushThinnedLocked()
	u.mu.Unlock()
	signal(u.work)
	u.farewell(ctx)
	u.hang()
	u.dialing.Wait()
	close(u.quit)
	u.keeping.Wait()
	u.noteFault(u.published.save())
	return u.closeOutbox()
}

// Withdraw empties the retained topics that next, the config that replaces this one, does not send any more. It is
// called before [Upstream.Close].
func (u *Upstream) Withdraw(next Config) {
	u.mu.Lock()
	defer u.mu.Unlock()
	said := map[string]bool{}
	for full := range u.current {
		said[full] = true
	}
	for full := range u.newest {
		said[full] = true
	}
	for full := range said {
		topic := strings.TrimPrefix(full, u.config.prefix())
		if r := next.routeOf(topic); r.class == dropped || r.full(&next) != full {
			delete(u.newest, full)
			u.setCurrentLocked(&item{topic: topic, full: full, retain: true})
		}
	}
}

// farewell waits until nothing is left to send, or ctx ends.
func (u *Upstream) farewell(ctx context.Context) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		u.mu.Lock()
		s := u.session
		quiet := s == nil || len(u.intake)+len(u.unsaid)+len(u.passing) == 0 && !s.busy()
		u.mu.Unlock()
		if quiet && s == nil || quiet && u.readings.urgent()+u.outcomes.urgent() == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
