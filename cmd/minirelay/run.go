package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"

	"minirelay/configs"
	"minirelay/gateway"
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
func serve(ctx context.Context, env *env, path string, ready func(*gateway.Gateway)) error {
	reload, stopWatching := gateway.Watch(path) // before it is read: no change falls between
	defer stopWatching()
	config, err := loadConfig(env, path)
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	log := newLog(env.stderr, config.Log, level)
	gateway.Warn(log, config)

	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)

	s := gateway.NewConfigState(path)
	g, err := gateway.Start(config, gatewayBuild(), s, log)
	if err != nil {
		return err
	}
	defer func() { gateway.Stop(g, log) }()
	var running atomic.Pointer[gateway.Gateway]
	running.Store(g)
	watch, stopWatch := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { gateway.Watchdog(watch, running.Load, log) })
	defer func() { stopWatch(); watching.Wait() }()
	tried := g.Ports.Tried()
	for {
		select {
		case <-ctx.Done():
			gateway.Notify(daemon.SdNotifyStopping)
			log.Info("stopping")
			return nil
		case <-tried:
			tried = nil
			announce(g, env)
			if ready != nil {
				ready(g)
			} else if isTerminal(env.stdout) && !g.OnlyHere() {
				fmt.Fprint(env.stdout, phoneCode(g))
			}
		case <-reload:
			g, err = gateway.Reload(g, s, level, log)
		case <-hangup:
			g, err = gateway.Reload(g, s, level, log)
		}
		if err != nil {
			return err
		}
		running.Store(g)
		if tried != nil {
			tried = g.Ports.Tried() // of the gateway that runs now
		}
	}
}

// announce tells systemd and whoever reads stdout that clients can connect and every port has been tried.
func announce(g *gateway.Gateway, env *env) {
	addresses := strings.Join(g.Addresses(), " ")
	gateway.Notify(daemon.SdNotifyReady, "STATUS=serving "+addresses)
	fmt.Fprintln(env.stdout, "ready", addresses)
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
