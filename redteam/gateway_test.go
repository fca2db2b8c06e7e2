// Package redteam attacks the program from outside: each test plays a stranger or a user with few rights, for a few
// seconds and on this machine only, and then looks whether the owner still gets in and the watchdog was fed.
package redteam

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is the time limit on a busy machine. Successful tests do not wait for it.
const patience = 60 * time.Second

var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "redteam-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "minirelay")
	code := 1
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/minirelay").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
	} else {
		code = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// The users of a gateway under attack. The password of each is its name, written ten times.
const users = `
[users.boss]
password = "bossbossbossbossbossbossbossbossbossboss"
role = "admin"
[users.mum]
password = "mummummummummummummummummummum"
role = "operator"
[users.viewer]
password = "viewerviewerviewerviewerviewerviewerviewerviewerviewerviewer"
role = "viewer"
[users.site]
password = "sitesitesitesitesitesitesitesitesitesite"
role = "gateway"
gateways = ["site"]
`

func password(user string) string { return strings.Repeat(user, 10) }

// target is a gateway under attack.
type target struct {
	secure, plain string // addresses of the TLS port and of plain MQTT
	log           *buffer
	signals       *counter // of the watchdog
}

type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) add() { c.mu.Lock(); c.n++; c.mu.Unlock() }
func (c *counter) get() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// attack starts a gateway with further lines of [broker], under a shell command that may limit it.
func attack(t *testing.T, broker, limit string) *target {
	t.Helper()
	dir, err := os.MkdirTemp("", "rt") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	g := &target{log: &buffer{}, signals: &counter{}}
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for buf := make([]byte, 4096); ; {
			n, err := manager.Read(buf)
			if err != nil {
				return
			}
			if strings.HasPrefix(string(buf[:n]), "WATCHDOG=1") {
				g.signals.add()
			}
		}
	}()
	config := fmt.Sprintf("[gateway]\nid = \"home\"\ndata_dir = %q\n[broker]\nlisten = \"127.0.0.1:0\"\nmqtt = \"127.0.0.1:0\"\n%s\n%s",
		filepath.Join(dir, "data"), broker, users)
	path := filepath.Join(dir, "minirelay.toml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", limit+` exec "$0" run -c "$1"`, program, path)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(dir, "notify"), "WATCHDOG_USEC=8000000") // a check each 2 s
	cmd.Stderr = g.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		manager.Close()
		if t.Failed() {
			t.Log(g.log)
		}
	})
	ready, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v\n%s", err, g.log)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	g.secure = regexp.MustCompile(`wss://([^/ ]+)`).FindStringSubmatch(ready)[1]
	g.plain = regexp.MustCompile(`mqtt://([^/ \n]+)`).FindStringSubmatch(ready)[1]
	return g
}

// mqtt logs in over plain MQTT 3.1.1 and returns the code of the CONNACK, 255 if none came.
func (g *target) mqtt(user, id string) (net.Conn, byte) {
	c, err := net.DialTimeout("tcp", g.plain, patience)
	if err != nil {
		return nil, 255
	}
	body := []byte("\x00\x04MQTT\x04\xc2\x00\x3c")
	for _, text := range []string{id, user, password(user)} {
		body = append(binary.BigEndian.AppendUint16(body, uint16(len(text))), text...)
	}
	_, _ = c.Write(append(binary.AppendUvarint([]byte{0x10}, uint64(len(body))), body...))
	_ = c.SetReadDeadline(time.Now().Add(patience))
	ack := make([]byte, 4)
	if _, err := io.ReadFull(c, ack); err != nil || ack[0] != 0x20 {
		c.Close()
		return nil, 255
	}
	return c, ack[3]
}

// tls opens a connection to the TLS port.
func (g *target) tls() (net.Conn, error) {
	d := &net.Dialer{Timeout: patience}
	return tls.DialWithDialer(d, "tcp", g.secure, &tls.Config{InsecureSkipVerify: true})
}

// get returns the status and body of a page.
func (g *target) get(t *testing.T, path string) (int, string) {
	t.Helper()
	code, text, err := g.try(path)
	if err != nil {
		t.Error(err)
	}
	return code, text
}

func (g *target) try(path string) (code int, body string, err error) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport, Timeout: patience}).Get("https://" + g.secure + path)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// opensAtMost waits until the gateway has looked at all connections of a flood, and no more of them are open.
func (g *target) opensAtMost(t *testing.T, most float64) {
	t.Helper()
	open := most + 1
	for deadline := time.Now().Add(patience); open > most; {
		if time.Now().After(deadline) {
			t.Fatalf("%v files are open", open)
		}
		if _, text, err := g.try("/metrics"); err == nil { // a client with the address of the flood may be cut with it
			open = value(text, "process_open_fds")
		}
	}
}

// metric returns one metric without labels.
func (g *target) metric(t *testing.T, name string) float64 {
	t.Helper()
	_, text := g.get(t, "/metrics")
	n := value(text, name)
	if n < 0 {
		t.Errorf("no metric %s", name)
	}
	return n
}

// value finds a metric without labels; -1 if there is none.
func value(text, name string) float64 {
	found := regexp.MustCompile(`(?m)^` + name + ` (.*)$`).FindStringSubmatch(text)
	if found == nil {
		return -1
	}
	n, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		return -1
	}
	return n
}

// authorization is the header of a login over HTTP.
func authorization(user string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password(user)))
}

// survives checks that the owner gets in over MQTT and HTTP, that others do, and that the watchdog has been fed on time
// and is fed on.
func (g *target) survives(t *testing.T) {
	t.Helper()
	for _, user := range []string{"boss", "mum", "site"} {
		c, code := g.mqtt(user, user+" at "+t.Name())
		if code != 0 {
			t.Errorf("%s cannot log in: %d", user, code)
			continue
		}
		defer c.Close()
	}
	if code, text := g.get(t, "/readyz"); code != http.StatusOK {
		t.Errorf("/readyz: %d %s", code, text)
	}
	before := g.signals.get()
	for deadline := time.Now().Add(patience); g.signals.get() == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the watchdog is not fed any more")
		}
	}
	if missed := g.metric(t, "minirelay_broker_missed_pulses_total"); missed != 0 || strings.Contains(g.log.String(), "did not respond") {
		t.Errorf("%v pulses were missed", missed)
	}
}

// everywhere runs do count times on each of several goroutines.
func everywhere(goroutines, count int, do func(goroutine, n int)) {
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for n := range count {
				do(g, n)
			}
		})
	}
	all.Wait()
}
