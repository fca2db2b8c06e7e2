package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"minirelay/broker"
	"minirelay/configs"
	"minirelay/status"
)

// StopTime is how long a gateway may take to stop: the command on the wire gets its answer or ends as unknown.
const StopTime = 5 * time.Second

// ErrStopped is the error of a [Gateway] that does not run: it was stopped, or could not be restarted after a
// configuration that failed.
var ErrStopped = errors.New("the gateway is stopped")

// Options are the inputs of a gateway other than its configuration. Each may be left out.
type Options struct {
	Path  string         // of the configuration; the API shows its files, and [Gateway.Reload] reads it again
	Build Build          // the version shown to clients and in metrics
	Log   *slog.Logger   // nil: nothing is logged; its handler must not wait for whoever reads the log
	Level *slog.LevelVar // is set to the level of each configuration that is applied
	// Unread returns how many lines of the log were dropped because nothing read it, and since when nothing has; zero: it
	// is read.
	Unread func() (lines uint64, since time.Time)

	Strict   bool      // [Run] never uses the configuration that was in use last
	Fallback *Fallback // why the configuration is not the one at Path; nil: it is
}

// Build is the version of the program.
type Build struct{ Version, Commit, Go string }

// Gateway is a running gateway. Its methods may be called from any goroutine.
type Gateway struct {
	options Options
	state   *configState
	core    atomic.Pointer[core] // never nil; another one after a change of identity

	newest  atomic.Pointer[configs.Text] // see keep
	keepOne sync.Mutex                   // serializes the writing of kept configurations
	keeping sync.WaitGroup

	changing sync.Mutex // serializes Apply and Stop
	stopped  bool
}

// Start starts the gateway of config and returns once clients can connect. The ports are opened after that: see
// [Gateway.Ready]. The caller must call [Gateway.Stop].
func Start(config *configs.Config, options Options) (*Gateway, error) {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	g := &Gateway{options: options, state: newConfigState(options)}
	c, err := startCore(config, options, g.state)
	if err != nil {
		return nil, err
	}
	g.core.Store(c)
	return g, nil
}

// Config returns the configuration in use.
func (g *Gateway) Config() *configs.Config { return g.core.Load().config.Load() }

// Status returns the current state of every part.
func (g *Gateway) Status() status.Snapshot { return g.core.Load().status(g.state) }

// Addrs returns the addresses that the gateway listens on.
func (g *Gateway) Addrs() broker.Addrs { return g.core.Load().broker.Addrs() }

// Ready returns a channel that is closed once every port has been tried, with or without success. A configuration with
// another identity begins again, with another channel.
func (g *Gateway) Ready() <-chan struct{} { return g.core.Load().ports.Tried() }

// Apply changes the gateway to the configuration next. Unchanged parts are not disturbed; with another id, root or data
// directory everything is restarted. After an error the gateway serves the previous configuration. If even that fails,
// the error is [ErrStopped], and the gateway no longer runs.
func (g *Gateway) Apply(next *configs.Config) error {
	g.changing.Lock()
	defer g.changing.Unlock()
	if g.stopped {
		return ErrStopped
	}
	before := g.Config()
	if err := g.become(next); err != nil {
		g.state.unused(err)
		err = errors.Join(err, g.become(before))
		if g.stopped {
			err = fmt.Errorf("%w: %w", ErrStopped, err)
		}
		return err
	}
	g.state.used()
	if g.options.Level != nil {
		g.options.Level.Set(next.Log.SlogLevel())
	}
	return nil
}

// become applies config, or fails halfway; changing is held.
func (g *Gateway) become(config *configs.Config) error {
	c := g.core.Load()
	if !g.stopped && c.sameIdentity(config) {
		return c.change(config)
	}
	if !g.stopped {
		g.options.Log.Info("the gateway's identity has changed: restarting")
		g.stop(c)
	}
	c, err := startCore(config, g.options, g.state)
	if err != nil {
		return err
	}
	g.core.Store(c)
	g.stopped = false
	return nil
}

// stop ends c, within StopTime; changing is held.
func (g *Gateway) stop(c *core) {
	ctx, cancel := context.WithTimeout(context.Background(), StopTime)
	defer cancel()
	if err := c.stop(ctx); err != nil {
		g.options.Log.Error("the gateway did not stop cleanly", "error", err)
	}
	g.stopped = true
}

// Stop ends everything: first the inlets close, then the commands on the wire end, then their results go out. If ctx
// ends first, Stop cuts commands and connections and returns the error of ctx. A second call does nothing.
func (g *Gateway) Stop(ctx context.Context) error {
	g.changing.Lock()
	defer g.changing.Unlock()
	if g.stopped {
		return nil
	}
	g.stopped = true
	return g.core.Load().stop(ctx)
}
