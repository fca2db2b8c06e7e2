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

// Addresses returns the addresses for clients, as the ready line prints them; the last one is the address of the page.
func (g *Gateway) Addresses() []string { return g.core.Load().addresses() }

// PageAddress returns the address of the page for a browser.
func (g *Gateway) PageAddress() string { return PageAddress(g.Config(), g.Addrs()) }

// PhoneAddress returns the address that the mini-program scans: see the function [PhoneAddress].
func (g *Gateway) PhoneAddress() string { return PhoneAddress(g.Config(), g.Addrs()) }

// OnlyHere reports whether no other machine can reach the address for phones.
func (g *Gateway) OnlyHere() bool { return OnlyHere(g.Addrs()) }

// OnlyHere is [Gateway.OnlyHere] for a gateway whose listeners have those addresses.
func OnlyHere(addrs broker.Addrs) bool {
	host, _, _ := net.SplitHostPort(cmp.Or(addrs.WS, addrs.TLS))
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// PhoneAddress returns the address that the mini-program scans, for a config whose listeners have those addresses:
// minirelay://HOST:PORT?gw=ID&user=NAME, with tls=0 if the port speaks plain WebSocket. It contains no password. The
// plain port has priority: phones do not trust a certificate that the gateway made itself, and an open plain port was
// opened for them.
func PhoneAddress(config *configs.Config, addrs broker.Addrs) string {
	return phoneAddress(config, addrs, config.Gateway.ID, phoneUser(config.Broker.Users))
}

func phoneAddress(config *configs.Config, addrs broker.Addrs, id, user string) string {
	addr, plain := addrs.WS, true
	if addr == "" {
		addr, plain = addrs.TLS, config.Broker.TLS.Mode == "off"
	}
	text := fmt.Sprintf("minirelay://%s?gw=%s", reachable(addr), id)
	if user != "" {
		text += "&user=" + url.QueryEscape(user)
	}
	if plain {
		text += "&tls=0"
	}
	return text
}

// PersonAddress is [PhoneAddress] for one user: on a hub, for the first gateway that the user may use.
func PersonAddress(config *configs.Config, addrs broker.Addrs, user broker.UserConfig) string {
	id := config.Gateway.ID
	if len(user.Gateways) > 0 {
		id = user.Gateways[0]
	}
	return phoneAddress(config, addrs, id, user.ID)
}

// addresses is the implementation of [Gateway.Addresses].
func (c *core) addresses() []string {
	config, a := c.config.Load(), c.broker.Addrs()
	tls := "wss"
	if config.Broker.TLS.Mode == "off" {
		tls = "ws"
	}
	var out []string
	for _, at := range []struct{ scheme, addr, path string }{{tls, a.TLS, "/mqtt"}, {"mqtt", a.MQTT, ""}, {"ws", a.WS, "/mqtt"}} {
		if at.addr != "" {
			out = append(out, at.scheme+"://"+reachable(at.addr)+at.path)
		}
	}
	return append(out, PageAddress(config, a))
}

// PageAddress returns the address of the page for a browser, for a config whose listeners have those addresses.
func PageAddress(config *configs.Config, addrs broker.Addrs) string {
	scheme := "https"
	if config.Broker.TLS.Mode == "off" {
		scheme = "http"
	}
	return fmt.Sprintf("%s://%s/", scheme, reachable(addrs.TLS))
}

// PlainPage returns the address of the page on the plain port, for phones that do not trust the gateway's own
// certificate; "" if that port is closed.
func (g *Gateway) PlainPage() string {
	if addrs := g.Addrs(); addrs.WS != "" {
		return "http://" + reachable(addrs.WS) + "/"
	}
	return ""
}

// plainPort returns the port of the plain WebSocket, "" if there is none.
func (c *core) plainPort() string {
	_, port, err := net.SplitHostPort(c.broker.Addrs().WS)
	if err != nil {
		return ""
	}
	return port
}

// phoneUser returns the user that a phone logs in as: the first operator, or else the first user that is not a gateway.
func phoneUser(users []broker.UserConfig) string {
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

// reachable returns the address of a listener in a form that a person can type.
func reachable(addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	return net.JoinHostPort(reachableHost(host), port)
}

// reachableHost returns host, or this machine's own address if host means all of them.
func reachableHost(host string) string {
	if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
		return host
	}
	// The address from which this machine would reach the internet. Nothing is sent: UDP only looks up the route.
	// 192.0.2.1 is reserved for documentation (RFC 5737).
	if c, err := net.Dial("udp4", "192.0.2.1:9"); err == nil {
		defer c.Close()
		return c.LocalAddr().(*net.UDPAddr).IP.String()
	}
	// A machine whose Wi-Fi leads nowhere, such as an access point of its own, has no such route.
	if addrs, err := net.InterfaceAddrs(); err == nil {
		if ip := firstOf(addrs); ip != nil {
			return ip.String()
		}
	}
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return cmp.Or(name, "localhost")
}

// firstOf returns the first IPv4 address by which other machines may reach this one, or nil.
func firstOf(addrs []net.Addr) net.IP {
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP
		}
	}
	return nil
}
