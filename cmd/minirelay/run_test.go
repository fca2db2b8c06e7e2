package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"minirelay/gateway"
	"minirelay/locale"

	"minirelay/softboard"
)

// lockedBuffer is a log that a test can read while it is being written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// eventually waits until ok returns true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// running is a gateway that runs as `minirelay run` does, in this process.
type running struct {
	dir, path string
	log       *lockedBuffer
	gateway   *gateway.Gateway
	url       string
}

// start runs the config until the test ends, and fails if the gateway leaves a goroutine behind.
func start(t *testing.T, dir, config string) *running {
	t.Helper()
	before := goleak.IgnoreCurrent()
	r := &running{dir: dir, path: filepath.Join(dir, "minirelay.toml"), log: &lockedBuffer{}}
	writeFile(t, r.path, config)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	ready := make(chan *gateway.Gateway, 1)
	stdout := &lockedBuffer{}
	go func() {
		ended <- serve(ctx, &env{strings.NewReader(""), stdout, r.log, locale.English}, r.path, false, func(g *gateway.Gateway) { ready <- g })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		goleak.VerifyNone(t, before)
		if t.Failed() {
			t.Log(r.log)
		}
	})
	select {
	case r.gateway = <-ready:
	case err := <-ended:
		ended <- nil
		t.Fatalf("%v\n%s", err, r.log)
	case <-time.After(patience):
		t.Fatalf("not ready\n%s", r.log)
	}
	r.url = r.gateway.Addresses()[0]
	eventually(t, "the ready line", func() bool { return strings.HasPrefix(stdout.String(), "ready "+r.url) })
	return r
}

func (r *running) phone(t *testing.T) *phone {
	t.Helper()
	p := newPhone(t, r.url, filepath.Join(r.dir, "data", "tls", "cert.pem"), "phone", "secret")
	wait(t, p.Subscribe("minirelay/#", 1, nil))
	return p
}

// save writes the config like many editors: a new file, renamed over the old one.
func (r *running) save(t *testing.T, config string) {
	t.Helper()
	writeFile(t, r.path+"~", config)
	if err := os.Rename(r.path+"~", r.path); err != nil {
		t.Fatal(err)
	}
}

// twoBoards is the greenhouse and a second board, "cellar".
func twoBoards(dir, first, second string) string {
	return testConfig(dir, first) + fmt.Sprintf(`
[ports.due]
path = %q

[devices.cellar]
port  = "due"
codec = "json"

[devices.cellar.fields.temperature]
key  = "t"
type = "number"
`, second)
}

// Changed settings take effect, unchanged parts are not disturbed, and a broken file changes nothing.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	uno, due := newTestBoard(t), newTestBoard(t)
	config := twoBoards(dir, uno.path, due.path)
	r := start(t, dir, config)
	p := r.phone(t)
	uno.say(t, "first", `{"t":20,"p":0}`)
	due.say(t, "first", `{"t":10}`)
	p.see(t, "minirelay/home/greenhouse/state", `"temperature":20,"pump":false`)
	p.see(t, "minirelay/home/cellar/state", `"temperature":10`)

	// A new name and a new scale for the greenhouse. Its port stays open; otherwise the next line would be dropped as
	// the first one after opening.
	config = strings.Replace(config, `"温室"`, `"大棚"`, 1)
	config = strings.Replace(config, "decimals = 1", "decimals = 1\nscale = 2", 1)
	r.save(t, config)
	p.see(t, "minirelay/home/greenhouse/model", `"name":"大棚"`)
	uno.say(t, `{"t":21,"p":0}`)
	p.see(t, "minirelay/home/greenhouse/state", `"temperature":42,"pump":false`)

	// A broken file, saved in place.
	writeFile(t, r.path, strings.Replace(config, "codec = \"json\"", "codec = \"jsn\"", 1))
	eventually(t, "the fault is reported", func() bool { return strings.Contains(r.log.String(), "did you mean") })
	line := strings.Count(config[:strings.Index(config, "codec = \"json\"")], "\n") + 1
	if at := fmt.Sprintf("%s:%d:", r.path, line); !strings.Contains(r.log.String(), at) {
		t.Errorf("no %s in\n%s", at, r.log)
	}
	uno.say(t, `{"t":22,"p":0}`)
	p.see(t, "minirelay/home/greenhouse/state", `"temperature":44`)

	// The other device is removed, and its topics are cleared. The phone stays connected all the time.
	r.save(t, config[:strings.Index(config, "[ports.due]")])
	p.see(t, "minirelay/home/cellar/model", "")
	if !p.IsConnectionOpen() {
		t.Error("the phone was disconnected")
	}
	log := r.log.String()
	if n := strings.Count(log, "port is open"); n != 2 {
		t.Errorf("ports were opened %d times\n%s", n, log)
	}
}

// After a change of the listen address, the log shows the new one.
func TestReloadTellsTheNewAddress(t *testing.T) {
	dir := t.TempDir()
	config := testConfig(dir, newTestBoard(t).path)
	r := start(t, dir, config)
	const told = "clients connect at other addresses now"
	r.save(t, strings.Replace(config, `"温室"`, `"大棚"`, 1))
	eventually(t, "the new name is in use", func() bool { return strings.Contains(r.log.String(), "the new configuration is in use") })
	if strings.Contains(r.log.String(), told) {
		t.Error("a name is not an address")
	}
	r.save(t, strings.Replace(config, "127.0.0.1:0", "127.0.0.2:0", 1))
	eventually(t, "the new address is told", func() bool { return strings.Contains(r.log.String(), told) })
	if now := r.gateway.Addresses()[0]; now == r.url || !strings.Contains(r.log.String(), now) {
		t.Errorf("the gateway serves at %s", now)
	}
}

// A new gateway id makes it another gateway; a user's new password takes effect at once.
func TestReloadIdentityAndUsers(t *testing.T) {
	dir := t.TempDir()
	uno := newTestBoard(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := l.Addr().String()
	l.Close()
	config := strings.Replace(testConfig(dir, uno.path), "127.0.0.1:0", listen, 1)
	r := start(t, dir, config)
	r.phone(t)
	config = strings.Replace(config, `id       = "home"`, `id       = "shed"`, 1)
	r.save(t, config)
	// Clients are served before ports are opened.
	eventually(t, "the new gateway runs", func() bool { return strings.Count(r.log.String(), "port is open") == 2 })
	p := r.phone(t)
	p.see(t, "minirelay/shed/status", "online")
	p.see(t, "minirelay/shed/greenhouse/model", "温室")

	r.save(t, strings.Replace(config, `"secret"`, `"changed"`, 1))
	eventually(t, "the old password is thrown out", func() bool { return !p.IsConnectionOpen() })
	newPhone(t, r.url, filepath.Join(dir, "data", "tls", "cert.pem"), "phone", "changed")
}

// A board that is unplugged is offline and unknown at once, comes back by itself, and does not affect the other board.
func TestUnplugAndReplug(t *testing.T) {
	dir := t.TempDir()
	line, err := softboard.Open(filepath.Join(dir, "by-id-greenhouse"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { line.Close() })
	due := newTestBoard(t)
	live := func() {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			softboard.Run(ctx, line, softboard.NewGreenhouse(1), 20*time.Millisecond)
		}()
		t.Cleanup(func() { cancel(); line.Unplug(); <-ended })
	}
	live()
	r := start(t, dir, twoBoards(dir, line.Path(), due.path))
	p := r.phone(t)
	due.say(t, "first", `{"t":10}`)
	p.see(t, "minirelay/home/cellar/state", `"temperature":10`)
	p.see(t, "minirelay/home/greenhouse/availability", "online")
	if err := line.Unplug(); err != nil {
		t.Fatal(err)
	}
	p.see(t, "minirelay/home/greenhouse/availability", "offline")
	p.see(t, "minirelay/home/greenhouse/state", `"temperature":null,"pump":null`)
	wait(t, p.Publish("minirelay/home/greenhouse/command", 1, false, `{"id":"off","command":"pump","value":true}`))
	p.see(t, "minirelay/home/greenhouse/result", `"code":"offline"`)
	due.say(t, `{"t":11}`)
	p.see(t, "minirelay/home/cellar/state", `"temperature":11`)
	if err := line.Replug(); err != nil {
		t.Fatal(err)
	}
	live()
	p.see(t, "minirelay/home/greenhouse/availability", "online")
	wait(t, p.Publish("minirelay/home/greenhouse/command", 1, false, `{"id":"on","command":"pump","value":true}`))
	p.see(t, "minirelay/home/greenhouse/result", `"status":"done"`)
	if strings.Contains(r.log.String(), "device=cellar reason") {
		t.Errorf("the other board was affected:\n%s", r.log)
	}
}
