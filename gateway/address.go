package gateway

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"os"

	"minirelay/broker"
	"minirelay/configs"
)

// PhoneAddress is what the mini-program scans: minirelay://HOST:PORT?gw=ID&user=NAME, with tls=0 where the port
// speaks plain WebSocket. It holds no password. The plain port comes first: phones do not trust a certificate that
// the gateway made itself, and whoever has opened that port wants them to use it.
func (g *Gateway) PhoneAddress() string { return PhoneAddress(g.config.Load(), g.Broker.Addrs()) }

// PhoneAddress is it for a config whose listeners have those addresses.
func PhoneAddress(config *configs.Config, addrs broker.Addrs) string {
	addr, plain := addrs.WS, true
	if addr == "" {
		addr, plain = addrs.TLS, config.Broker.TLS.Mode == "off"
	}
	text := fmt.Sprintf("minirelay://%s?gw=%s", Reachable(addr), config.Gateway.ID)
	if user := PhoneUser(config.Broker.Users); user != "" {
		text += "&user=" + url.QueryEscape(user)
	}
	if plain {
		text += "&tls=0"
	}
	return text
}

// Addresses are where clients can connect, as the ready line prints them.
func (g *Gateway) Addresses() []string {
	a := g.Broker.Addrs()
	tls := "wss"
	if g.config.Load().Broker.TLS.Mode == "off" {
		tls = "ws"
	}
	var out []string
	for _, at := range []struct{ scheme, addr, path string }{{tls, a.TLS, "/mqtt"}, {"mqtt", a.MQTT, ""}, {"ws", a.WS, "/mqtt"}} {
		if at.addr != "" {
			out = append(out, at.scheme+"://"+Reachable(at.addr)+at.path)
		}
	}
	return append(out, g.PageAddress())
}

// PageAddress is where a browser finds the page.
func (g *Gateway) PageAddress() string { return PageAddress(g.config.Load(), g.Broker.Addrs()) }

// PageAddress is it for a config whose listeners have those addresses.
func PageAddress(config *configs.Config, addrs broker.Addrs) string {
	scheme := "https"
	if config.Broker.TLS.Mode == "off" {
		scheme = "http"
	}
	return fmt.Sprintf("%s://%s/", scheme, Reachable(addrs.TLS))
}

// PlainPort is the port of the plain WebSocket, "" for none.
func (g *Gateway) PlainPort() string {
	_, port, err := net.SplitHostPort(g.Broker.Addrs().WS)
	if err != nil {
		return ""
	}
	return port
}

// PhoneUser is who a phone logs in as: the first operator, else the first person of all.
func PhoneUser(users []broker.UserConfig) string {
	first := ""
	for _, u := range users {
		switch {
		case u.Role == "operator":
			return u.ID
		case u.Role != "gateway" && first == "":
			first = u.ID
		}
	}
	return first
}

// Reachable is the address of a listener as a person can type it.
func Reachable(addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	return net.JoinHostPort(ReachableHost(host), port)
}

// ReachableHost is host, or this machine's own address where host means all of them.
func ReachableHost(host string) string {
	if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
		return host
	}
	// The address from which this machine would talk to the world. Nothing is sent: UDP only looks up the route.
	// 192.0.2.1 is nobody's (RFC 5737).
	if c, err := net.Dial("udp4", "192.0.2.1:9"); err == nil {
		defer c.Close()
		return c.LocalAddr().(*net.UDPAddr).IP.String()
	}
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return cmp.Or(name, "localhost")
}

// OnlyHere says whether no other machine reaches the address that phones are told.
func (g *Gateway) OnlyHere() bool {
	addr := cmp.Or(g.Broker.Addrs().WS, g.Broker.Addrs().TLS)
	host, _, _ := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
