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
	"time"

	"minirelay/api"
	"minirelay/broker"
	"minirelay/configs"
	"minirelay/devices"
	"minirelay/relay"
	"minirelay/web"
)

// StopTime is how long a gateway may take to stop: the command on the wire gets its answer or an unknown end.
const StopTime = 5 * time.Second

// Gateway is a running relay between its broker and its ports. Outlets start before inlets: the broker takes
// messages before it serves anyone, and ports open last. They stop in reverse.
type Gateway struct {
	config    atomic.Pointer[configs.Config] // in use
	log       *slog.Logger
	build     Build
	Broker    *broker.Broker
	relay     *relay.Relay
	Upstreams *upstreams
	Ports     *devices.Ports
	apis      []*api.Server
	local     *http.Server // the API for this machine; nil: it could not be served
}

// Start starts everything and returns once clients can connect. The ports are being tried then. The API
// tells of s.
func Start(config *configs.Config, build Build, s *ConfigState, log *slog.Logger) (*Gateway, error) {
	// A disk that takes nothing more is no reason not to run, unless something must be written before.
	unusable := os.MkdirAll(config.Gateway.DataDir, 0o700)
	b, err := broker.New(config.Broker, log)
	if err != nil {
		return nil, ExplainDisk(err, unusable, config.Gateway.DataDir)
	}
	g := &Gateway{log: log, build: build, Broker: b}
	g.config.Store(config)
	g.relay, err = relay.Start(relayConfig(config, build), b, log)
	if errors.Is(err, relay.ErrInUse) {
		return nil, userError{"another gateway runs with the data directory " + config.Gateway.DataDir,
			"stop that one first (systemctl stop minirelay), or set another [gateway] data_dir"}
	}
	if err != nil {
		return nil, err
	}
	g.Upstreams = newUpstreams(g.relay, log)
	g.Ports = devices.New(g.relay, log)
	g.serveHTTP(s)
	b.HandleHTTP("/", web.Handler(g.PlainPort))
	if err := b.Start(handler{g.relay}); err != nil {
		return nil, errors.Join(err, g.relay.Close(), g.Upstreams.stop(context.Background()))
	}
	err = g.Upstreams.apply(config.Upstreams)
	if err == nil {
		err = g.Ports.Apply(config.Devices)
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), StopTime)
		defer cancel()
		return nil, errors.Join(err, g.Stop(ctx))
	}
	g.serveLocally(s)
	return g, nil
}

// ExplainDisk gives err, with what to try where the data directory is to blame. unusable is why it could not be made.
func ExplainDisk(err, unusable error, dir string) error {
	switch {
	case unusable != nil:
		return userError{fmt.Sprintf("the data directory cannot be used: %v", unusable),
			"set [gateway] data_dir to a directory that this user may write to, or make it: sudo install -d -o $USER " + dir}
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return userError{err.Error(), "free some space on the disk of " + dir + ", or set another [gateway] data_dir"}
	}
	return err
}

func relayConfig(c *configs.Config, build Build) relay.Config {
	return relay.Config{Root: c.Gateway.Root, Gateway: c.Gateway.ID, Name: c.Gateway.Name, Version: build.Version,
		Order: deviceOrder(c), DataDir: c.Gateway.DataDir, Remember: c.Gateway.Remember}
}

// deviceOrder is the order of the config, in which people see the devices.
func deviceOrder(c *configs.Config) []string {
	ids := make([]string, len(c.Devices.Devices))
	for i, d := range c.Devices.Devices {
		ids[i] = d.ID
	}
	return ids
}

// Stop ends everything: first nothing new is accepted, then what is on the wire ends, then its results go out.
func (g *Gateway) Stop(ctx context.Context) error {
	g.relay.Stopping()
	if g.local != nil {
		_ = g.local.Close()
	}
	err := errors.Join(g.Ports.Close(ctx), g.relay.Close(), g.Upstreams.stop(ctx), g.Broker.Stop(ctx))
	for _, a := range g.apis {
		a.Wait()
	}
	return err
}

// sameIdentity says whether next can be applied to a running gateway. Other topics or another data directory
// make it another gateway.
func (g *Gateway) sameIdentity(next *configs.Config) bool {
	a, b := g.config.Load().Gateway, next.Gateway
	return a.ID == b.ID && a.Root == b.Root && a.DataDir == b.DataDir && a.Remember == b.Remember
}

// apply changes what differs in next and leaves the rest undisturbed. After an error the gateway goes on with
// what it had.
func (g *Gateway) apply(next *configs.Config) error {
	if err := g.Broker.Reload(next.Broker); err != nil {
		return err
	}
	old := g.config.Load()
	g.relay.Arrange(deviceOrder(next)) // first: clients ask for it when a new device shows
	if err := g.Ports.Apply(next.Devices); err != nil {
		g.relay.Arrange(deviceOrder(old))
		return errors.Join(err, g.Broker.Reload(old.Broker), g.Ports.Apply(old.Devices))
	}
	if err := g.Upstreams.apply(next.Upstreams); err != nil {
		g.relay.Arrange(deviceOrder(old))
		return errors.Join(err, g.Broker.Reload(old.Broker), g.Ports.Apply(old.Devices), g.Upstreams.apply(old.Upstreams))
	}
	g.relay.Rename(next.Gateway.Name)
	g.config.Store(next)
	return nil
}

// handler hands the broker's messages to the relay.
type handler struct{ relay *relay.Relay }

func (h handler) Handle(m broker.Message) bool {
	return h.relay.Handle(relay.Message{Topic: m.Topic, Payload: m.Payload, Retain: m.Retain, Dup: m.Dup,
		User: m.User, Role: m.Role, Devices: m.Devices, Client: m.Client, Respond: m.ResponseTopic, Correlation: m.Correlation})
}

func (h handler) Subscribed(user, client, filter string) { h.relay.Subscribed(user, filter) }
