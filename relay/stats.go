package relay

import (
	"cmp"
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// Stats are the counters of the relay since its start, and its state now.
type Stats struct {
	Started  time.Time
	Devices  []DeviceStats  // by id
	Commands []CommandCount // by status and code
	Took     Histogram      // of the commands that reached the hardware: from acceptance to result
	Waiting  int            // messages that wait for the publisher
	Refusing string         // why all commands are refused, in one sentence; "" if they are not
}

// DeviceStats is the state of one device.
type DeviceStats struct {
	Device string
	Name   Name
	Online bool
	Since  time.Time // when Online last changed
	Heard  time.Time // arrival of its newest valid frame; zero: never
	States uint64    // published
	State  json.RawMessage
}

// CommandCount is the number of commands with one outcome.
type CommandCount struct {
	Status Status
	Code   Code // "" for done and sent
	Count  uint64
}

// Histogram counts durations. Counts[i] are those of at most Bounds[i] seconds and more than the bound before; the
// last count has no bound.
type Histogram struct {
	Bounds []float64
	Counts []uint64
	Sum    float64 // seconds
}

// bounds of command durations in seconds: a pump answers in milliseconds, a door in seconds, and no timeout exceeds a
// minute.
var bounds = [...]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60}

// counters count outcomes.
type counters struct {
	mu   sync.Mutex
	ends map[CommandCount]uint64 // by Status and Code
	took [len(bounds) + 1]uint64
	sum  float64
}

func (c *counters) add(o Outcome, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ends == nil {
		c.ends = map[CommandCount]uint64{}
	}
	c.ends[CommandCount{Status: o.Status, Code: o.Code}]++
	if o.Status == StatusRejected {
		return
	}
	i, _ := slices.BinarySearch(bounds[:], took.Seconds())
	c.took[i]++
	c.sum += took.Seconds()
}

// Stats returns the counters and the state now.
func (r *Relay) Stats() Stats {
	s := Stats{Started: r.started, Waiting: r.outlet.waiting(), Refusing: r.journal.trouble()}
	r.mu.RLock()
	for _, d := range r.devices {
		s.Devices = append(s.Devices, d.stats())
	}
	r.mu.RUnlock()
	slices.SortFunc(s.Devices, func(a, b DeviceStats) int { return cmp.Compare(a.Device, b.Device) })

	c := &r.counted
	c.mu.Lock()
	defer c.mu.Unlock()
	for end, n := range c.ends {
		end.Count = n
		s.Commands = append(s.Commands, end)
	}
	slices.SortFunc(s.Commands, func(a, b CommandCount) int {
		return cmp.Or(cmp.Compare(a.Status, b.Status), cmp.Compare(a.Code, b.Code))
	})
	s.Took = Histogram{Bounds: bounds[:], Counts: slices.Clone(c.took[:]), Sum: c.sum}
	return s
}

func (d *Device) stats() DeviceStats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return DeviceStats{Device: d.model.Device, Name: d.model.Name, Online: d.online, Since: d.since, Heard: d.heard,
		States: d.states, State: d.appendState(nil)}
}

// waiting is how many messages wait for the publisher.
func (o *outlet) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.queue)
}
