package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"

	"minirelay/configs"
)

// runGateway is `minirelay run`: the gateway, until ctx ends.
func runGateway(ctx context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	path := configFlag(flags)
	if err := parseFlags(flags, env, args); err != nil {
		return err
	}
	return serve(ctx, env, configPath(*path), nil)
}

// serve runs the gateway of the config at path until ctx ends, applying the config again whenever it changes.
// It calls ready, if there is one, once clients can connect and every port has been tried.
func serve(ctx context.Context, env *env, path string, ready func(*gateway)) error {
	reload, stopWatching := watchConfig(path) // before it is read: no change falls between
	defer stopWatching()
	config, err := loadConfig(env, path)
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	log := newLog(env.stderr, config.Log, level)
	warn(log, config)

	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)

	s := newStanding(path)
	g, err := startGateway(config, s, log)
	if err != nil {
		return err
	}
	defer func() { stopGateway(g, log) }()
	var running atomic.Pointer[gateway]
	running.Store(g)
	watch, stopWatch := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { watchdog(watch, running.Load, log) })
	defer func() { stopWatch(); watching.Wait() }()
	tried := g.ports.Tried()
	for {
		select {
		case <-ctx.Done():
			notify(daemon.SdNotifyStopping)
			log.Info("stopping")
			return nil
		case <-tried:
			tried = nil
			announce(g, env)
			if ready != nil {
				ready(g)
			} else if isTerminal(env.stdout) && !g.onlyHere() {
				fmt.Fprint(env.stdout, g.phoneCode())
			}
		case <-reload:
			g, err = reconfigure(g, s, level, log)
		case <-hangup:
			g, err = reconfigure(g, s, level, log)
		}
		if err != nil {
			return err
		}
		running.Store(g)
		if tried != nil {
			tried = g.ports.Tried() // of the gateway that runs now
		}
	}
}

// announce tells systemd and whoever reads stdout that clients can connect and every port has been tried.
func announce(g *gateway, env *env) {
	addresses := strings.Join(g.addresses(), " ")
	notify(daemon.SdNotifyReady, "STATUS=serving "+addresses)
	fmt.Fprintln(env.stdout, "ready", addresses)
}

// stopGateway stops g, if there is one, and says if that went wrong.
func stopGateway(g *gateway, log *slog.Logger) {
	if g == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := g.stop(ctx); err != nil {
		log.Error("the gateway did not stop cleanly", "error", err)
	}
}

// reconfigure applies the config of s to g and gives the gateway that runs afterwards. A config with a fault
// changes nothing. An error means that no gateway runs any more.
func reconfigure(g *gateway, s *standing, level *slog.LevelVar, log *slog.Logger) (*gateway, error) {
	next, err := configs.Load(s.path)
	if err != nil {
		logFaults(log, err)
		return g, nil
	}
	if reflect.DeepEqual(next, g.config.Load()) {
		s.used()
		log.Info("the configuration is sound and has not changed")
		return g, nil
	}
	warn(log, next)
	before := g.addresses()
	if !g.sameIdentity(next) {
		g, err = restart(g, next, s, log)
	} else if err := g.apply(next); err != nil {
		s.unused(err)
		logUnused(log, err)
		return g, nil
	}
	if g != nil && g.config.Load() == next {
		s.used()
		level.Set(next.Log.SlogLevel())
		log.Info("the new configuration is in use")
		if now := g.addresses(); !slices.Equal(now, before) {
			notify("STATUS=serving " + strings.Join(now, " "))
			log.Info("clients connect at other addresses now", "addresses", strings.Join(now, " "))
		}
	}
	return g, err
}

// restart replaces g by a gateway with other topics or another data directory, or by itself again if that one
// does not start.
func restart(g *gateway, next *configs.Config, s *standing, log *slog.Logger) (*gateway, error) {
	log.Info("the gateway's identity has changed: starting anew")
	old := g.config.Load()
	stopGateway(g, log)
	g, err := startGateway(next, s, log)
	if err == nil {
		return g, nil
	}
	s.unused(err)
	logUnused(log, err)
	return startGateway(old, s, log)
}

// newLog writes text or JSON lines to w.
func newLog(w io.Writer, c configs.LogConfig, level *slog.LevelVar) *slog.Logger {
	level.Set(c.SlogLevel())
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	if os.Getenv("JOURNAL_STREAM") != "" {
		return slog.New(newJournal(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

func warn(log *slog.Logger, config *configs.Config) {
	for _, w := range config.Warnings {
		log.Warn(w.What, "at", w.Position(), "hint", w.Try)
	}
}

// logUnused says why a sound config cannot be used, and what to try.
func logUnused(log *slog.Logger, err error) {
	what, try, _ := describe(err)
	log.Error("the new configuration cannot be used; going on with the last good one", "error", what, "hint", try)
}

// logFaults says each fault of a config that is not used, one line each.
func logFaults(log *slog.Logger, err error) {
	var faults *configs.Faults
	if !errors.As(err, &faults) {
		log.Error("the configuration cannot be read; going on with the last good one", "error", err)
		return
	}
	for _, f := range faults.List {
		log.Error(f.What, "at", f.Position(), "hint", f.Try)
	}
	log.Error("the configuration has faults; going on with the last good one", "faults", len(faults.List))
}
