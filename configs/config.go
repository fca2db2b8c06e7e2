package configs

import (
	"log/slog"
	"path/filepath"
	"time"

	"minirelay/devices/mapping"
	"minirelay/secret"

	"minirelay/devices/serial"

	"minirelay/broker"
	"minirelay/devices"
	"minirelay/relay"
	"minirelay/relay/upstream"
)

// Config is the content of minirelay.toml, with the defaults filled in. [Load] makes one.
type Config struct {
	Gateway   GatewayConfig
	Log       LogConfig
	Metrics   MetricsConfig
	Broker    broker.Config     // with the users, and Root, Gateway and DataDir of the gateway
	Devices   devices.Config    // ports and devices
	Upstreams []upstream.Config // in the order of the file

	Files    []string // the files that were read
	Warnings []Fault  // allowed, but probably not intended
}

// GatewayConfig is the [gateway] table.
type GatewayConfig struct {
	ID       string        `toml:"id" doc:"the id of the gateway, a level of every topic, for example minirelay/ID/greenhouse/state" required:"true"`
	Name     relay.Name    `toml:"name" doc:"the name that people see; a text or a table of languages"`
	DataDir  string        `toml:"data_dir" doc:"the directory for the certificate and the journal of commands"`
	Root     string        `toml:"root" doc:"the first level of every topic; below it only the gateway publishes"`
	Remember time.Duration `toml:"remember" doc:"how long the id of a command is remembered, so that no command is executed twice" min:"1m" max:"168h"`
}

// DefaultGateway is the [gateway] table with the defaults only.
func DefaultGateway() GatewayConfig {
	return GatewayConfig{DataDir: "/var/lib/minirelay", Root: "minirelay", Remember: 24 * time.Hour}
}

// MetricsConfig is the [metrics] table.
type MetricsConfig struct {
	Token secret.Text `toml:"token" doc:"token for reading /metrics, sent as Authorization: Bearer, at least 16 characters; without one only this machine itself may read them"`
}

// LogConfig is the [log] table.
type LogConfig struct {
	Level  string `toml:"level" doc:"the lowest level to write" oneof:"debug,info,warn,error"`
	Format string `toml:"format" doc:"text for people and journals, json for programs; a change takes effect at the next start" oneof:"text,json"`
}

// DefaultLog is the [log] table with the defaults only.
func DefaultLog() LogConfig { return LogConfig{Level: "info", Format: "text"} }

// SlogLevel returns the level for package slog.
func (c LogConfig) SlogLevel() slog.Level {
	switch c.Level {
	case "debug":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	return slog.LevelInfo
}

// document mirrors the file: its top-level tables. A slice whose elements have an ID is written as tables by that id,
// [ports.ID].
type document struct {
	Gateway  GatewayConfig          `toml:"gateway" doc:"the gateway itself" required:"true"`
	Log      LogConfig              `toml:"log" doc:"the log, on stderr"`
	Metrics  MetricsConfig          `toml:"metrics" doc:"metrics for Prometheus at /metrics"`
	Broker   broker.Config          `toml:"broker" doc:"the embedded MQTT broker"`
	Users    []broker.UserConfig    `toml:"users" doc:"the users that may log in to the broker"`
	Upstream []upstream.Config      `toml:"upstream" doc:"other MQTT brokers that the gateway connects to"`
	Ports    []serial.Config        `toml:"ports" doc:"the serial ports"`
	Devices  []mapping.DeviceConfig `toml:"devices" doc:"the devices on the ports, in the order in which people see them"`
}

// config combines the packages' configs.
func (d document) config() *Config {
	c := &Config{Gateway: d.Gateway, Log: d.Log, Metrics: d.Metrics, Broker: d.Broker,
		Devices: devices.Config{Ports: d.Ports, Devices: d.Devices}}
	c.Broker.Users = d.Users
	c.Broker.Root = d.Gateway.Root
	c.Broker.Gateway = d.Gateway.ID
	c.Broker.DataDir = d.Gateway.DataDir
	c.Upstreams = d.upstreams()
	return c
}

// upstreams adds to the upstreams the facts they need about the gateway and its devices.
func (d document) upstreams() []upstream.Config {
	own, commands := map[string]string{}, map[string]string{}
	put := func(topics map[string]string, topic, device string) {
		if topic != "" {
			topics[topic] = device
		}
	}
	for _, dev := range d.Devices {
		put(own, dev.Topic, dev.ID)
		for _, f := range dev.Fields {
			put(own, f.Topic, dev.ID)
		}
		for _, c := range dev.Commands {
			put(commands, c.Topic, dev.ID)
		}
	}
	var all []upstream.Config
	for _, u := range d.Upstream {
		u.Root, u.Gateway = d.Gateway.Root, d.Gateway.ID
		u.Dir = filepath.Join(d.Gateway.DataDir, "upstream", u.ID)
		u.Own, u.OwnCommands = own, commands
		all = append(all, u)
	}
	return all
}
