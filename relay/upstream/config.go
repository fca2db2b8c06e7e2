package upstream

import (
	"reflect"
	"strings"
	"time"

	"minirelay/secret"
)

// The tags beside each key are read by package configs: `doc` explains it in the JSON Schema, `oneof`, `min` and
// `max` bound it, `required` marks it. Defaults are what Default sets before decoding.

// Config is one [upstream.ID] table.
type Config struct {
	ID         string      `toml:"-"`
	URL        string      `toml:"url" doc:"the broker's address, for example mqtts://mqtt.example.org:8883 or wss://mqtt.example.org/mqtt" required:"true"`
	User       string      `toml:"user" doc:"the user name to log in with"`
	Password   secret.Text `toml:"password" doc:"the password to log in with, better from { env = \"NAME\" } or { file = \"path\" }"`
	ClientID   string      `toml:"client_id" doc:"the MQTT client id; minirelay-GATEWAY if left out"`
	CAFile     string      `toml:"ca_file" doc:"PEM file with the authorities to trust for this broker; those of the system if left out"`
	CertFile   string      `toml:"cert_file" doc:"PEM file with the client certificate for the broker"`
	KeyFile    string      `toml:"key_file" doc:"PEM file with the private key of cert_file"`
	ServerName string      `toml:"server_name" doc:"the name that the broker's certificate must contain; the host of the url if left out"`
	Prefix     string      `toml:"prefix" doc:"a prefix for every topic on that broker, for example farm/7"`
	Devices    []string    `toml:"devices" doc:"the devices that go up; all if left out"`
	Send       []string    `toml:"send" doc:"the messages that go up: state, availability, model, info, result, event, own; all if left out"`
	Accept     []string    `toml:"accept" doc:"the messages accepted from there: command, request; nothing if left out"`
	Hub        bool        `toml:"hub" doc:"true: the broker is a minirelay hub, which says who gives each command and when"`
	Commands   []string    `toml:"command_devices" doc:"the devices that accept commands from there; all that go up if left out"`

	MinInterval time.Duration `toml:"min_interval" doc:"at most one state of a device goes up per interval; 0s sends each one" min:"0s" max:"24h"`
	KeepAlive   time.Duration `toml:"keepalive" doc:"approximate time after which a dead connection is noticed" min:"5s" max:"10m"`
	ReplayRate  int           `toml:"replay_rate" doc:"maximum number of backlog messages per second after an outage" min:"1" max:"100000"`
	Retry       time.Duration `toml:"retry" doc:"the maximum pause between two attempts to connect" min:"1s" max:"1h"`
	OutboxMB    int           `toml:"outbox_mb" doc:"maximum size of undelivered messages in megabytes; the oldest readings are dropped first, results and events last" min:"1" max:"100000"`
	OutboxAge   time.Duration `toml:"outbox_age" doc:"maximum age of undelivered messages; older ones are dropped" min:"1m" max:"8760h"`
	Sync        string        `toml:"sync" doc:"batched: a power cut may cost the messages of the last second; always: each message is on the disk before it is sent" oneof:"batched,always"`

	Root        string            `toml:"-"` // of the gateway's topics: "minirelay"
	Gateway     string            `toml:"-"` // the gateway's id
	Instance    string            `toml:"-"` // what tells it apart from another gateway with this id, as INSTALLATION/RUN; "": nothing
	Dir         string            `toml:"-"` // where the outbox is kept
	Own         map[string]string `toml:"-"` // users' own topics that are published, with their device
	OwnCommands map[string]string `toml:"-"` // users' own topics on which commands are taken, with their device
}

// Default is an [upstream.ID] table before anything is read.
func Default() Config {
	return Config{KeepAlive: 25 * time.Second, ReplayRate: 2500, Retry: 60 * time.Second, OutboxMB: 256,
		OutboxAge: 7 * 24 * time.Hour, Sync: "batched"}
}

// Kinds are the values allowed in Send, Inlets those allowed in Accept.
var (
	Kinds  = []string{"state", "availability", "model", "info", "result", "event", "own"}
	Inlets = []string{"command", "request"}
)

// Equal reports whether both are the same, wherever the passwords come from.
func (c Config) Equal(other Config) bool {
	same := c.Password.Equal(other.Password)
	c.Password, other.Password = secret.Text{}, secret.Text{}
	return same && reflect.DeepEqual(c, other)
}

// Address is the URL for logs and screens, without everything in it that can be a token: the query, a user, and a path
// other than the usual ones.
func (c Config) Address() string {
	address, query, _ := strings.Cut(c.URL, "?")
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		scheme, rest = "", address
	} else {
		scheme += "://"
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = "…" + rest[at:]
	}
	if host, path, ok := strings.Cut(rest, "/"); ok && !PlainPath(path) {
		rest = host + "/…"
	}
	if query != "" {
		rest += "?…"
	}
	return scheme + rest
}

// PlainPath reports whether a path of a URL, without its first slash, consists of names that brokers use, and not of a
// token.
func PlainPath(path string) bool {
	for level := range strings.SplitSeq(path, "/") {
		switch level {
		case "", "mqtt", "ws", "wss", "websocket", "websockets", "mqttws":
		default:
			return false
		}
	}
	return true
}

// base precedes every topic of the gateway at the upstream.
func (c *Config) base() string { return c.prefix() + c.Root + "/" + c.Gateway + "/" }

// prefix ends in a slash unless it is empty.
func (c *Config) prefix() string {
	if c.Prefix == "" {
		return ""
	}
	return c.Prefix + "/"
}

func (c *Config) clientID() string {
	if c.ClientID != "" {
		return c.ClientID
	}
	return "minirelay-" + c.Gateway
}
