package broker

import "minirelay/secret"

// The tags beside each key are read by package configs: `doc` explains it in the JSON Schema, `oneof`, `min`
// and `max` bound it, `required` marks it. Defaults are what Default sets before decoding.

// Config is the [broker] table and the [users.ID] tables.
type Config struct {
	Listen         string    `toml:"listen" doc:"address of the TLS port for wss, the page and the API; host:port or :port"`
	MQTT           string    `toml:"mqtt" doc:"address for plain MQTT, for tools on the same machine; off if left out"`
	WS             string    `toml:"ws" doc:"address for plain WebSocket MQTT at /mqtt and the page, for phones on a trusted LAN; passwords are sent unencrypted; off if left out"`
	TrustedProxies []string  `toml:"trusted_proxies" doc:"addresses or subnets of the proxies in front of the broker, which name the client in X-Forwarded-For or by the PROXY protocol, version 1 or 2"`
	Origins        []string  `toml:"origins" doc:"web pages of other addresses that may connect, for example https://panel.example.com; the gateway's own page, mini-programs and programs need no entry"`
	MaxClients     int       `toml:"max_clients" doc:"maximum number of simultaneous connections" min:"1" max:"100000"`
	TLS            TLSConfig `toml:"tls" doc:"the certificate of the TLS port"`

	Users   []UserConfig `toml:"-"` // in the order of the files
	Root    string       `toml:"-"` // the topic below which only the gateway publishes: "minirelay"
	Gateway string       `toml:"-"` // the gateway's id: its topics are Root/Gateway/…
	DataDir string       `toml:"-"` // where the self-signed certificate is kept: DataDir/tls
	Files   int          `toml:"-"` // file descriptors that connections may use; 0: any number

	cheap bool // for tests: plain passwords cost next to nothing
}

// TLSConfig is the [broker.tls] table.
type TLSConfig struct {
	Mode     string `toml:"mode" doc:"self-signed creates a certificate once and keeps it; files watches yours; off serves plain HTTP and ws (behind a proxy)" oneof:"self-signed,files,off"`
	CertFile string `toml:"cert_file" doc:"PEM file with the certificate and its chain, for mode files"`
	KeyFile  string `toml:"key_file" doc:"PEM file with the private key, for mode files"`
}

// UserConfig is one user: [users.ID].
type UserConfig struct {
	ID           string      `toml:"-"`
	PasswordHash secret.Text `toml:"password_hash" doc:"argon2id hash from minirelay user hash"`
	Password     secret.Text `toml:"password" doc:"the password itself, better from { env = \"NAME\" } or { file = \"path\" }"`
	Role         string      `toml:"role" doc:"viewer reads, operator also sends commands, admin reads everything; gateway is another gateway that connects to this one" oneof:"viewer,operator,admin,gateway"`
	Gateways     []string    `toml:"gateways" doc:"the gateways whose devices the user may use, this one if left out; with role gateway the ids of the gateway itself"`
	Devices      []string    `toml:"devices" doc:"the devices that the user may use, for example greenhouse or home/greenhouse; all if left out"`
	Read         []string    `toml:"read" doc:"topic filters outside the root that the user may also read"`
	Write        []string    `toml:"write" doc:"topic filters outside the root that the user may also publish to"`
}

// Default is the [broker] table before anything is read: a self-signed certificate at port 8443.
func Default() Config {
	return Config{Listen: ":8443", MaxClients: 1024, TLS: TLSConfig{Mode: "self-signed"}}
}

// DefaultUser is a [users.ID] table before anything is read: a user who can read and nothing else.
func DefaultUser() UserConfig { return UserConfig{Role: "viewer"} }
