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
	strict := flags.Bool("strict", false, "end if the config cannot be used, instead of running with the last good one")
	if err := parseFlags(flags, env, args); err != nil {
		return err
	}
	return serve(ctx, env, configPath(*path), *strict, nil)
}

// serve runs the gateway of the config at path until ctx ends, and applies the config again whenever it changes. It
// calls ready, if not nil, once clients can connect and every port has been tried. Neither a log nor an output that
// nobody reads stops it. If the config cannot be used, the one that was in use last is, unless strict is true.
func serve(ctx context.Context, env *env, path string, strict bool, ready func(*gateway.Gateway)) error {
	changed, stopWatching := gateway.Watch(path) // watch before loading, so that no change is missed
	defer stopWatching()
	config, fallback, err := loadAny(env, path, strict)
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
	options := gateway.Options{Path: path, Build: gatewayBuild(), Log: log, Level: level, Unread: lines.state,
		Strict: strict, Fallback: fallback}
	return gateway.Run(ctx, config, options, gateway.Triggers{Changed: changed, Hangup: reload, Ready: func(g *gateway.Gateway) {
		fmt.Fprintln(env.stdout, "ready", strings.Join(g.Addresses(), " "))
		if ready != nil {
			ready(g)
		} else if onTerminal && !g.OnlyHere() {
			fmt.Fprint(behind(env.stdout), phoneCode(g, env.lang))
		}
	}})
}

// loadAny loads the config at path or, if it cannot be used and strict is false, the one that was in use last. fallback is
// nil if it is the one at path.
func loadAny(env *env, path string, strict bool) (config *configs.Config, fallback *gateway.Fallback, err error) {
	text := configs.Read(path)
	config, err = text.Load()
	if err != nil && !strict {
		if last, f, ok := gateway.LastGood(text, err); ok {
			return last, f, nil
		}
	}
	if err != nil {
		return nil, nil, explainFaults(env, err)
	}
	return config, nil, nil
}
