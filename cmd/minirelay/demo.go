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
	"strings"
	"time"

	"minirelay/gateway"
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
		return usageError{fmt.Sprintf("-listen %q is not an address", *listen), "write host:port or :port, as in 127.0.0.1:8443"}
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
	return serve(ctx, env, d.config(), func(g *gateway.Gateway) { fmt.Fprint(env.stdout, d.welcome(g)) })
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

// welcome shows commands to try next. Each line works when it is pasted.
func (d demo) welcome(g *gateway.Gateway) string {
	host, port, _ := net.SplitHostPort(g.Addrs().MQTT)
	_, tls, _ := net.SplitHostPort(g.Addrs().TLS)
	login := fmt.Sprintf("-h %s -p %s -u demo -P %s", host, port, d.password)
	command := `'{"id":"try-'$(date +%s)'","command":"pump","value":true}'`
	phone := phoneCode(g)
	if g.OnlyHere() {
		phone += "\n  Only this computer reaches it; phones too with: minirelay demo -listen :8443\n  只有本机可以访问；要让手机也能访问：minirelay demo -listen :8443\n"
	}
	return fmt.Sprintf(`
Two simulated boards are running: a greenhouse and four relays. / 两块模拟开发板正在运行：温室和四路继电器。

  page      %[8]s
            (the browser warns: the gateway made its certificate itself / 浏览器会发出警告：证书由网关自己签发)
  address   wss://localhost:%[1]s/mqtt
  user      demo
  password  %[2]s
  mapping   %[3]s
            (edit and save it: changes take effect at once; it is deleted at the end, copy it to keep it
            编辑并保存，立即生效；演示结束时会删除，要保留请先复制)
%[9]s
Watch everything / 查看全部消息 (apt install mosquitto-clients):

  mosquitto_sub %[4]s -t 'minirelay/demo/#' -v

Switch the pump on and see the result there / 打开水泵，结果会出现在上面：

  mosquitto_pub %[4]s -q 1 -t minirelay/demo/greenhouse/command -m %[5]s

The same over wss with MQTT.js / 用 MQTT.js 走 wss (npm install mqtt):

  env NODE_EXTRA_CA_CERTS=%[6]s node -e '%[7]s'

Stop with Ctrl-C. / 按 Ctrl-C 停止。
`, tls, d.password, d.config(), login, command, d.certificate(), d.script(tls), g.PageAddress(), phone)
}

// script is a client in one line of JavaScript.
func (d demo) script(port string) string {
	return fmt.Sprintf(`const c=require("mqtt").connect("wss://localhost:%s/mqtt",{username:"demo",password:"%s"});`+
		`c.on("connect",()=>c.subscribe("minirelay/demo/#"));`+
		`c.on("message",(topic,payload)=>console.log(topic,payload.toString()));`+
		`c.on("error",e=>console.error(e.message))`, port, d.password)
}
