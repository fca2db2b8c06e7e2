package gateway

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Notify tells the service manager how the gateway is, if there is one that wants to know (sd_notify(3)).
func Notify(states ...string) {
	_, _ = daemon.SdNotify(false, strings.Join(states, "\n")) // a manager that does not listen is its own affair
}

// Watchdog tells the service manager that the gateway lives, until ctx ends: only while the broker delivers a message
// to itself and the owner of every port does something. Otherwise the manager starts it anew. current gives the
// gateway that runs now.
func Watchdog(ctx context.Context, current func() *Gateway, log *slog.Logger) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every == 0 {
		return
	}
	// Twice in the time, each with half of it: one slow answer is none too many.
	tick := time.NewTicker(every / 2)
	defer tick.Stop()
	for {
		if err := alive(ctx, current(), every/2); err == nil {
			Notify(daemon.SdNotifyWatchdog)
		} else if ctx.Err() == nil {
			log.Error("the gateway stands still; the service manager will start it anew", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// alive says whether the gateway does its work, within patience.
func alive(ctx context.Context, g *Gateway, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return errors.Join(g.Broker.Pulse(ctx), g.Ports.Pulse(ctx))
}
