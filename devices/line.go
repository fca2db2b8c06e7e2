package devices

import (
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"minirelay/devices/answers"
	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

const (
	// laneSize is how many commands may wait for one port. At 20 ms each they take about as long as a person waits.
	laneSize = 16

	firstWait = 100 * time.Millisecond // until the first new try to open a port
	longWait  = 5 * time.Second        // the longest such wait; an adapter plugged in meanwhile is opened at once
	lookEvery = 250 * time.Millisecond // between two looks at whether an adapter was plugged in
	proven    = 5 * time.Second        // a port that stayed open for this long does not flap
)

var (
	errChanged = errors.New("the port's settings have changed")
	errDeaf    = errors.New("nothing has answered over this connection")
	errStopped = errors.New("the gateway is stopping")
)

// line is one port with its devices. The goroutine that runs [line.run] owns the stream: it alone opens, writes and
// closes it.
type line struct {
	id       string
	log      *slog.Logger
	open     func(serial.Config) (io.ReadWriteCloser, error)
	identity func(serial.Config) string // the adapter that the path leads to now; see serial.Identity
	lane     *relay.Lane
	pause    func(time.Duration) // waits for at most fineTime
	opened   func()              // is called after each try to open; only the first call counts
	tap      wire.Tap
	judge    judge // of the frames that arrive; it counts in tap
	load     load
	limit    atomic.Int64  // bytes of the longest frame of the current devices
	changed  chan struct{} // holds a token when port may have changed
	stop     chan struct{} // closed: end after the command in flight
	kill     chan struct{} // closed: end now
	done     chan struct{} // closed when run has returned

	heardBytes chan struct{} // holds a token when the inbox may have new bytes
	ping       chan struct{} // received by the owner wherever it waits; see Ports.Pulse
	driver     driverCall    // the call in which the owner cannot receive a ping

	// Only the owner touches these.
	seq int
	out []byte // the command being written

	mu       sync.Mutex // guards everything below; held while a frame is taken
	port     serial.Config
	devices  []*device // in the order of the config; at least one
	inFlight *inFlight // the command in flight; nil: none
	late     answers.Late
	inbox    inbox
	session  *session // nil while the port is closed
	trouble  string   // why the port is not usable, as last logged; "": no reason
	foreign  bool     // the log says that another master sends requests
	hears    bool     // the log says that the adapter receives what it sends
	flapping bool     // the port was lost as soon as it was opened
	said     []func() // what unlock logs
}

func newLine(id string, port serial.Config, log *slog.Logger) *line {
	l := &line{id: id, port: port, log: log.With("port", id), lane: relay.NewLane(laneSize), seq: rand.IntN(codec.MaxSeq),
		changed: make(chan struct{}, 1), stop: make(chan struct{}), kill: make(chan struct{}), done: make(chan struct{}),
		heardBytes: make(chan struct{}, 1), ping: make(chan struct{}), driver: driverCall{born: time.Now()}}
	l.late.Taken = make(chan struct{}, 1)
	l.judge = judge{tap: &l.tap, half: "it may be half a frame: the port has just been opened",
		unknown: "no device on this port has such a frame", doubts: l.doubts}
	return l
}

// run opens the port, serves it until it is lost, and opens it again, until the line is stopped.
func (l *line) run() {
	defer close(l.done)
	defer l.unwatch()
	defer l.opened()
	late := time.AfterFunc(triedAfter, l.opened) // the others need not wait for a driver
	defer late.Stop()
	wait := firstWait
	for !l.stopping() {
		config := l.settings()
		there := l.identity(config)
		l.driver.begin()
		stream, err := l.open(config)
		l.driver.end()
		l.opened()
		if err == nil {
			l.tap.Opened.Add(1)
			s := &session{stream: stream, config: config, framing: l.framing(), opened: time.Now(), gone: make(chan struct{})}
			err = l.serve(s)
			if errors.Is(err, errDeaf) {
				l.flaps() // it is not logged each minute that a port is open behind which nobody answers
				continue
			}
			if errors.Is(err, errChanged) {
				continue
			}
			if s.good || time.Since(s.opened) >= proven {
				wait = firstWait
			} else if !l.stopping() {
				err = &serial.Error{What: "the port is lost as soon as it is opened: " + err.Error(), Err: err,
					Try: "check the cable and the power supply of the board"}
				l.flaps()
			}
		}
		if l.stopping() {
			return
		}
		l.note(err)
		if !l.waitToOpen(wait, func() bool { return l.identity(config) != there }) {
			wait = min(2*wait, longWait)
		} else {
			wait = firstWait
		}
	}
}

// serve reads and writes an opened stream until it breaks, or the port is stopped or changed, and closes it. The error
// is the reason.
func (l *line) serve(s *session) error {
	l.mu.Lock()
	l.session = s
	l.beginLoad(s.config)
	l.inbox = inbox{}
	first := l.devices[0]
	for _, m := range l.devices {
		if len(m.config.Fields) == 0 {
			m.device.Seen(s.opened) // it sends no readings by itself
		}
	}
	steady := !l.flapping
	if steady {
		l.trouble = ""
	}
	l.showState()
	l.unlock()
	if steady {
		l.logOpen(s.config)
	}

	var err error
	if first.poller != nil {
		go l.listen(s)
		err = l.workPolled(s)
	} else {
		go l.read(s, first.framer(wire.TappedReader{Reader: s.stream, Tap: &l.tap}, &l.tap))
		err = l.work(s)
	}
	l.driver.begin()
	cerr := s.stream.Close()
	l.driver.end()
	if cerr != nil && err == nil {
		err = cerr
	}
	<-s.gone

	l.mu.Lock()
	l.session = nil
	l.endLoad(s.config)
	for _, m := range l.devices {
		m.device.Lost(err.Error())
	}
	l.unlock()
	l.refuseWaiting()
	return err
}

// work executes commands to devices that talk by themselves until the session ends. The error is the reason.
func (l *line) work(s *session) error {
	puzzling := time.NewTicker(l.patience())
	defer puzzling.Stop()
	before := l.tap.Bytes.Load()
	for {
		switch {
		case l.stopping():
			return errStopped
		case s.ended():
			return s.err
		case l.outdated(s):
			return errChanged
		}
		if t := l.lane.Take(); t != nil {
			if err := l.execute(t, s); err != nil {
				return err
			}
			continue
		}
		select {
		case <-l.stop:
		case <-s.gone:
		case <-l.changed:
		case <-l.lane.Ready():
		case <-puzzling.C:
			if n := l.tap.Bytes.Load() - before; n > 0 {
				l.notePuzzle(s, n)
				puzzling.Stop()
			}
		case <-l.ping:
		}
	}
}

// patience is how long none of the devices may be heard before they are offline.
func (l *line) patience() time.Duration {
	l.mu.Lock()
	defer l.unlock()
	longest := proven
	for _, m := range l.devices {
		longest = max(longest, m.config.OfflineAfter)
	}
	return longest
}

// notePuzzle logs that bytes have come since the port was opened, and no valid frame. Without that, a wrong speed looks
// like a board that is not there.
func (l *line) notePuzzle(s *session, bytes uint64) {
	l.mu.Lock()
	good := s.good
	l.unlock()
	if !good {
		l.log.Warn("bytes arrive, but no device of this port understands them", "bytes", bytes,
			"hint", "check the speed and parity of the port, and the codec: minirelay scan "+s.config.Place()+" tries them")
	}
}

// waitToOpen waits for wait at most before the next try to open. It returns true early if an adapter was plugged in or
// the settings have changed.
func (l *line) waitToOpen(wait time.Duration, plugged func() bool) bool {
	next := time.NewTimer(wait)
	defer next.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-l.stop:
			return false
		case <-l.changed:
			return true
		case <-l.lane.Ready():
			l.refuseWaiting()
		case <-l.ping:
		case <-next.C:
			return false
		case <-look.C:
			if plugged() {
				return true
			}
		}
	}
}

// refuseWaiting rejects the commands that were accepted before the port was lost: no command waits for a device to come
// back.
func (l *line) refuseWaiting() {
	l.lane.Refuse(nil, relay.CodeOffline, portLost)
}

func (l *line) stopping() bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
	}
}

func (l *line) settings() serial.Config {
	l.mu.Lock()
	defer l.unlock()
	return l.port
}

// note logs why the port cannot be used, once for each reason.
func (l *line) note(err error) {
	l.mu.Lock()
	known := l.trouble == err.Error()
	l.trouble = err.Error()
	l.showState()
	l.unlock()
	if known {
		return
	}
	var e *serial.Error
	if errors.As(err, &e) && e.Try != "" {
		l.log.Warn("port is not usable", "error", e.What, "hint", e.Try)
		return
	}
	l.log.Warn("port is not usable", "error", err)
}

// flaps notes that the port was lost before a valid frame came.
func (l *line) flaps() {
	l.mu.Lock()
	l.flapping = true
	l.unlock()
}

// logOpen logs that the port works. For a port that is opened and lost in turns it is called only after the first valid
// frame: otherwise it would fill the log.
func (l *line) logOpen(port serial.Config) { l.log.Info("port is open", "path", port.Place()) }

// unlock releases mu, then logs what was said meanwhile: nothing may wait for the log.
func (l *line) unlock() {
	said := l.said
	l.said = nil
	l.mu.Unlock()
	for _, log := range said {
		log()
	}
}

// close asks the line to end after the command in flight. Commands that wait or still arrive are rejected with code and
// message.
func (l *line) close(code relay.Code, message string) {
	l.lane.Close(code, message)
	close(l.stop)
}

// outdated reports whether the port must be opened again: its settings or its framing have changed.
func (l *line) outdated(s *session) bool { return l.settings() != s.config || l.framing() != s.framing }

// framing returns the name of the way in which the frames of the line are cut.
func (l *line) framing() string {
	l.mu.Lock()
	defer l.unlock()
	return l.devices[0].framing
}

// reopen gives the port new settings, with which it is opened again.
func (l *line) reopen(port serial.Config) {
	l.mu.Lock()
	l.port = port
	l.trouble, l.flapping = "", false
	l.unlock()
	l.wake()
}

// wake makes the owner check what has changed.
func (l *line) wake() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// remap gives the line its devices, between two frames. Devices with an equal description are not affected. Devices
// that are no longer listed are left to the caller: they may have moved to another line.
func (l *line) remap(devices []mapping.DeviceConfig, r *relay.Relay) {
	l.mu.Lock()
	defer l.unlock()
	before := l.devices
	l.devices = make([]*device, 0, len(devices))
	limit := 0
	for _, c := range devices {
		limit = max(limit, c.MaxFrame)
		i := slices.IndexFunc(before, func(m *device) bool { return reflect.DeepEqual(m.config, c) })
		if i >= 0 {
			l.devices = append(l.devices, before[i])
			continue
		}
		m := compile(c, &l.tap)
		m.carryOver(before)
		model := modelOf(c)
		if m.computed != nil {
			model.Derive = m.computed.Derive
		}
		if old := renamed(before, c); old != nil {
			m.device = r.Relabel(old.device, model)
		} else {
			m.device = r.Attach(model, l.lane)
		}
		l.devices = append(l.devices, m)
		if l.session != nil && len(c.Fields) == 0 {
			m.device.Seen(time.Now())
		}
	}
	l.limit.Store(int64(limit))
	if l.session != nil {
		l.wake()
	}
}
