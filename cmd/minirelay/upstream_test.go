//go:build e2e

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// startMosquitto runs Debian's broker on a free port and returns its address.
func startMosquitto(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	path := filepath.Join(t.TempDir(), "mosquitto.conf")
	writeFile(t, path, fmt.Sprintf("listener %s 127.0.0.1\nallow_anonymous true\nlog_type none\n", addr[strings.LastIndex(addr, ":")+1:]))
	cmd := exec.Command("mosquitto", "-c", path)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	eventually(t, "mosquitto listens", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return addr
}

// farPhone is a phone at the upstream broker.
func farPhone(t *testing.T, addr string) *phone {
	t.Helper()
	p := &phone{came: make(chan mqtt.Message, 4096)}
	p.Client = mqtt.NewClient(mqtt.NewClientOptions().AddBroker("mqtt://" + addr).SetClientID("far-" + t.Name()).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { p.came <- m }))
	wait(t, p.Connect())
	t.Cleanup(func() { p.Disconnect(100) })
	wait(t, p.Subscribe("#", 1, nil))
	return p
}

// The walk through another broker: a reading up, a command down, its result up, the same on the gateway's own broker,
// with the upstream added and removed while everything runs.
func TestWalkThroughAnUpstream(t *testing.T) {
	addr := startMosquitto(t)
	far := farPhone(t, addr)
	dir := t.TempDir()
	board := newTestBoard(t)
	config := testConfig(dir, board.path)
	r := start(t, dir, config)
	near := r.phone(t)
	board.online(t, near)
	near.see(t, "minirelay/home/greenhouse/state", `"temperature":20`)

	// An upstream is added at run time: retained messages go up at once, and the local phone sees its state.
	with := config + fmt.Sprintf("\n[upstream.cloud]\nurl = \"mqtt://%s\"\nprefix = \"farm/7\"\naccept = [\"command\", \"request\"]\nretry = \"1s\"\n", addr)
	r.save(t, with)
	far.see(t, "farm/7/minirelay/home/status", "online")
	far.see(t, "farm/7/minirelay/home/greenhouse/model", "温室")
	far.see(t, "farm/7/minirelay/home/greenhouse/availability", "online")
	far.see(t, "farm/7/minirelay/home/greenhouse/state", `"temperature":20`)
	near.see(t, "minirelay/home/info", `"upstreams":[{"id":"cloud","state":"connected"`)
	far.see(t, "farm/7/minirelay/home/info", `"state":"connected"`)

	board.say(t, `{"t":21,"p":0}`)
	far.see(t, "farm/7/minirelay/home/greenhouse/state", `"temperature":21,"pump":false,"seq":`)
	near.see(t, "minirelay/home/greenhouse/state", `"temperature":21,"pump":false}`)

	command := `{"id":"c-1","command":"pump","value":true}`
	wait(t, far.Publish("farm/7/minirelay/home/greenhouse/command", 1, false, command))
	board.acknowledge(t)
	for topic, p := range map[string]*phone{"farm/7/": far, "": near} {
		p.see(t, topic+"minirelay/home/greenhouse/result", `"id":"c-1","command":"pump","value":true,"status":"done"`)
	}
	// The same id from the same upstream is the same command; from a local user it is a different command.
	wait(t, far.Publish("farm/7/minirelay/home/greenhouse/command", 1, false, command))
	far.see(t, "farm/7/minirelay/home/greenhouse/result", `"repeat":true`)
	wait(t, near.Publish("minirelay/home/greenhouse/command", 1, false, command))
	board.acknowledge(t)
	near.see(t, "minirelay/home/greenhouse/result", `"by":"phone"`)
	wait(t, far.Publish("farm/7/minirelay/home/greenhouse/command", 1, true, `{"id":"kept","command":"pump","value":false}`))
	wait(t, far.Publish("farm/7/minirelay/home/greenhouse/command", 1, true, "")) // removed from the broker again

	// A request is answered only where it was made.
	wait(t, far.Publish("farm/7/minirelay/home/request/far", 1, false, `{"id":7,"method":"time"}`))
	far.see(t, "farm/7/minirelay/home/reply/far", `{"id":7,"result":{"now":`)

	r.save(t, config)
	far.see(t, "farm/7/minirelay/home/status", "offline")
	eventually(t, "it is not told of any more", func() bool { return len(r.gateway.Status().Upstreams) == 0 })
	board.say(t, `{"t":22,"p":0}`)
	near.see(t, "minirelay/home/greenhouse/state", `"temperature":22`)
	for _, m := range far.kept {
		if strings.Contains(string(m.Payload()), `"temperature":22`) {
			t.Errorf("it still went up: %s", m.Payload())
		}
	}
	if !near.IsConnectionOpen() {
		t.Error("the local phone was disconnected")
	}
	for _, m := range near.kept {
		if strings.Contains(m.Topic(), "reply/far") {
			t.Errorf("%s came to the gateway's own broker", m.Topic())
		}
	}
}

// If the address of an upstream changes while the gateway runs, the waiting messages go to the new one.
func TestUpstreamMoves(t *testing.T) {
	addr := startMosquitto(t)
	far := farPhone(t, addr)
	dir := t.TempDir()
	board := newTestBoard(t)
	config := testConfig(dir, board.path) + "\n[upstream.cloud]\nurl = \"mqtt://127.0.0.1:1\"\nprefix = \"old\"\nretry = \"1s\"\n"
	r := start(t, dir, config)
	near := r.phone(t)
	board.online(t, near)
	board.say(t, `{"t":21,"p":0}`, `{"t":22,"p":0}`)
	near.see(t, "minirelay/home/greenhouse/state", `"temperature":22`)
	r.save(t, strings.Replace(strings.Replace(config, "127.0.0.1:1\"", addr+"\"", 1), `"old"`, `"new"`, 1))
	for _, n := range []string{"20", "21", "22"} {
		far.see(t, "new/minirelay/home/greenhouse/state", `"temperature":`+n)
	}
	board.say(t, `{"t":23,"p":0}`)
	far.see(t, "new/minirelay/home/greenhouse/state", `"temperature":23,"pump":false,"seq":`)
	if log := r.log.String(); strings.Count(log, "port is open") != 1 || !near.IsConnectionOpen() {
		t.Errorf("the other upstreams were affected\n%s", log)
	}
}

// A command from an upstream that a crash interrupted is reported there as unknown after the restart, and never
// executed again; the messages in the outbox go up.
func TestKillWithAnUpstream(t *testing.T) {
	addr := startMosquitto(t)
	far := farPhone(t, addr)
	dir := t.TempDir()
	board := newTestBoard(t)
	away := testConfig(dir, board.path) + "\n[upstream.cloud]\nurl = \"mqtt://%s\"\naccept = [\"command\"]\nretry = \"1s\"\n"
	p := run(t, dir, fmt.Sprintf(away, addr), "")
	board.say(t, "first", `{"t":20,"p":0}`)
	far.see(t, "minirelay/home/greenhouse/availability", "online")
	wait(t, far.Publish(commandTopic, 1, false, `{"id":"cut","command":"pump","value":true}`))
	board.hear(t)
	p.end(t, syscall.SIGKILL)

	p = run(t, dir, fmt.Sprintf(away, addr), "")
	far.see(t, resultTopic, `"id":"cut","command":"pump","value":true,"status":"unknown","code":"no_answer"`)
	board.say(t, "first", `{"t":21,"p":0}`)
	far.see(t, "minirelay/home/greenhouse/state", `"temperature":21`)
	wait(t, far.Publish(commandTopic, 1, false, `{"id":"cut","command":"pump","value":true}`))
	far.see(t, resultTopic, `"repeat":true`)
	select {
	case line := <-board.lines:
		t.Errorf("the board also received %q", line)
	default:
	}
	p.end(t, syscall.SIGKILL)

	// The upstream is unreachable while readings arrive, and then the gateway is killed.
	p = run(t, dir, fmt.Sprintf(away, "127.0.0.1:1"), "")
	near := p.phone(t)
	board.say(t, "first", `{"t":30,"p":0}`, `{"t":31,"p":0}`, `{"t":32,"p":0}`)
	near.see(t, "minirelay/home/greenhouse/state", `"temperature":32`)
	eventually(t, "it is in the outbox", func() bool {
		files, _ := filepath.Glob(filepath.Join(dir, "data", "upstream", "cloud", "readings", "*.seg"))
		text, _ := os.ReadFile(files[len(files)-1])
		return strings.Contains(string(text), `"temperature":32`)
	})
	p.end(t, syscall.SIGKILL)
	run(t, dir, fmt.Sprintf(away, addr), "")
	for _, n := range []string{"30", "31", "32"} {
		m := far.see(t, "minirelay/home/greenhouse/state", `"temperature":`+n)
		if !strings.Contains(string(m.Payload()), `"replay":true`) || m.Retained() {
			t.Errorf("%s", m.Payload())
		}
	}
}

// A second upstream that does not respond affects neither the first one nor the shutdown.
func TestUpstreamsDoNotInfluenceEachOther(t *testing.T) {
	addr := startMosquitto(t)
	far := farPhone(t, addr)
	hole, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer hole.Close()
	dir := t.TempDir()
	board := newTestBoard(t)
	r := start(t, dir, testConfig(dir, board.path)+fmt.Sprintf("\n[upstream.dead]\nurl = \"mqtt://%s\"\n\n[upstream.alive]\nurl = \"mqtt://%s\"\n", hole.Addr(), addr))
	for n := range 50 {
		board.say(t, fmt.Sprintf(`{"t":%d,"p":0}`, n))
	}
	far.see(t, "minirelay/home/greenhouse/state", `"temperature":49`)
	eventually(t, "one is done, the other keeps what it has", func() bool {
		s := r.gateway.Status().Upstreams
		return len(s) == 2 && s[0].Waiting >= 49 && s[1].Waiting == 0 && s[1].Delivered >= 49
	})
}
