package relay

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"minirelay/relay/pace"
)

// Device is one attached device: the newest valid value of each field, whether it is online, and its topics.
// [Relay.Attach] makes one. Its methods may be called from any goroutine.
type Device struct {
	model  Model
	relay  *Relay
	lane   *Lane
	topics struct{ model, state, availability, result string }
	keys   []string // `,"temperature":` of each field, ready for the state

	mu       sync.Mutex // guards everything below; held while putting messages into the outlet, for their order
	log      heldLog    // written when mu is released
	values   []Value
	at       []time.Time // when each value was taken; zero: never
	ts       time.Time   // of the newest reading
	heard    time.Time   // of the newest valid frame
	online   bool
	since    time.Time // when online last changed
	detached bool

	states    uint64    // published so far
	published []Value   // as last published
	pace      pace.Pace // of states: at most one per MinInterval

	quiet   time.Duration // the shortest silence that changes anything; 0: no silence does
	timer   *time.Timer   // runs tick at due
	due     time.Time     // zero: not armed
	lastOut int           // bytes of the last state: the next one's capacity
}

func newDevice(r *Relay, m Model, lane *Lane) *Device {
	d := &Device{model: m, relay: r, lane: lane, log: heldLog{to: r.log.With("device", m.Device)}}
	d.topics.model = r.topics.Device(m.Device, "model")
	d.topics.state = r.topics.Device(m.Device, "state")
	d.topics.availability = r.topics.Device(m.Device, "availability")
	d.topics.result = r.topics.Device(m.Device, "result")
	for _, f := range m.Fields {
		d.keys = append(d.keys, `,"`+f.ID+`":`)
	}
	d.values = make([]Value, len(m.Fields))
	d.published = make([]Value, len(m.Fields))
	d.at = make([]time.Time, len(m.Fields))
	d.ts = time.Now()
	d.since = d.ts
	d.quiet = m.OfflineAfter
	for i := range m.Fields {
		if s := d.staleAfter(i); s > 0 && (d.quiet == 0 || s < d.quiet) {
			d.quiet = s
		}
	}
	return d
}

// Model returns the device as clients see it. It must not be changed.
func (d *Device) Model() *Model { return &d.model }

// Online reports whether a valid frame has arrived since the port was opened, and within OfflineAfter.
func (d *Device) Online() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.online
}

// onlineSince reports whether the device has been online without a break since t.
func (d *Device) onlineSince(t time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.online && !d.since.After(t)
}

// Update takes the readings of one valid frame that arrived at at, a time with a monotonic reading. It marks the device
// online. It does not retain readings.
func (d *Device) Update(at time.Time, readings []Reading) {
	d.mu.Lock()
	defer d.log.release(&d.mu)
	if d.detached {
		return
	}
	d.hear(at)
	for _, r := range readings {
		d.values[r.Field] = r.Value
		d.at[r.Field] = at
	}
	if len(readings) == 0 {
		return
	}
	d.derive(readings)
	d.ts = at
	d.offer(at)
}

// Seen marks the device online at at without a reading, for a valid frame that contained none, such as an
// acknowledgement.
func (d *Device) Seen(at time.Time) {
	d.mu.Lock()
	defer d.log.release(&d.mu)
	if d.detached {
		return
	}
	d.hear(at)
}

// Lost takes the device offline, because its port is closed. All its values become unknown at once.
func (d *Device) Lost(reason string) {
	d.mu.Lock()
	defer d.log.release(&d.mu)
	d.goOffline(reason)
}

// Detach removes the device. Its retained topics are emptied, and its waiting commands are rejected.
func (d *Device) Detach() {
	d.retire()
	d.relay.forget(d)
	d.lane.Refuse(d, CodeUnknownDevice, "this device has been removed from the configuration")
}

// retire stops the device from publishing anything more.
func (d *Device) retire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.detached = true
	if d.timer != nil {
		d.timer.Stop()
	}
}

// inherit copies the state of old, which is retired and has the same fields.
func (d *Device) inherit(old *Device) {
	old.mu.Lock()
	defer old.mu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	copy(d.values, old.values)
	copy(d.at, old.at)
	copy(d.published, old.published)
	d.ts, d.heard, d.online, d.since = old.ts, old.heard, old.online, old.since
	d.states, d.pace = old.states, old.pace
	d.arm(d.deadline())
}

// hear records a valid frame.
func (d *Device) hear(at time.Time) {
	d.heard = at
	if d.quiet > 0 {
		d.arm(at.Add(d.quiet))
	}
	if d.online {
		return
	}
	d.online, d.since = true, at
	d.log.Log(slog.LevelInfo, "device is online")
	d.relay.outlet.put(outgoing{topic: d.topics.availability, payload: []byte("online"), retain: true})
}

func (d *Device) goOffline(reason string) {
	if d.detached || !d.online {
		return
	}
	d.online, d.since = false, time.Now()
	level := slog.LevelWarn
	if d.relay.stopping.Load() {
		level = slog.LevelInfo
	}
	d.log.Log(level, "device is offline", "reason", reason)
	d.relay.outlet.put(outgoing{topic: d.topics.availability, payload: []byte("offline"), retain: true})
	clear(d.values)
	clear(d.at)
	d.publish(time.Now())
}

// derive computes the fields that no reading contains.
func (d *Device) derive(read []Reading) {
	if d.model.Derive != nil {
		d.model.Derive(d.values, read)
	}
}

// staleAfter is the age at which a field's value becomes null; 0: never, as for a derived value, which is as old as its
// inputs.
func (d *Device) staleAfter(field int) time.Duration {
	if d.model.Fields[field].Derived {
		return 0
	}
	if s := d.model.Fields[field].StaleAfter; s > 0 {
		return s
	}
	return d.model.OfflineAfter
}

// deadline is the earliest time at which something must be done without a frame; zero: never. All waits of a device
// share one timer. New frames only move the deadline later, so it is computed when the timer fires, not with each
// frame.
func (d *Device) deadline() time.Time {
	var first time.Time
	consider := func(t time.Time) {
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	if d.online && d.model.OfflineAfter > 0 {
		consider(d.heard.Add(d.model.OfflineAfter))
	}
	for i, at := range d.at {
		if after := d.staleAfter(i); after > 0 && !d.values[i].IsNull() {
			consider(at.Add(after))
		}
	}
	if due := d.pace.Due(d.model.MinInterval); !due.IsZero() {
		consider(due)
	}
	return first
}

// arm makes sure that tick runs at t or earlier.
func (d *Device) arm(t time.Time) {
	if t.IsZero() || !d.due.IsZero() && !t.Before(d.due) {
		return
	}
	d.due = t
	wait := max(time.Until(t), 0)
	if d.timer == nil {
		d.timer = time.AfterFunc(wait, d.tick)
		return
	}
	d.timer.Reset(wait)
}

// tick does whatever is due: values that have become too old, a device that has fallen silent, a state that waited for
// MinInterval.
func (d *Device) tick() {
	d.mu.Lock()
	defer d.log.release(&d.mu)
	if d.detached {
		return
	}
	now := time.Now()
	d.due = time.Time{}
	if after := d.model.OfflineAfter; d.online && after > 0 && now.Sub(d.heard) >= after {
		d.goOffline("no valid frame for " + after.String())
	}
	stale := false
	for i, at := range d.at {
		if after := d.staleAfter(i); after > 0 && !d.values[i].IsNull() && now.Sub(at) >= after {
			d.values[i] = Value{}
			stale = true
		}
	}
	if stale {
		d.derive(nil)
		d.publish(now) // at once: an old value on a screen is worse than an extra message
	} else if due := d.pace.Due(d.model.MinInterval); !due.IsZero() && !now.Before(due) {
		d.publish(now)
	}
	d.arm(d.deadline())
}

// offer publishes the state now, or later if the last one was published too recently.
func (d *Device) offer(now time.Time) {
	if d.model.OnChange && slices.Equal(d.values, d.published) {
		d.pace.Drop()
		return
	}
	if !d.pace.Take(now, d.model.MinInterval) {
		d.arm(d.pace.Due(d.model.MinInterval))
		return
	}
	d.publish(now)
}

// publish puts the state, and the values that the mapping publishes on topics of their own, into the outlet.
func (d *Device) publish(now time.Time) {
	payload := d.appendState(make([]byte, 0, d.lastOut+16))
	d.lastOut = len(payload)
	d.relay.outlet.put(outgoing{topic: d.topics.state, payload: payload, retain: true})
	if d.model.Topic != "" {
		d.relay.outlet.put(outgoing{topic: d.model.Topic, payload: payload, retain: true})
	}
	for i, f := range d.model.Fields {
		if f.Topic == "" || d.model.OnChange && d.states > 0 && d.values[i] == d.published[i] {
			continue
		}
		d.relay.outlet.put(outgoing{topic: f.Topic, payload: d.bare(i), retain: true})
	}
	d.states++
	copy(d.published, d.values)
	d.pace.Done(now)
}

// tell sends the retained messages of the device to one publisher. The state is not a new reading.
func (d *Device) tell(to Publisher) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.detached {
		return
	}
	put := func(topic string, payload []byte) {
		d.relay.outlet.put(outgoing{topic: topic, payload: payload, retain: true, volatile: true, detail: only(to)})
	}
	if model, err := json.Marshal(d.model); err == nil { // already published before
		put(d.topics.model, model)
	}
	availability := "offline"
	if d.online {
		availability = "online"
	}
	put(d.topics.availability, []byte(availability))
	state := d.appendState(nil)
	put(d.topics.state, state)
	if d.model.Topic != "" {
		put(d.model.Topic, state)
	}
	for i, f := range d.model.Fields {
		if f.Topic != "" {
			put(f.Topic, d.bare(i))
		}
	}
}

// bare is the value of a field by itself.
func (d *Device) bare(field int) []byte {
	if d.values[field].IsNull() {
		return []byte("null") // an empty message would only delete the retained one: screens would keep the old value
	}
	return d.values[field].AppendText(nil, d.model.Fields[field].Decimals)
}

// appendState appends {"ts":…,"temperature":21.5,…}, in the order of the model.
func (d *Device) appendState(b []byte) []byte {
	b = append(b, `{"ts":`...)
	b = strconv.AppendInt(b, d.ts.UnixMilli(), 10)
	for i, v := range d.values {
		if d.model.Fields[i].Hidden {
			continue
		}
		b = append(b, d.keys[i]...)
		b = v.AppendJSON(b, d.model.Fields[i].Decimals)
	}
	return append(b, '}')
}
