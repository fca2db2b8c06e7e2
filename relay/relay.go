package relay

import (
	"encoding/json"
	"log/slog"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"minirelay/relay/clock"
	"minirelay/relay/segment"
)

// Config is the relay's view of its gateway.
type Config struct {
	Root     string        // first level of every topic: "minirelay"
	Gateway  string        // the gateway's id
	Instance string        // the id of its installation: two gateways with one id differ in it
	Name     Name          // name for people
	Version  string        // of this program
	Order    []string      // ids of the devices, in the order in which people see them
	DataDir  string        // where the command journal is kept
	Remember time.Duration // how long a command id is remembered; 0: 24 h
}

// Message is one publish by a client that is allowed to publish it.
type Message struct {
	Topic       string
	Payload     []byte
	Retain, Dup bool
	User        string   // the logged-in user
	Role        string   // role: viewer, operator or admin; "" if the route it came by has no roles
	Vouched     string   // the same as a hub says it, which answers for the user; "" if none does
	Devices     []string // those the user may see and command; nil: all
	Client      string   // the MQTT client id of the connection
	Respond     string   // MQTT 5 response topic, "" if none; the broker has checked that the user may read it and publish to it
	Correlation []byte   // MQTT 5 correlation data for Respond

	Via      Publisher // its source, which gets what is meant for this client alone; nil: the publisher of Start
	Received time.Time // when it was sent at the earliest, or arrived; with a monotonic reading; zero: just now
	Arrived  time.Time // when it arrived, with a monotonic reading; zero: at Received
}

// Relay is the policy of the gateway, between devices and brokers. [Start] makes one. Its methods may be called from
// any goroutine.
type Relay struct {
	config     Config
	topics     Topics
	log        *slog.Logger
	outlet     *outlet
	journal    *journal
	allowances allowances
	started    time.Time
	counted    counters

	handling sync.RWMutex // read-held by Handle
	stopping atomic.Bool

	mu        sync.RWMutex // guards everything below
	devices   map[string]*Device
	own       map[string]target // users' own command topics
	upstreams []Upstream        // as published in info
}

// target is the command behind a topic of the user's own.
type target struct {
	device  *Device
	command int
}

// ErrInUse is the error of [Start] while another gateway uses the same data directory.
var ErrInUse = segment.ErrLocked

// Start opens the command journal, and publishes status and info at once: publisher must accept messages before it
// serves any client. The error is [ErrInUse]; another fault of the disk is logged, and commands are rejected until it
// is resolved.
func Start(config Config, publisher Publisher, log *slog.Logger) (*Relay, error) {
	return startAt(config, publisher, clock.Read, log)
}

func startAt(config Config, publisher Publisher, look func() clock.Instant, log *slog.Logger) (*Relay, error) {
	if config.Remember == 0 {
		config.Remember = 24 * time.Hour
	}
	journal, err := openJournal(filepath.Join(config.DataDir, "commands"), config.Remember, look, log)
	if err != nil {
		return nil, err
	}
	r := &Relay{
		config: config, topics: NewTopics(config.Root, config.Gateway), log: log,
		outlet:  startOutlet(publisher, log),
		journal: journal, allowances: allowances{window: config.Remember},
		started: time.Now(),
		devices: map[string]*Device{}, own: map[string]target{},
	}
	r.outlet.put(outgoing{topic: r.topics.Status(), payload: []byte("online"), retain: true})
	r.publishInfo(nil)
	return r, nil
}

// Close rejects later commands, publishes offline, and returns when all messages are published and on the disk. All
// lanes must be closed before, so that every command has its result. After it, [Relay.Handle] still answers clients,
// without the journal.
func (r *Relay) Close() error {
	r.Stopping()
	r.handling.Lock() // waits for the commands that are being admitted right now
	defer r.handling.Unlock()
	r.mu.Lock()
	for _, d := range r.devices {
		d.retire()
	}
	r.mu.Unlock()
	r.outlet.put(outgoing{topic: r.topics.Status(), payload: []byte("offline"), retain: true})
	r.outlet.close()
	return r.journal.close()
}

// Stopping rejects every command from now on, because the gateway is being stopped.
func (r *Relay) Stopping() { r.stopping.Store(true) }

// Rename changes the name of the gateway for people.
func (r *Relay) Rename(name Name) {
	r.mu.Lock()
	same := reflect.DeepEqual(r.config.Name, name)
	r.config.Name = name
	r.mu.Unlock()
	if !same {
		r.publishInfo(nil)
	}
}

// Arrange changes the order in which people see the devices. Clients request it.
func (r *Relay) Arrange(order []string) {
	r.mu.Lock()
	r.config.Order = order
	r.mu.Unlock()
}

// visible returns the ids of the devices among those (nil: all), in the order in which people see them.
func (r *Relay) visible(those []string) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	ids := make([]string, 0, len(r.config.Order))
	for _, id := range r.config.Order {
		if those == nil || slices.Contains(those, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// publishInfo sends the info of the gateway to one publisher; nil: to all of them.
func (r *Relay) publishInfo(to Publisher) {
	r.mu.RLock()
	info := struct {
		Gateway   string     `json:"gateway"`
		Instance  string     `json:"instance,omitempty"`
		Name      Name       `json:"name,omitzero"`
		Version   string     `json:"version"`
		Started   int64      `json:"started"`
		Upstreams []Upstream `json:"upstreams,omitempty"`
	}{r.config.Gateway, r.config.Instance, r.config.Name, r.config.Version, r.started.UnixMilli(), r.upstreams}
	r.mu.RUnlock()
	r.putJSON(outgoing{topic: r.topics.Info(), retain: true, detail: only(to)}, info)
}

// putJSON publishes v, which is made of types that always encode, as m.
func (r *Relay) putJSON(m outgoing, v any) {
	var err error
	if m.payload, err = json.Marshal(v); err != nil {
		r.log.Error("a message could not be written as JSON", "topic", m.topic, "error", err)
		return
	}
	r.outlet.put(m)
}

// Attach adds a device whose commands go into lane. It publishes the model, an unknown state and offline. A device with
// the same id is replaced: its topics are not emptied, and its waiting commands are rejected, because they were meant
// for the previous model.
func (r *Relay) Attach(m Model, lane *Lane) *Device {
	d := newDevice(r, m, lane)
	if old := r.swap(d); old != nil {
		old.retire()
		old.lane.Refuse(old, CodeBusy, changed)
		r.clearOwn(old)
	}
	r.putJSON(outgoing{topic: d.topics.model, retain: true}, m)
	r.outlet.put(outgoing{topic: d.topics.availability, payload: []byte("offline"), retain: true})
	d.mu.Lock()
	d.publish(time.Time{})
	d.mu.Unlock()
	return d
}

// Relabel replaces an attached device by itself with other names: m differs in nothing else. Its values are kept; only
// its model is published. The caller makes sure that no reading arrives meanwhile.
func (r *Relay) Relabel(old *Device, m Model) *Device {
	d := newDevice(r, m, old.lane)
	old.retire()
	d.inherit(old)
	r.swap(d)
	old.lane.Refuse(old, CodeBusy, changed)
	r.putJSON(outgoing{topic: d.topics.model, retain: true}, m)
	return d
}

// changed answers commands that were sent before their device was replaced.
const changed = "the device's configuration has just been changed; try again"

// swap makes d the device of its id, and returns the previous one; nil if there was none.
func (r *Relay) swap(d *Device) (old *Device) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old = r.devices[d.model.Device]; old != nil {
		r.dropOwn(old)
	}
	r.devices[d.model.Device] = d
	for i, c := range d.model.Commands {
		if c.Topic != "" {
			r.own[c.Topic] = target{d, i}
		}
	}
	return old
}

// forget removes a device that is gone for good.
func (r *Relay) forget(d *Device) {
	r.mu.Lock()
	current := r.devices[d.model.Device] == d
	if current {
		delete(r.devices, d.model.Device)
		r.dropOwn(d)
	}
	r.mu.Unlock()
	if !current {
		return
	}
	for _, topic := range []string{d.topics.state, d.topics.availability, d.topics.model} {
		r.outlet.put(outgoing{topic: topic, retain: true})
	}
	r.clearOwn(d)
}

// dropOwn forgets the command topics of d; mu is held.
func (r *Relay) dropOwn(d *Device) {
	for topic, t := range r.own {
		if t.device == d {
			delete(r.own, topic)
		}
	}
}

// clearOwn empties the user's own topics on which old published and no device does now.
func (r *Relay) clearOwn(old *Device) {
	keep := map[string]bool{}
	r.mu.RLock()
	for _, d := range r.devices {
		for topic := range d.ownTopics() {
			keep[topic] = true
		}
	}
	r.mu.RUnlock()
	for topic := range old.ownTopics() {
		if !keep[topic] {
			r.outlet.put(outgoing{topic: topic, retain: true})
		}
	}
}

// Handle takes every publish that a broker lets through, before the broker acknowledges it. When it returns, a command
// is on the disk. It reports whether the message was for the gateway: such a message must not be forwarded to any
// client.
func (r *Relay) Handle(m Message) bool {
	received := m.Received
	if received.IsZero() {
		received = time.Now()
	}
	r.handling.RLock()
	defer r.handling.RUnlock()
	if m.Respond != "" && r.speaksOn(m.Respond) {
		m.Respond = ""
	}
	if first, rest, ok := r.topics.Split(m.Topic); ok {
		switch {
		case first == "request":
			r.request(r.topics, m)
		case rest == "command" && first != "" && !ReservedDevice(first):
			r.command(first, m, received) // even if first cannot be an id: then it is an unknown device
		}
		return true // only the gateway publishes here
	}
	if topics, ok := r.requestOfAnother(m); ok {
		return r.request(topics, m)
	}
	r.mu.RLock()
	t, ok := r.own[m.Topic]
	r.mu.RUnlock()
	if ok {
		r.ownCommand(t, m, received)
	}
	return ok
}

// speaksOn reports whether topic has a meaning of its own at this gateway: one below its root that is no reply topic, or
// a user's own topic of a command or a value. No answer to a client goes there, where others would take it for a state.
func (r *Relay) speaksOn(topic string) bool {
	if below, ok := strings.CutPrefix(topic, r.config.Root+"/"); ok {
		_, rest, _ := strings.Cut(below, "/")
		return !strings.HasPrefix(rest, "reply/")
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if _, ok := r.own[topic]; ok {
		return true
	}
	for _, d := range r.devices {
		for own := range d.ownTopics() {
			if own == topic {
				return true
			}
		}
	}
	return false
}

// Subscribed is called for each granted subscription; wants reports which topics it covers. Results that a crash left
// unknown are reported here, once, to the first client of the same user that subscribes: at startup there was no client
// to report them to.
func (r *Relay) Subscribed(user string, wants func(topic string) bool) {
	r.report(func(c recovered) bool { return c.key.user == user && wants(c.topic) })
}

// Report reports such results of all users of a route, which gets every topic.
func (r *Relay) Report(uses func(user string) bool) {
	r.report(func(c recovered) bool { return uses(c.key.user) })
}

func (r *Relay) report(want func(recovered) bool) {
	found := r.journal.takeRecovered(want)
	for _, m := range found {
		r.outlet.put(m)
	}
}
