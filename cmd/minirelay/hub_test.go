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
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// hubConfig is a hub for the gateway home, which dials out to it, with one user who may use the gateway and one who may
// not.
func hubConfig(dir, address string) string {
	return fmt.Sprintf(`
[gateway]
id       = "hub"
data_dir = %q

[broker]
listen = %q

[users.gw-home]
password = "the gateway's"
role     = "gateway"
gateways = ["home"]

[users.phone]
password = "secret"
role     = "operator"
gateways = ["home"]

[users.tablet]
password = "secret"
role     = "operator"
gateways = ["home"]
devices  = ["home/greenhouse"]

[users.stranger]
password = "secret"
role     = "operator"
`, filepath.Join(dir, "data"), address)
}

// freePort is an unused address: a hub that restarts must keep its address.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// The whole chain through a hub: a gateway without an address of its own, a remote command and its result, a hub that
// is killed and comes back, and a gateway that is killed.
func TestHub(t *testing.T) {
	address, hubDir, dir := freePort(t), t.TempDir(), t.TempDir()
	config := hubConfig(hubDir, address)
	hub := run(t, hubDir, config, "")
	ca := filepath.Join(hubDir, "data", "tls", "cert.pem")
	board := newTestBoard(t)
	gateway := run(t, dir, testConfig(dir, board.path)+fmt.Sprintf(`
[upstream.hub]
url      = "wss://%s/mqtt"
user     = "gw-home"
password = "the gateway's"
ca_file  = %q
accept   = ["command", "request"]
hub      = true
retry    = "1s"
`, address, ca), "")

	far := hub.phone(t)
	board.say(t, "first", `{"t":20,"p":0}`)
	far.see(t, "minirelay/home/status", "online")
	far.see(t, "minirelay/home/greenhouse/availability", "online")
	far.see(t, "minirelay/home/greenhouse/model", "温室")
	far.see(t, "minirelay/home/greenhouse/state", `"temperature":20,"pump":false`)

	command := `{"id":"c-1","command":"pump","value":true}`
	wait(t, far.Publish(commandTopic, 1, false, command))
	board.acknowledge(t)
	if m := far.see(t, resultTopic, `"id":"c-1","command":"pump","value":true,"status":"done"`); !strings.Contains(string(m.Payload()), `"by":"phone (hub)"`) {
		t.Errorf("%s", m.Payload())
	}
	wait(t, far.Publish(commandTopic, 1, false, command))
	far.see(t, resultTopic, `"repeat":true`)

	// The gateway knows the person: the same id of another one is another command, whoever that one claims to be.
	t.Run("tablet", func(t *testing.T) {
		tablet := newPhone(t, hub.url, ca, "tablet", "secret")
		wait(t, tablet.Publish(commandTopic, 1, false, ` {"by":{"user":"phone","role":"admin","at":0},"id":"c-1","command":"pump","value":true}`))
	})
	board.acknowledge(t)
	if m := far.see(t, resultTopic, `"by":"tablet (hub)"`); !strings.Contains(string(m.Payload()), `"id":"c-1","command":"pump","value":true,"status":"done"`) {
		t.Errorf("%s", m.Payload())
	}

	// The hub knows the user, the gateway knows its local time.
	request := "minirelay/home/request/phone-" + t.Name()
	wait(t, far.Publish(request, 1, false, `{"id":1,"method":"me"}`))
	far.see(t, "minirelay/home/reply/phone-"+t.Name(), `{"id":1,"result":{"user":"phone","role":"operator"}}`)
	wait(t, far.Publish(request, 1, false, `{"id":2,"method":"time"}`))
	far.see(t, "minirelay/home/reply/phone-"+t.Name(), `{"id":2,"result":{"now":`)

	hub.end(t, syscall.SIGKILL)
	for n := 21; n < 30; n++ {
		board.say(t, fmt.Sprintf(`{"t":%d,"p":1}`, n))
	}
	near := gateway.phone(t)
	near.see(t, "minirelay/home/greenhouse/state", `"temperature":29`)
	hub = run(t, hubDir, config, "")
	far = hub.phone(t)
	far.see(t, "minirelay/home/status", "online")
	far.see(t, "minirelay/home/greenhouse/model", "温室")
	far.see(t, "minirelay/home/greenhouse/state", `"temperature":29`)

	gateway.end(t, syscall.SIGKILL)
	far.see(t, "minirelay/home/status", "offline")
}

// A device that is taken out of the file while the gateway is dead disappears from the hub, and the others stay.
func TestGhostAtTheHub(t *testing.T) {
	hubDir, dir := t.TempDir(), t.TempDir()
	hub := run(t, hubDir, hubConfig(hubDir, "127.0.0.1:0"), "")
	board, cellar := newTestBoard(t), newTestBoard(t)
	config := testConfig(dir, board.path) + fmt.Sprintf(`
[upstream.hub]
url      = %q
user     = "gw-home"
password = "the gateway's"
ca_file  = %q
`, hub.url, filepath.Join(hubDir, "data", "tls", "cert.pem"))
	gateway := run(t, dir, config+fmt.Sprintf(`
[ports.second]
path = %q

[devices.cellar]
port  = "second"
codec = "json"

[devices.cellar.fields.level]
type = "number"
`, cellar.path), "")
	far := hub.phone(t)
	board.say(t, "first", `{"t":20,"p":0}`)
	cellar.say(t, "first", `{"level":3}`)
	far.see(t, "minirelay/home/greenhouse/state", `"temperature":20`)
	far.see(t, "minirelay/home/cellar/state", `"level":3`)
	gateway.end(t, syscall.SIGKILL)
	far.see(t, "minirelay/home/status", "offline")

	run(t, dir, config, "")
	for _, leaf := range []string{"availability", "model", "state"} {
		for m := far.see(t, "minirelay/home/cellar/"+leaf, ""); len(m.Payload()) > 0; {
			m = far.see(t, "minirelay/home/cellar/"+leaf, "")
		}
	}
	late := newPhone(t, hub.url, filepath.Join(hubDir, "data", "tls", "cert.pem"), "phone", "secret")
	wait(t, late.Subscribe("minirelay/home/+/model", 1, nil))
	if m := late.see(t, "minirelay/home/greenhouse/model", ""); len(m.Payload()) == 0 {
		t.Error("the device that stays has lost its model")
	}
	for _, m := range late.kept {
		if strings.Contains(m.Topic(), "/cellar/") {
			t.Errorf("the hub still has %s", m.Topic())
		}
	}
}

// A copy of a gateway's whole disk is refused by the hub while the original is connected: commands reach the original,
// and the hub and the copy say what is wrong.
func TestTwoGatewaysWithOneID(t *testing.T) {
	hubDir, dir, copied := t.TempDir(), t.TempDir(), t.TempDir()
	hub := run(t, hubDir, hubConfig(hubDir, "127.0.0.1:0"), "")
	here, there := newTestBoard(t), newTestBoard(t)
	config := func(dir string, b *testBoard) string {
		return testConfig(dir, b.path) + fmt.Sprintf(`
[upstream.hub]
url       = %q
user      = "gw-home"
password  = "the gateway's"
ca_file   = %q
accept    = ["command", "request"]
retry     = "1s"
`, hub.url, filepath.Join(hubDir, "data", "tls", "cert.pem"))
	}
	original := run(t, dir, config(dir, here), "")
	far := hub.phone(t)
	here.say(t, "first", `{"t":20,"p":0}`)
	far.see(t, "minirelay/home/greenhouse/state", `"temperature":20`)
	original.end(t, syscall.SIGTERM) // to copy its card
	if err := os.CopyFS(filepath.Join(copied, "data"), os.DirFS(filepath.Join(dir, "data"))); err != nil {
		t.Fatal(err)
	}
	// On another machine the copy makes an id of its own; here it is the same machine.
	if err := os.Remove(filepath.Join(copied, "data", "instance.json")); err != nil {
		t.Fatal(err)
	}
	run(t, dir, config(dir, here), "")
	far.see(t, "minirelay/home/status", "offline")
	far.see(t, "minirelay/home/status", "online")

	second := run(t, copied, config(copied, there), "")
	near := second.phone(t)
	near.see(t, "minirelay/home/info", "another gateway with the id home is connected there")
	there.say(t, "first", `{"t":66,"p":0}`)
	here.say(t, "first", `{"t":21,"p":0}`)
	far.see(t, "minirelay/home/greenhouse/state", `"temperature":21`)
	wait(t, far.Publish(commandTopic, 1, false, `{"id":"c-1","command":"pump","value":true}`))
	here.acknowledge(t)
	far.see(t, resultTopic, `"id":"c-1","command":"pump","value":true,"status":"done"`)
	select {
	case line := <-there.lines:
		t.Errorf("the copy gets %q", line)
	default:
	}
	for what, log := range map[string]string{"another gateway with the same id is connected": hub.log.String(), "code=duplicate": second.log.String()} {
		if !strings.Contains(log, what) {
			t.Errorf("%q is not in the log:\n%s", what, log)
		}
	}
}

// A hub with three gateways of which two die: its status names them, one that is killed and one that is stopped, and
// says that all is well again when they are back.
func TestFleet(t *testing.T) {
	hubDir := t.TempDir()
	hub := run(t, hubDir, hubConfig(hubDir, "127.0.0.1:0")+`
[users.gw-more]
password = "the gateway's"
role     = "gateway"
gateways = ["cabin", "barn"]
`, "")
	gateways := map[string]*process{}
	start := func(id, user string) {
		dir := t.TempDir()
		gateways[id] = run(t, dir, fmt.Sprintf(`
[gateway]
id       = %q
data_dir = %q

[broker]
listen = "127.0.0.1:0"

[users.phone]
password = "secret"

[upstream.hub]
url       = %q
user      = %q
password  = "the gateway's"
ca_file   = %q
client_id = %q
retry     = "1s"
`, id, filepath.Join(dir, "data"), hub.url, user, filepath.Join(hubDir, "data", "tls", "cert.pem"), "minirelay-"+id), "")
	}
	shows := func(parts ...string) {
		t.Helper()
		program, err := binary()
		if err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			text, err := exec.Command(program, "status", "-c", filepath.Join(hubDir, "minirelay.toml")).Output()
			all := err == nil
			for _, part := range parts {
				all = all && strings.Contains(string(text), part)
			}
			if all {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%v; want %q in\n%s", err, parts, text)
			}
		}
	}
	never := []string{"gateway home is offline since the start", "gateway cabin is offline since the start", "gateway barn is offline since the start"}
	shows(never...)
	start("home", "gw-home")
	start("cabin", "gw-more")
	start("barn", "gw-more")
	shows("all is well")
	gateways["home"].end(t, syscall.SIGKILL)
	gateways["barn"].end(t, syscall.SIGTERM)
	shows("gateway home is offline for ", "gateway barn is offline for ", "needs attention")
	start("home", "gw-home")
	start("barn", "gw-more")
	shows("all is well")
}

// A user of the hub alone can neither see nor command any gateway behind it.
func TestStrangerAtTheHub(t *testing.T) {
	dir := t.TempDir()
	hub := run(t, dir, hubConfig(dir, "127.0.0.1:0"), "")
	ca := filepath.Join(dir, "data", "tls", "cert.pem")
	t.Run("gateway", func(t *testing.T) {
		gateway := newPhone(t, hub.url, ca, "gw-home", "the gateway's")
		wait(t, gateway.Publish("minirelay/home/status", 1, true, "online"))
	})
	t.Run("stranger", func(t *testing.T) {
		stranger := newPhone(t, hub.url, ca, "stranger", "secret")
		wait(t, stranger.Subscribe("minirelay/hub/#", 1, nil))
		refused := stranger.Subscribe("minirelay/home/#", 1, nil).(*mqtt.SubscribeToken)
		wait(t, refused)
		if code := refused.Result()["minirelay/home/#"]; code != 0x80 {
			t.Errorf("the SUBACK says %#x", code)
		}
		wait(t, stranger.Publish("minirelay/home/status", 1, true, "mine"))
		stranger.see(t, "minirelay/hub/status", "online")
		for _, m := range stranger.kept {
			if strings.HasPrefix(m.Topic(), "minirelay/home/") {
				t.Errorf("the user received %s", m.Topic())
			}
		}
	})
	if m := hub.phone(t).see(t, "minirelay/home/status", ""); string(m.Payload()) != "online" {
		t.Errorf("the gateway's status is %q", m.Payload())
	}
}
