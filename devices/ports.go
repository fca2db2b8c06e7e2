package devices

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"minirelay/devices/mapping"
	"minirelay/devices/missed"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// handOver is how long [Ports.Apply] waits for the command in flight on a port that is removed.
const handOver = time.Second

// Ports are the running ports with their devices. Its methods may be called from any goroutine.
type Ports struct {
	relay    *relay.Relay
	log      *slog.Logger
	open     func(serial.Config) (io.ReadWriteCloser, error)
	identity func(serial.Config) string
	pause    func(time.Duration)

	untried atomic.Int64 // number of ports of the first Apply that have not been tried
	tried   chan struct{}

	mu      sync.Mutex // guards everything below
	lines   []*line    // in the order of the config
	applied bool
	closed  bool
}

// New returns [Ports] without any port yet. The readings of the boards go to r.
func New(r *relay.Relay, log *slog.Logger) *Ports {
	return &Ports{relay: r, log: log, open: serial.Open, identity: serial.Identity, pause: serial.Pause, tried: make(chan struct{})}
}

// Tried returns a channel that is closed once every port of the first [Ports.Apply] has been tried, with success or
// without.
func (p *Ports) Tried() <-chan struct{} { return p.tried }

// plannedLine is a port with its devices, at least one.
type plannedLine struct {
	port    serial.Config
	devices []mapping.DeviceConfig
}

// Apply makes the ports and devices run as cfg describes them. Unchanged parts are not affected: a port with equal
// settings stays open even if the description of its device changes, and a device with an equal description keeps its
// values. A port without a device is not opened. An error lists the faults of cfg, or says that the ports are closed;
// nothing has changed then. A single fault has what to try as its Hint.
func (p *Ports) Apply(cfg Config) error {
	plan, err := planLines(cfg)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errors.New("the ports are closed")
	}
	before := p.lines
	kept := map[string]*line{}
	var unwanted []*line
	var devices []*relay.Device
	for _, l := range before {
		for _, m := range l.devices {
			devices = append(devices, m.device)
		}
		if _, ok := plan.find(l.id); ok {
			kept[l.id] = l
		} else {
			unwanted = append(unwanted, l)
		}
	}
	for _, pl := range plan {
		if l := kept[pl.port.ID]; l != nil {
			p.change(l, pl)
		}
	}
	closeLines(unwanted)
	p.lines = make([]*line, 0, len(plan))
	var started []*line
	for _, pl := range plan {
		l := kept[pl.port.ID]
		if l == nil {
			l = p.newLine(pl)
			started = append(started, l)
		}
		p.lines = append(p.lines, l)
	}
	for _, d := range devices {
		if !plan.holds(d.Model().Device) {
			d.Detach()
		}
	}
	p.start(started)
	return nil
}

// change gives a running line its new settings and devices.
func (p *Ports) change(l *line, pl plannedLine) {
	if l.settings() != pl.port {
		l.reopen(pl.port)
	}
	l.remap(pl.devices, p.relay)
}

func (p *Ports) newLine(pl plannedLine) *line {
	l := newLine(pl.port.ID, pl.port, p.log)
	l.open, l.identity, l.pause, l.opened = p.open, p.identity, p.pause, func() {}
	l.remap(pl.devices, p.relay)
	return l
}

// start runs lines. Those of the first Apply report when they have been tried.
func (p *Ports) start(lines []*line) {
	if !p.applied {
		p.applied = true
		p.untried.Store(int64(len(lines)))
		if len(lines) == 0 {
			close(p.tried)
		}
		for _, l := range lines {
			l.opened = sync.OnceFunc(func() {
				if p.untried.Add(-1) == 0 {
					close(p.tried)
				}
			})
		}
	}
	for _, l := range lines {
		go l.run()
	}
}

// closeLines ends lines; commands in flight have [handOver] to finish.
func closeLines(lines []*line) {
	for _, l := range lines {
		l.close(relay.CodeUnknownDevice, "the port has been removed from the configuration")
	}
	ctx, cancel := context.WithTimeout(context.Background(), handOver)
	defer cancel()
	_ = awaitLines(ctx, lines) // a command that is cut off gets its own outcome
}

// awaitLines returns when every line has ended. When ctx ends first, the lines are killed, and the error is that of
// ctx.
func awaitLines(ctx context.Context, lines []*line) error {
	var cut error
	for _, l := range lines {
		select {
		case <-l.done:
			continue
		case <-ctx.Done():
			close(l.kill)
			cut = ctx.Err()
		}
	}
	for _, l := range lines {
		if !l.ended() {
			l.log.Error("the port is left behind: " + hungReason)
		}
	}
	return cut
}

// ended waits until the line has ended. It returns false if the line hangs in its driver instead.
func (l *line) ended() bool {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for !l.driver.hung() {
		select {
		case <-l.done:
			return true
		case <-look.C:
		}
	}
	return false
}

// Close ends every port. Waiting commands are rejected with [relay.CodeStopping]; commands in flight may finish until
// ctx ends. Every goroutine has ended when Close returns, except those that hang in the driver of their port. The error
// is that of ctx, if it ended first.
func (p *Ports) Close(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	for _, l := range p.lines {
		l.close(relay.CodeStopping, "the gateway is stopping")
	}
	return awaitLines(ctx, p.lines)
}

// Pulse returns nil once the owner of every port has responded, or waits for a driver: a restart of the gateway would
// not help against a hung driver. A watchdog calls it. The error names a port whose owner has not responded before ctx
// ended.
func (p *Ports) Pulse(ctx context.Context) error {
	p.mu.Lock()
	lines := p.lines
	p.mu.Unlock()
	for _, l := range lines {
		if !l.pulse(ctx) {
			return fmt.Errorf("the owner of port %s does not respond", l.id)
		}
	}
	return nil
}

// pulse reports whether the owner of the line responds before ctx ends.
func (l *line) pulse(ctx context.Context) bool {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for !l.driver.hung() {
		select {
		case l.ping <- struct{}{}:
			return true
		case <-l.done:
			return true
		case <-ctx.Done():
			return false
		case <-look.C:
		}
	}
	return true
}

// PortStats is the state of one port, for a status page.
type PortStats struct {
	Port    string         // id of the port
	Devices []string       // ids of its devices, in the order of the config
	Path    string         // as configured
	Baud    int            // bit/s, as configured
	Open    bool           // whether the port is open
	Trouble string         // why the port is not usable; "" if it is, or has not been tried
	Counts  wire.Counts    // since the port was first configured
	Polls   []Polls        // of the polled devices
	Missed  []missed.Field // fields without a good value
	Busy    time.Duration  // how long the line has been occupied; its growth per time is the load, 0 to 1
	Reckons bool           // whether Busy is known
	Last    time.Time      // when the last byte came; zero: never
}

// Stats returns the state of every port, in the order of the config.
func (p *Ports) Stats() []PortStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []PortStats
	for _, l := range p.lines {
		l.mu.Lock()
		stats := PortStats{Port: l.id, Path: l.port.Place(), Baud: l.port.Baud, Open: l.session != nil, Trouble: l.trouble, Counts: l.tap.Counts()}
		if l.driver.hung() {
			stats.Trouble = hungReason
		}
		stats.Busy, stats.Reckons = l.busy()
		if last := l.tap.Last.Load(); last > 0 {
			stats.Last = time.Unix(0, last)
		}
		for _, m := range l.devices {
			stats.Devices = append(stats.Devices, m.config.ID)
			stats.Missed = append(stats.Missed, m.missing.List(time.Now(), m.poller != nil)...)
			if m.polls != nil {
				stats.Polls = append(stats.Polls, m.polls.polls(m.config.ID))
			}
		}
		all = append(all, stats)
		l.unlock()
	}
	return all
}

type plan []plannedLine

func (p plan) find(port string) (*plannedLine, bool) {
	for i := range p {
		if p[i].port.ID == port {
			return &p[i], true
		}
	}
	return nil, false
}

func (p plan) holds(device string) bool {
	for _, pl := range p {
		for _, d := range pl.devices {
			if d.ID == device {
				return true
			}
		}
	}
	return false
}

// planLines assigns each device to its line. The error lists all faults of cfg.
func planLines(cfg Config) (plan, error) {
	var lines plan
	var faults configError
	for _, d := range cfg.Devices {
		fault := func(what, try string) {
			faults = append(faults, configFault{fmt.Sprintf("device %q: %s", d.ID, what), try})
		}
		for _, problem := range CheckDevice(d) {
			fault(problem.Err().Error(), problem.Try)
		}
		if line, ok := lines.find(d.Port); ok {
			if why := CannotShare(line.devices[0], d); why != "" {
				fault(fmt.Sprintf("the port %q is taken by device %q: %s", d.Port, line.devices[0].ID, why), "give each its own port")
			}
			line.devices = append(line.devices, d)
			continue
		}
		known := false
		for _, port := range cfg.Ports {
			if port.ID == d.Port {
				known = true
				lines = append(lines, plannedLine{port, []mapping.DeviceConfig{d}})
			}
		}
		if !known {
			fault(fmt.Sprintf("there is no port %q", d.Port), fmt.Sprintf("add [ports.%s]", d.Port))
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return lines, nil
}

// configError lists the faults of a [Config]: at least one.
type configError []configFault

type configFault struct{ what, try string }

// Error returns the fault. Of several faults each has a line, with what to try.
func (e configError) Error() string {
	if len(e) == 1 {
		return e[0].what
	}
	var lines []string
	for _, f := range e {
		lines = append(lines, f.what+"; "+f.try)
	}
	return strings.Join(lines, "\n")
}

// Hint returns what to try about a single fault; "" if there are several.
func (e configError) Hint() string {
	if len(e) == 1 {
		return e[0].try
	}
	return ""
}

// Config is everything that package devices needs. Ports and Devices are in the order of the files.
type Config struct {
	Ports   []serial.Config
	Devices []mapping.DeviceConfig
}
