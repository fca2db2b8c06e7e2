package gateway

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notify reports states to the service manager, if there is one (sd_notify(3)).
func notify(states ...string) {
	_, _ = daemon.SdNotify(false, strings.Join(states, "\n")) // without a manager there is nothing to do
}

// watchdog reports to the service manager that the gateway works, until ctx ends. It does so only while the broker
// delivers a message to itself and the owner of every port responds. Without these reports the manager restarts the
// program.
func (g *Gateway) watchdog(ctx context.Context) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every == 0 {
		return
	}
	// Two checks per interval, each with half of it: one slow answer is permitted.
	tick := time.NewTicker(every / 2)
	defer tick.Stop()
	for {
		if err := g.core.Load().pulse(ctx, every/2); err == nil {
			notify(daemon.SdNotifyWatchdog)
		} else if ctx.Err() == nil {
			g.options.Log.Error("the gateway does not respond; the service manager will restart it", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// pulse returns nil if the core responds within patience.
func (c *core) pulse(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return errors.Join(c.broker.Pulse(ctx), c.ports.Pulse(ctx))
}
