package upstream

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Problem is a fault of a [Config], with its place in the file for package configs.
type Problem struct {
	Key       string // of the table
	What, Try string
}

// Error is the key and the fault.
func (p Problem) Error() string { return p.Key + ": " + p.What }

// Hint is a suggestion how to fix it.
func (p Problem) Hint() string { return p.Try }

// Check finds the faults of a config on its own. The error is the first [Problem].
func Check(c Config) ([]Problem, error) {
	var all []Problem
	fault := func(key, what, try string) { all = append(all, Problem{key, what, try}) }
	target, secure, _, err := endpoint(c.URL)
	if p, ok := err.(Problem); ok {
		all = append(all, p)
	}
	if err == nil && !secure {
		for _, f := range []struct{ key, value string }{{"ca_file", c.CAFile}, {"cert_file", c.CertFile}, {"server_name", c.ServerName}} {
			if f.value != "" {
				fault(f.key, "it has no effect for "+target.Scheme+"://", "use mqtts:// or wss://, or leave it out")
			}
		}
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		key, other := "cert_file", "key_file"
		if c.CertFile == "" {
			key, other = other, key
		}
		fault(key, "it needs a "+other, "name both, in PEM format")
	}
	if c.Password.Value() != "" && c.User == "" {
		fault("password", "a password has no effect without a user", "add user = \"…\"")
	}
	if what, try := prefixFault(c.Prefix); what != "" {
		fault("prefix", what, try)
	}
	if len(c.ClientID) > 256 || strings.ContainsAny(c.ClientID, "\x00\n") {
		fault("client_id", "it cannot be a client id", "use at most 256 printable characters")
	}
	if c.Hub && strings.ContainsAny(c.ClientID, "/+#") {
		fault("client_id", "a hub compares clocks with a gateway through a topic that ends in its client id", "use no /, + and #")
	}
	if len(all) > 0 {
		return all, all[0]
	}
	return nil, nil
}

// prefixFault returns the reason why no topic can begin with prefix; "" if there is none.
func prefixFault(prefix string) (what, try string) {
	switch {
	case prefix == "":
	case strings.ContainsAny(prefix, "+#\x00"):
		return "a prefix has no + and no #", "name the levels before the gateway's topics, for example farm/7"
	case strings.HasSuffix(prefix, "/"):
		return "it must not end in a slash", fmt.Sprintf("write %q: the slash is added", strings.TrimRight(prefix, "/"))
	case strings.HasPrefix(prefix, "$"):
		return "topics that begin with $ belong to the broker", "use another first level, for example farm/7"
	case len(prefix) > 160:
		return "it is too long", "use at most 160 bytes"
	}
	return "", ""
}

// ports are the default ports by scheme.
var ports = map[string]string{"mqtt": "1883", "mqtts": "8883", "ws": "80", "wss": "443"}

// endpoint parses a url. The error is a Problem.
func endpoint(address string) (target *url.URL, secure, ws bool, err error) {
	problem := func(what, try string) error { return Problem{"url", what, try} }
	target, parseErr := url.Parse(address)
	if parseErr != nil || target.Host == "" {
		return nil, false, false, problem("the url is not the address of a broker", "write it like mqtts://mqtt.example.org:8883 or wss://mqtt.example.org/mqtt")
	}
	port, known := ports[target.Scheme]
	switch {
	case !known:
		try := "use mqtt, mqtts, ws or wss"
		if like := map[string]string{"tcp": "mqtt", "ssl": "mqtts", "tls": "mqtts", "http": "ws", "https": "wss"}[target.Scheme]; like != "" {
			try = "write " + like + "://…"
		}
		return nil, false, false, problem(fmt.Sprintf("%s:// is not a scheme for a broker", target.Scheme), try)
	case target.User != nil:
		return nil, false, false, problem("the url contains a user", "write user = \"…\" and password = { file = \"…\" } instead")
	case target.Hostname() == "":
		return nil, false, false, problem("the url names no host", "write it like mqtts://mqtt.example.org:8883")
	}
	ws = target.Scheme == "ws" || target.Scheme == "wss"
	if !ws && target.Path != "" && target.Path != "/" {
		return nil, false, false, problem(fmt.Sprintf("%s:// has no path", target.Scheme), "leave "+target.Path+" out, or use wss://")
	}
	if target.Port() == "" {
		target.Host = net.JoinHostPort(target.Hostname(), port)
	}
	if ws && target.Path == "" {
		target.Path = "/mqtt" // the path on every broker that we know
	}
	return target, target.Scheme == "mqtts" || target.Scheme == "wss", ws, nil
}
