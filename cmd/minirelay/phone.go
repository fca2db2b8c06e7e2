package main

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"os"

	"golang.org/x/term"

	"minirelay/broker"
	"minirelay/configs"
	"minirelay/web"
)

// phoneAddress is what the mini-program scans: minirelay://HOST:PORT?gw=ID&user=NAME, with tls=0 where the port
// speaks plain WebSocket. It holds no password. The plain port comes first: phones do not trust a certificate that
// the gateway made itself, and whoever has opened that port wants them to use it.
func (g *gateway) phoneAddress() string { return phoneAddress(g.config.Load(), g.broker.Addrs()) }

// phoneAddress is it for a config whose listeners have those addresses.
func phoneAddress(config *configs.Config, addrs broker.Addrs) string {
	addr, plain := addrs.WS, true
	if addr == "" {
		addr, plain = addrs.TLS, config.Broker.TLS.Mode == "off"
	}
	text := fmt.Sprintf("minirelay://%s?gw=%s", reachable(addr), config.Gateway.ID)
	if user := phoneUser(config.Broker.Users); user != "" {
		text += "&user=" + url.QueryEscape(user)
	}
	if plain {
		text += "&tls=0"
	}
	return text
}

// addresses are where clients can connect, as the ready line prints them.
func (g *gateway) addresses() []string {
	a := g.broker.Addrs()
	tls := "wss"
	if g.config.Load().Broker.TLS.Mode == "off" {
		tls = "ws"
	}
	var out []string
	for _, at := range []struct{ scheme, addr, path string }{{tls, a.TLS, "/mqtt"}, {"mqtt", a.MQTT, ""}, {"ws", a.WS, "/mqtt"}} {
		if at.addr != "" {
			out = append(out, at.scheme+"://"+reachable(at.addr)+at.path)
		}
	}
	return append(out, g.pageAddress())
}

// pageAddress is where a browser finds the page.
func (g *gateway) pageAddress() string { return pageAddress(g.config.Load(), g.broker.Addrs()) }

// pageAddress is it for a config whose listeners have those addresses.
func pageAddress(config *configs.Config, addrs broker.Addrs) string {
	scheme := "https"
	if config.Broker.TLS.Mode == "off" {
		scheme = "http"
	}
	return fmt.Sprintf("%s://%s/", scheme, reachable(addrs.TLS))
}

// plainPort is the port of the plain WebSocket, "" for none.
func (g *gateway) plainPort() string {
	_, port, err := net.SplitHostPort(g.broker.Addrs().WS)
	if err != nil {
		return ""
	}
	return port
}

// phoneUser is who a phone logs in as: the first operator, else the first person of all.
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

// reachable is the address of a listener as a person can type it.
func reachable(addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	return net.JoinHostPort(reachableHost(host), port)
}

// reachableHost is host, or this machine's own address where host means all of them.
func reachableHost(host string) string {
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

// onlyHere says whether no other machine reaches the address that phones are told.
func (g *gateway) onlyHere() bool {
	addr := cmp.Or(g.broker.Addrs().WS, g.broker.Addrs().TLS)
	host, _, _ := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// phoneCode is the code to scan, with the address below it.
func (g *gateway) phoneCode() string {
	text := g.phoneAddress()
	code, err := web.QR(text)
	if err != nil {
		code = "" // too long for a code: it can still be typed
	}
	return fmt.Sprintf("\nFor the mini-program, under Gateways: scan or type / 在小程序的“网关”里扫描或输入\n\n%s\n  %s\n", code, text)
}

// isTerminal says whether somebody sits there who can scan a code.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
