package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"minirelay/gateway"
	"minirelay/locale"
	"minirelay/softboard"
)

// runDemo is `minirelay demo`: the gateway with two simulated boards, until ctx ends. All its files are in one
// temporary directory, which it removes.
func runDemo(ctx context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8443", "address for wss; :8443 lets phones on your network in")
	if err := parseFlags(flags, env, args); err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(*listen); err != nil {
		return usageError{fmt.Sprintf("-listen %q is not an address", *listen), "write host:port or :port, for example 127.0.0.1:8443"}
	}
	dir, err := os.MkdirTemp("", "minirelay-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	host, _, _ := net.SplitHostPort(*listen)
	d := demo{dir: dir, listen: freeAddress(*listen), mqtt: freeAddress("127.0.0.1:1883"),
		ws: freeAddress(net.JoinHostPort(host, "8080")), password: strings.ToLower(rand.Text()[:12])}
	boards, stop := context.WithCancel(ctx)
	defer stop()
	for name, board := range map[string]softboard.Board{"greenhouse": softboard.NewGreenhouse(uint64(time.Now().UnixNano())), "relays": softboard.NewRelays()} {
		line, err := softboard.Open(d.port(name))
		if err != nil {
			return err
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			softboard.Run(boards, line, board, time.Second)
		}()
		defer func() { stop(); line.Close(); <-ended }()
	}
	if err := os.WriteFile(d.passwordFile(), []byte(d.password+"\n"), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(d.config(), []byte(d.toml()), 0o600); err != nil {
		return err
	}
	return serve(ctx, env, d.config(), true, func(g *gateway.Gateway) { fmt.Fprint(behind(env.stdout), d.welcome(g, env.lang)) })
}

// freeAddress returns addr, or the same host with another port if that port is in use. An invalid address is returned
// unchanged, so that the gateway reports it.
func freeAddress(addr string) string {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		host, _, _ := net.SplitHostPort(addr)
		if l, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			return addr
		}
		addr = l.Addr().String()
	}
	if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return addr
	}
	return addr
}

// demo holds the values made up for one run.
type demo struct{ dir, listen, mqtt, ws, password string }

func (d demo) port(board string) string { return filepath.Join(d.dir, "tty-"+board) }
func (d demo) config() string           { return filepath.Join(d.dir, "minirelay.toml") }
func (d demo) passwordFile() string     { return filepath.Join(d.dir, "password") }
func (d demo) certificate() string      { return filepath.Join(d.dir, "data", "tls", "cert.pem") }

func (d demo) toml() string {
	return fmt.Sprintf(`# The demo's gateway. Edit this file and save it: what you change takes effect while it runs.
[gateway]
id       = "demo"
name     = { zh = "演示", en = "Demo" }
data_dir = %q

[broker]
listen = %q
mqtt   = %q
ws     = %q   # for the mini-program on phones in the same Wi-Fi, which do not trust the gateway's own certificate

[users.demo]
password = { file = %q }
role     = "admin"   # sees the configuration and the wire on the page too; a phone needs no more than "operator"

%s
%s`, filepath.Join(d.dir, "data"), d.listen, d.mqtt, d.ws, d.passwordFile(), softboard.GreenhouseMapping(d.port("greenhouse")),
		softboard.RelaysMapping(d.port("relays")))
}

// welcome shows commands to try next, in the language of lang. Each command works when it is pasted.
func (d demo) welcome(g *gateway.Gateway, lang locale.Language) string {
	host, port, _ := net.SplitHostPort(g.Addrs().MQTT)
	_, tls, _ := net.SplitHostPort(g.Addrs().TLS)
	login := fmt.Sprintf("-h %s -p %s -u demo -P %s", host, port, d.password)
	command := `'{"id":"try-'$(date +%s)'","command":"pump","value":true}'`

	var b strings.Builder
	say := lang.Text
	fmt.Fprintf(&b, "\n%s\n\n", say("Two simulated boards are running: a greenhouse and four relays."))
	rows := [][3]string{
		{say("page"), g.PageAddress(), say("the browser warns: the gateway made its certificate itself")},
		{say("address"), "wss://localhost:" + tls + "/mqtt", ""},
		{say("user"), "demo", ""},
		{say("password"), d.password, ""},
		{say("mapping"), d.config(), say("edit it and save it: changes take effect at once; it is deleted at the end, copy it to keep it")},
	}
	if page := g.PlainPage(); page != "" && !g.OnlyHere() {
		rows = slices.Insert(rows, 1, [3]string{say("phone"), page, say("the page for a phone in the same Wi-Fi; no warning, and no encryption")})
	}
	for _, row := range rows {
		fmt.Fprintf(&b, "  %s  %s\n", locale.Pad(row[0], 8), row[1])
		if row[2] != "" {
			fmt.Fprintf(&b, "  %s  %s\n", locale.Pad("", 8), row[2])
		}
	}
	if g.OnlyHere() { // no phone could use a code
		fmt.Fprintf(&b, "\n%s\n\n  %s\n\n  %s\n", say("In WeChat DevTools on this computer, type this address in the mini-program, under Gateways:"), g.PhoneAddress(),
			say("Only this computer can reach it; for phones, start it with: minirelay demo -listen :8443"))
	} else {
		b.WriteString(phoneCode(g, lang))
	}
	for _, row := range [][2]string{
		{say("Watch everything (apt install mosquitto-clients):"), "mosquitto_sub " + login + " -t 'minirelay/demo/#' -v"},
		{say("Switch the pump on (the command above shows the result):"),
			"mosquitto_pub " + login + " -q 1 -t minirelay/demo/greenhouse/command -m " + command},
		{say("The same over wss with MQTT.js (npm install mqtt):"),
			"env NODE_EXTRA_CA_CERTS=" + d.certificate() + " node -e '" + d.script(tls) + "'"},
	} {
		fmt.Fprintf(&b, "\n%s\n\n  %s\n", row[0], row[1])
	}
	fmt.Fprintf(&b, "\n%s\n", say("Stop with Ctrl-C."))
	return b.String()
}

// script is a client in one line of JavaScript.
func (d demo) script(port string) string {
	return fmt.Sprintf(`const c=require("mqtt").connect("wss://localhost:%s/mqtt",{username:"demo",password:"%s"});`+
		`c.on("connect",()=>c.subscribe("minirelay/demo/#"));`+
		`c.on("message",(topic,payload)=>console.log(topic,payload.toString()));`+
		`c.on("error",e=>console.error(e.message))`, port, d.password)
}
