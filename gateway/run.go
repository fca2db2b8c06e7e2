package gateway

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/coreos/go-systemd/v22/daemon"

	"minirelay/configs"
)

// Triggers are the channels that make [Run] read the configuration again, and its callback. Each may be left out.
type Triggers struct {
	Changed <-chan Change    // from [Watch]
	Hangup  <-chan os.Signal // SIGHUP
	Ready   func(*Gateway)   // is called once clients can connect and every port has been tried
}

// Run serves config until ctx ends, and reads it again at each trigger: see [Gateway.Reload]. It reports to systemd if
// systemd has started the program. The error is the reason why no gateway runs.
func Run(ctx context.Context, config *configs.Config, options Options, on Triggers) error {
	g, config, err := startAny(config, options)
	if err != nil {
		return err
	}
	defer g.keeping.Wait()
	g.logWarnings(config)
	g.logFallback()
	if text := configs.Read(options.Path); g.state.fallen() == nil && sameConfig(text, config) {
		g.keep(text)
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.Background(), StopTime)
		defer cancel()
		if err := g.Stop(stop); err != nil {
			g.options.Log.Error("the gateway did not stop cleanly", "error", err)
		}
	}()
	watch, stopWatch := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { g.watchdog(watch) })
	defer func() { stopWatch(); watching.Wait() }()
	ready := false
	for {
		tried := g.Ready() // of the current core
		if ready {
			tried = nil
		}
		select {
		case <-ctx.Done():
			notify(daemon.SdNotifyStopping)
			g.options.Log.Info("stopping")
			return nil
		case <-tried:
			ready = true
			notify(daemon.SdNotifyReady, "STATUS="+g.serving())
			if on.Ready != nil {
				on.Ready(g)
			}
		case change := <-on.Changed:
			err = g.take(change)
		case <-on.Hangup:
			err = g.Reload()
		}
		if err != nil {
			return err
		}
	}
}

// Reload reads the configuration at [Options].Path again and applies it. If it has a fault, or a part of it cannot be
// used, Reload logs that and changes nothing. The error is [ErrStopped]: the gateway no longer runs.
func (g *Gateway) Reload() error { return g.reload(configs.Read(g.options.Path)) }

// take applies a config that was saved, or logs why it is not used yet.
func (g *Gateway) take(change Change) error {
	if change.Text == nil {
		g.options.Log.Warn("the configuration seems to be half saved; it is used once it is complete, or nothing more comes",
			"reason", change.Doubt, "hint", "if it is meant to be so: systemctl reload minirelay uses it at once")
		return nil
	}
	return g.reload(change.Text)
}

func (g *Gateway) reload(text *configs.Text) error {
	log := g.options.Log
	next, err := text.Load()
	if err != nil {
		g.state.stillBroken(err)
		logFaults(log, err)
		return nil
	}
	fallen := g.state.fallen() != nil
	if reflect.DeepEqual(next, g.Config()) {
		g.state.used()
		g.keep(text)
		log.Info("the configuration is valid and has not changed")
		g.recovered(fallen)
		return nil
	}
	g.logWarnings(next)
	before := g.Addresses()
	if err := g.Apply(next); err != nil {
		g.state.stillBroken(err)
		logUnused(log, err)
		if errors.Is(err, ErrStopped) {
			return err
		}
		return nil
	}
	g.keep(text)
	log.Info("the new configuration is in use")
	g.recovered(fallen)
	if now := g.Addresses(); !slices.Equal(now, before) {
		notify("STATUS=" + g.serving())
		log.Info("clients connect at other addresses now", "addresses", strings.Join(now, " "))
	}
	return nil
}

// recovered notes that the configuration on the disk is in use, if it was not since the start.
func (g *Gateway) recovered(fallen bool) {
	if fallen {
		g.options.Log.Info("the configuration on the disk can be used again")
		notify("STATUS=" + g.serving())
	}
}

// serving is what the service manager shows.
func (g *Gateway) serving() string {
	text := "serving " + strings.Join(g.Addresses(), " ")
	if g.state.fallen() != nil {
		text += " with the last good configuration"
	}
	return text
}

// sameConfig reports whether text is that of config.
func sameConfig(text *configs.Text, config *configs.Config) bool {
	loaded, err := text.Load()
	return err == nil && reflect.DeepEqual(loaded, config)
}

func (g *Gateway) logWarnings(config *configs.Config) {
	for _, w := range config.Warnings {
		g.options.Log.Warn(w.What, "at", w.Position(), "hint", w.Try)
	}
}

// logUnused logs why a valid config cannot be used, and a suggestion.
func logUnused(log *slog.Logger, err error) {
	what, try := Describe(err)
	log.Error("the new configuration cannot be used; the last valid one stays in use", "error", what, "hint", try)
}

// logFaults logs the faults of a config that is not used, one line each.
func logFaults(log *slog.Logger, err error) {
	var faults *configs.Faults
	if !errors.As(err, &faults) {
		log.Error("the configuration cannot be read; the last valid one stays in use", "error", err)
		return
	}
	for _, f := range faults.List {
		log.Error(f.What, "at", f.Position(), "hint", f.Try)
	}
	log.Error("the configuration has faults; the last valid one stays in use", "faults", len(faults.List))
}
