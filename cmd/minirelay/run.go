package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"strings"

	"minirelay/configs"
	"minirelay/gateway"
	"minirelay/locale"
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
// calls ready, if not nil, once clients can connect and every port has been tried. Neither a log nor an output that
// nobody reads stops it.
func serve(ctx context.Context, env *env, path string, ready func(*gateway.Gateway)) error {
	changed, stopWatching := gateway.Watch(path) // watch before loading, so that no change is missed
	defer stopWatching()
	config, err := loadConfig(env, path, configs.Load)
	if err != nil {
		return err
	}
	defer surviveClosedPipes()()
	onTerminal := isTerminal(env.stdout)
	stdout := env.stdout
	lines, screen := newUnread(env.stderr), newUnread(behind(stdout))
	env.stdout = locale.NewScreen(screen)
	defer func() { screen.close(); lines.close(); env.stdout = stdout }()
	level := new(slog.LevelVar)
	log := newLog(lines, config.Log, level)
	lines.tell(func(n uint64) { log.Warn("lines of the log were dropped, because nothing read it", "lines", n) })
	limitMemory("/", log)

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	reload, endHangups := hangups(func() { log.Warn("the terminal was closed"); stop() })
	defer endHangups()
	options := gateway.Options{Path: path, Build: gatewayBuild(), Log: log, Level: level, Unread: lines.state}
	return gateway.Run(ctx, config, options, gateway.Triggers{Changed: changed, Hangup: reload, Ready: func(g *gateway.Gateway) {
		fmt.Fprintln(env.stdout, "ready", strings.Join(g.Addresses(), " "))
		if ready != nil {
			ready(g)
		} else if onTerminal && !g.OnlyHere() {
			fmt.Fprint(behind(env.stdout), phoneCode(g, env.lang))
		}
	}})
}
