package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	mqtt "github.com/eclipse/paho.mqtt.golang"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"minirelay/configs"
	"minirelay/gateway"
)

// patience is the time limit on a busy machine. Successful tests do not wait for it.
const patience = 20 * time.Second

// testBoard is the far end of a serial line: the test plays the board.
type testBoard struct {
	path  string
	wire  *os.File
	slave *os.File
	lines chan string // what the gateway has written
}

func newTestBoard(t *testing.T) *testBoard {
	t.Helper()
	master, slave := openPTY(t)
	if _, err := term.MakeRaw(int(slave.Fd())); err != nil {
		t.Fatal(err)
	}
	// Keep our own end of the slave open: without it the master would see a hang-up until the gateway opens the port.
	t.Cleanup(func() { master.Close(); slave.Close() })
	b := &testBoard{path: slave.Name(), wire: master, slave: slave, lines: make(chan string, 64)}
	go func() {
		for s := bufio.NewScanner(master); s.Scan(); {
			b.lines <- s.Text()
		}
	}()
	return b
}

// openPTY opens a pair whose master can be closed while it is read, which hangs up the slave.
func openPTY(t *testing.T) (master, slave *os.File) {
	t.Helper()
	blocking, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer blocking.Close()
	fd, err := unix.FcntlInt(blocking.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), blocking.Name()), slave
}

// unplug hangs up the line.
func (b *testBoard) unplug() {
	b.slave.Close()
	b.wire.Close()
}

func (b *testBoard) say(t *testing.T, lines ...string) {
	t.Helper()
	if _, err := b.wire.WriteString(strings.Join(lines, "\n") + "\n"); err != nil {
		t.Fatal(err)
	}
}

// hear returns the next line that the gateway writes.
func (b *testBoard) hear(t *testing.T) string {
	t.Helper()
	select {
	case line := <-b.lines:
		return line
	case <-time.After(patience):
		t.Fatal("the gateway writes nothing")
		return ""
	}
}

// testConfig is a config for one greenhouse on a pty, with the listeners on free ports.
func testConfig(dir, port string) string {
	return fmt.Sprintf(`
[gateway]
id       = "home"
data_dir = %q

[log]
level = "debug"

[broker]
listen = "127.0.0.1:0"

[users.phone]
password = "secret"
role     = "operator"

[ports.uno]
path = %q
baud = 115200

[devices.greenhouse]
name  = "温室"
port  = "uno"
codec = "json"
offline_after = "60s"

[devices.greenhouse.fields.temperature]
key      = "t"
type     = "number"
decimals = 1

[devices.greenhouse.fields.pump]
key    = "p"
type   = "bool"
values = { true = "1", false = "0" }

[devices.greenhouse.commands.pump]
type    = "bool"
send    = "PUMP {value} #{seq}\n"
values  = { true = "1", false = "0" }
expect  = "^OK #{seq}"
refuse  = "^ERR #{seq} (?P<message>.*)"
confirm = "pump"
timeout = "20s"
`, filepath.Join(dir, "data"), port)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// phone is a real MQTT client on wss that keeps its messages.
type phone struct {
	mqtt.Client
	came chan mqtt.Message
	kept []mqtt.Message // received, not yet looked at
}

func newPhone(t *testing.T, url, ca, user, password string) *phone {
	t.Helper()
	p := &phone{came: make(chan mqtt.Message, 1024)}
	pem, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in " + ca)
	}
	p.Client = mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetUsername(user).SetPassword(password).
		SetClientID("phone-" + t.Name()).SetAutoReconnect(false).SetTLSConfig(&tls.Config{RootCAs: roots}).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { p.came <- m }))
	wait(t, p.Connect())
	t.Cleanup(func() { p.Disconnect(100) })
	return p
}

func wait(t *testing.T, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("MQTT: %v", token.Error())
	}
}

// see returns the first message on a topic whose payload contains part. It discards earlier messages of the topic, and
// keeps those of other topics for later.
func (p *phone) see(t *testing.T, topic, part string) mqtt.Message {
	t.Helper()
	timeout := time.After(patience)
	for at := 0; ; {
		for ; at < len(p.kept); at++ {
			m := p.kept[at]
			if m.Topic() != topic || !strings.Contains(string(m.Payload()), part) {
				continue
			}
			before := slices.DeleteFunc(p.kept[:at:at], func(m mqtt.Message) bool { return m.Topic() == topic })
			p.kept = append(before, p.kept[at+1:]...)
			return m
		}
		select {
		case m := <-p.came:
			p.kept = append(p.kept, m)
		case <-timeout:
			var seen []string
			for _, m := range p.kept {
				seen = append(seen, m.Topic()+" "+string(m.Payload()))
			}
			t.Fatalf("no %q on %s; seen:\n%s", part, topic, strings.Join(seen, "\n"))
		}
	}
}

// TestWalk follows one reading up and one command down and back, in the order and with the names of the picture in the
// package comment of relay. It also fails if that picture names other steps.
func TestWalk(t *testing.T) {
	var walked []string
	step := func(name string) { walked = append(walked, name) }

	dir := t.TempDir()
	board := newTestBoard(t)
	path := filepath.Join(dir, "minirelay.toml")
	writeFile(t, path, testConfig(dir, board.path))
	config, err := configs.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.Start(config, gateway.Options{Build: gatewayBuild(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), gateway.StopTime)
		defer cancel()
		if err := g.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	<-g.Ready()
	p := newPhone(t, g.Addresses()[0], filepath.Join(dir, "data", "tls", "cert.pem"), "phone", "secret")
	wait(t, p.Subscribe("minirelay/home/#", 1, nil))
	p.see(t, "minirelay/home/greenhouse/availability", "offline")

	// Up.
	step("bytes")
	board.say(t, `4,"p":0}`) // half a line, as after opening
	step("frame")
	board.say(t, "\x00\xff noise", `{"t":21.53,"p":0}`)
	step("reading")
	step("relay")
	p.see(t, "minirelay/home/greenhouse/availability", "online")
	step("topic")
	state := p.see(t, "minirelay/home/greenhouse/state", `"temperature":21.5,"pump":false}`)
	step("broker")
	if state.Qos() != 1 {
		t.Errorf("the state has QoS %d", state.Qos())
	}
	step("phone")

	// Down and back.
	step("phone")
	wait(t, p.Publish("minirelay/home/status", 1, false, "the guard drops what is not for phones to say"))
	step("guard")
	wait(t, p.Publish("minirelay/home/greenhouse/command", 1, false, `{"id":"c-1","command":"pump","value":true}`))
	step("relay")
	step("lane")
	written := board.hear(t)
	step("bytes")
	seq := regexp.MustCompile(`^PUMP 1 #(\d+)$`).FindStringSubmatch(written)
	if seq == nil {
		t.Fatalf("the board received %q", written)
	}
	board.say(t, "OK #99999", "OK #"+seq[1]) // the answer to another command first
	step("answer")
	board.say(t, `{"t":21.6,"p":1}`)
	step("read-back")
	result := p.see(t, "minirelay/home/greenhouse/result", `"c-1"`)
	step("result")
	var r struct {
		Status, By string
		Value      bool
	}
	if err := json.Unmarshal(result.Payload(), &r); err != nil || r.Status != "done" || r.By != "phone" || !r.Value {
		t.Errorf("%s (%v)", result.Payload(), err)
	}

	if drawn := drawnWalk(t); fmt.Sprint(drawn) != fmt.Sprint(walked) {
		t.Errorf("the package comment of relay draws\n%v\nthe test walks\n%v", drawn, walked)
	}
}

// drawnWalk returns the steps of the picture in relay/doc.go.
func drawnWalk(t *testing.T) []string {
	t.Helper()
	doc, err := os.ReadFile("../../relay/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, walk, _ := strings.Cut(string(doc), "# The walk")
	walk, _, _ = strings.Cut(walk, "# Promises")
	var steps []string
	for _, m := range regexp.MustCompile(`(?m)^//\t([a-z-]+)`).FindAllStringSubmatch(walk, -1) {
		steps = append(steps, m[1])
	}
	return steps
}
