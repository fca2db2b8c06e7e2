package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"

	"minirelay/api"
	"minirelay/broker"
	"minirelay/configs"
	"minirelay/devices"
	"minirelay/relay"
	"minirelay/web"
)

// core is everything that runs for one identity of a gateway: its id, its root and its data directory. Outlets start
// before inlets: the broker accepts messages before it serves clients, and ports open last. They stop in reverse order.
type core struct {
	config    atomic.Pointer[configs.Config] // in use
	log       *slog.Logger
	options   Options
	instance  instance
	broker    *broker.Broker
	relay     *relay.Relay
	upstreams *upstreams
	ports     *devices.Ports
	apis      []*api.Server
	local     *http.Server // the API for this machine; nil: it could not be served
}

// startCore starts everything and returns once clients can connect. The ports are opened after that. The API shows the
// configuration in s.
func startCore(config *configs.Config, options Options, s *configState) (*core, error) {
	log := options.Log
	// A full disk must not prevent the start, unless something has to be written first.
	unusable := os.MkdirAll(config.Gateway.DataDir, 0o700)
	b, err := broker.New(brokerConfig(config), log)
	if err != nil {
		return nil, explainDisk(err, unusable, config.Gateway.DataDir)
	}
	c := &core{log: log, options: options, broker: b, instance: loadInstance("/", config.Gateway.DataDir, log)}
	c.config.Store(config)
	c.relay, err = relay.Start(relayConfig(config, options.Build, c.instance), b, log)
	if errors.Is(err, relay.ErrInUse) {
		return nil, userError{"another gateway runs with the data directory " + config.Gateway.DataDir,
			"stop that one first (systemctl stop minirelay), or set another [gateway] data_dir"}
	}
	if err != nil {
		return nil, err
	}
	c.upstreams = newUpstreams(c.relay, c.instance, log)
	c.ports = devices.New(c.relay, log)
	c.serveHTTP(s)
	b.HandleHTTP("/", web.Handler(c.plainPort))
	if err := b.Start(handler{c.relay}); err != nil {
		return nil, errors.Join(err, c.relay.Close(), c.upstreams.stop(context.Background()))
	}
	err = c.upstreams.apply(config.Upstreams, deviceOrder(config))
	if err == nil {
		err = c.ports.Apply(config.Devices)
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), StopTime)
		defer cancel()
		return nil, errors.Join(err, c.stop(ctx))
	}
	c.serveLocally(s)
	return c, nil
}

// explainDisk returns err, with a suggestion if the data directory is the cause. unusable is the error from creating
// it.
func explainDisk(err, unusable error, dir string) error {
	switch {
	case unusable != nil:
		return userError{fmt.Sprintf("the data directory cannot be used: %v", unusable),
			"set [gateway] data_dir to a directory that this user may write to, or make it: sudo install -d -o $USER " + dir}
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return userError{err.Error(), "free some space on the disk of " + dir + ", or set another [gateway] data_dir"}
	}
	return err
}

func relayConfig(c *configs.Config, build Build, who instance) relay.Config {
	return relay.Config{Root: c.Gateway.Root, Gateway: c.Gateway.ID, Instance: who.id, Name: c.Gateway.Name, Version: build.Version,
		Order: deviceOrder(c), DataDir: c.Gateway.DataDir, Remember: c.Gateway.Remember}
}

// deviceOrder returns the devices in the order of the config, in which users see them.
func deviceOrder(c *configs.Config) []string {
	ids := make([]string, len(c.Devices.Devices))
	for i, d := range c.Devices.Devices {
		ids[i] = d.ID
	}
	return ids
}

// stop ends everything: first the inlets close, then the commands on the wire end, then their results go out.
func (c *core) stop(ctx context.Context) error {
	c.relay.Stopping()
	if c.local != nil {
		_ = c.local.Close()
	}
	err := errors.Join(c.ports.Close(ctx), c.relay.Close(), c.upstreams.stop(ctx), c.broker.Stop(ctx))
	for _, a := range c.apis {
		a.Wait()
	}
	return err
}

// sameIdentity reports whether next can be applied to c. A new value of any of the fields compared here needs another
// core.
func (c *core) sameIdentity(next *configs.Config) bool {
	a, b := c.config.Load().Gateway, next.Gateway
	return a.ID == b.ID && a.Root == b.Root && a.DataDir == b.DataDir && a.Remember == b.Remember
}

// change applies next to c, part by part, and does not disturb unchanged parts. After an error the later parts are
// unchanged: the caller changes everything back.
func (c *core) change(next *configs.Config) error {
	if err := c.broker.Reload(brokerConfig(next)); err != nil {
		return err
	}
	c.relay.Arrange(deviceOrder(next)) // before a new device shows: clients then ask for the order
	if err := c.ports.Apply(next.Devices); err != nil {
		return err
	}
	if err := c.upstreams.apply(next.Upstreams, deviceOrder(next)); err != nil {
		return err
	}
	c.relay.Rename(next.Gateway.Name)
	c.config.Store(next)
	return nil
}

// handler passes the broker's messages to the relay.
type handler struct{ relay *relay.Relay }

func (h handler) Handle(m broker.Message) bool {
	return h.relay.Handle(relay.Message{Topic: m.Topic, Payload: m.Payload, Retain: m.Retain, Dup: m.Dup,
		User: m.User, Role: m.Role, Devices: m.Devices, Client: m.Client, Respond: m.ResponseTopic, Correlation: m.Correlation})
}

func (h handler) Subscribed(user, client, filter string) {
	h.relay.Subscribed(user, func(topic string) bool { return broker.Matches(filter, topic) })
}
