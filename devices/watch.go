package devices

import (
	"errors"

	"minirelay/devices/wire"
)

// ErrNoPort is the error of [Ports.Watch] for a port that does not exist or has no device.
var ErrNoPort = errors.New("there is no such port, or no device is on it")

// Watch shows the wire of a port from now on, beginning with its state. port is its id. The error is [ErrNoPort] or
// [wire.ErrManyWatchers].
func (p *Ports) Watch(port string) (*wire.Watch, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lines {
		if l.id == port && !p.closed {
			return l.watch()
		}
	}
	return nil, ErrNoPort
}

func (l *line) watch() (*wire.Watch, error) {
	l.mu.Lock() // nothing changes between the state and what follows
	defer l.unlock()
	return l.tap.Watch(wire.State{Open: l.session != nil, Trouble: l.trouble})
}

// showState shows to watchers whether the port is open; the line's mu is held.
func (l *line) showState() { l.tap.ShowState(wire.State{Open: l.session != nil, Trouble: l.trouble}) }

// unwatch ends every watch of a line that has ended.
func (l *line) unwatch() { l.tap.End() }
