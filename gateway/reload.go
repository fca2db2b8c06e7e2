package gateway

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"

	"minirelay/configs"
)

// Stop stops g, if there is one, and says if that went wrong.
func Stop(g *Gateway, log *slog.Logger) {
	if g == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), StopTime)
	defer cancel()
	if err := g.Stop(ctx); err != nil {
		log.Error("the gateway did not stop cleanly", "error", err)
	}
}

// Reload applies the config of s to g and gives the gateway that runs afterwards. A config with a fault
// changes nothing. An error means that no gateway runs any more.
func Reload(g *Gateway, s *ConfigState, level *slog.LevelVar, log *slog.Logger) (*Gateway, error) {
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
	Warn(log, next)
	before := g.Addresses()
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
		if now := g.Addresses(); !slices.Equal(now, before) {
			Notify("STATUS=serving " + strings.Join(now, " "))
			log.Info("clients connect at other addresses now", "addresses", strings.Join(now, " "))
		}
	}
	return g, err
}

// restart replaces g by a gateway with other topics or another data directory, or by itself again if that one
// does not start.
func restart(g *Gateway, next *configs.Config, s *ConfigState, log *slog.Logger) (*Gateway, error) {
	log.Info("the gateway's identity has changed: starting anew")
	old := g.config.Load()
	build := g.build
	Stop(g, log)
	g, err := Start(next, build, s, log)
	if err == nil {
		return g, nil
	}
	s.unused(err)
	logUnused(log, err)
	return Start(old, build, s, log)
}

func Warn(log *slog.Logger, config *configs.Config) {
	for _, w := range config.Warnings {
		log.Warn(w.What, "at", w.Position(), "hint", w.Try)
	}
}

// logUnused says why a sound config cannot be used, and what to try.
func logUnused(log *slog.Logger, err error) {
	what, try := Describe(err)
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
