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
	// A check may take a quarter of the interval and follows a quarter after the last one, or at once if that one
	// failed: two failures in a row are permitted.
	wait := time.NewTimer(0)
	defer wait.Stop()
	for missed := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		err := g.core.Load().pulse(ctx, every/4)
		switch {
		case err == nil:
			notify(daemon.SdNotifyWatchdog)
			missed = 0
			wait.Reset(every / 4)
			continue
		case ctx.Err() != nil:
			return
		case missed == 0:
			g.options.Log.Warn("the gateway did not respond; it is asked again", "error", err)
		case missed == 1:
			g.options.Log.Error("the gateway does not respond; the service manager will restart it", "error", err)
		}
		missed++
		wait.Reset(every / 100) // a failure may come at once
	}
}

// pulse returns nil if the core responds within patience.
func (c *core) pulse(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return errors.Join(c.broker.Pulse(ctx), c.ports.Pulse(ctx))
}
