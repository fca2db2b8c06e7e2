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
	"syscall"

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

// serve runs the gateway of the config at path until ctx ends, and applies the config again whenever it changes. It
// calls ready, if not nil, once clients can connect and every port has been tried.
func serve(ctx context.Context, env *env, path string, ready func(*gateway.Gateway)) error {
	changed, stopWatching := gateway.Watch(path) // watch before loading, so that no change is missed
	defer stopWatching()
	config, err := loadConfig(env, path, configs.Load)
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	log := newLog(env.stderr, config.Log, level)
	limitMemory("/", log)
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	options := gateway.Options{Path: path, Build: gatewayBuild(), Log: log, Level: level}
	return gateway.Run(ctx, config, options, gateway.Triggers{Changed: changed, Hangup: hangup, Ready: func(g *gateway.Gateway) {
		fmt.Fprintln(env.stdout, "ready", strings.Join(g.Addresses(), " "))
		if ready != nil {
			ready(g)
		} else if isTerminal(env.stdout) && !g.OnlyHere() {
			fmt.Fprint(behind(env.stdout), phoneCode(g, env.lang))
		}
	}})
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
