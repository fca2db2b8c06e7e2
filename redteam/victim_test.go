//go:build e2e

package redteam

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"minirelay/softboard"
)

const (
	// watchdog is the interval of the unit: without a sign of life for so long, systemd kills the gateway.
	watchdog = 30 * time.Second
	// growth is the most that one account may add to the memory of the program, in bytes.
	growth = 32 << 20
)

// passphrase returns the password of a user.
func passphrase(user string) string { return user + "-three-green-kettles" }

// victim is a running gateway with two boards, four people and a sign of life.
type victim struct {
	dir        string
	tls, plain string // addresses
	cmd        *exec.Cmd
	hostile    *softboard.Line // a board whose bytes the test decides
	log        string          // file

	mu   sync.Mutex
	life []time.Time // of each WATCHDOG=1
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func start(t *testing.T) *victim {
	t.Helper()
	g := &victim{dir: t.TempDir(), tls: free(t), plain: free(t)}
	g.log = filepath.Join(g.dir, "log")
	g.board(t)
	config := filepath.Join(g.dir, "minirelay.toml")
	if err := os.WriteFile(config, []byte(g.toml()), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(g.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	g.cmd = exec.Command(program, "run", "-c", config)
	g.cmd.Env = append(os.Environ(), "LC_ALL=C", "NOTIFY_SOCKET="+g.manager(t), "WATCHDOG_USEC="+strconv.Itoa(int(watchdog/time.Microsecond)))
	g.cmd.Stderr = log
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err := g.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	t.Cleanup(func() {
		_ = g.cmd.Process.Signal(syscall.SIGTERM)
		if err := g.cmd.Wait(); err != nil {
			t.Errorf("the gateway did not stop cleanly: %v", err)
		}
		if t.Failed() {
			text, _ := os.ReadFile(g.log)
			t.Logf("%s", text[max(0, len(text)-8000):])
		}
	})
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "ready") {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return g
		}
	}
	t.Fatal("the gateway is not ready")
	return nil
}

// board plugs the relays in, and a line on which nothing speaks yet.
func (g *victim) board(t *testing.T) {
	t.Helper()
	relays, err := softboard.Open(filepath.Join(g.dir, "relays"))
	if err != nil {
		t.Fatal(err)
	}
	if g.hostile, err = softboard.Open(filepath.Join(g.dir, "hostile")); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = softboard.Run(t.Context(), relays, softboard.NewRelays(), 200*time.Millisecond)
	}()
	t.Cleanup(func() {
		relays.Close()
		g.hostile.Close()
		<-ended
	})
}

func (g *victim) toml() string {
	var b strings.Builder
	fmt.Fprintf(&b, "[gateway]\nid = \"home\"\ndata_dir = %q\n[broker]\nlisten = %q\nmqtt = %q\nmax_clients = 64\n",
		filepath.Join(g.dir, "data"), g.tls, g.plain)
	for user, rest := range map[string]string{"owner": `role = "admin"`, "phone": `role = "operator"`, "viewer": `role = "viewer"`,
		"guest": "role = \"operator\"\ndevices = [\"hostile\"]"} {
		fmt.Fprintf(&b, "[users.%s]\npassword = %q\n%s\n", user, passphrase(user), rest)
	}
	fmt.Fprintf(&b, "%s\n[ports.hostile]\npath = %q\n[devices.hostile]\nport = \"hostile\"\ncodec = \"json\"\noffline_after = \"10m\"\n"+
		"fields.t.type = \"number\"\nfields.text.type = \"text\"\ncommands.set = { type = \"number\", send = \"SET {value}\\n\" }\n",
		softboard.RelaysMapping(filepath.Join(g.dir, "relays")), filepath.Join(g.dir, "hostile"))
	return b.String()
}

// manager is a service manager that notes the signs of life.
func (g *victim) manager(t *testing.T) string {
	t.Helper()
	place := filepath.Join(g.dir, "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: place, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			if strings.HasPrefix(string(buf[:n]), "WATCHDOG=1") {
				g.mu.Lock()
				g.life = append(g.life, time.Now())
				g.mu.Unlock()
			}
		}
	}()
	return place
}

// client is an MQTT client whose end the test sees.
func (g *victim) client(t *testing.T, user, id string) (mqtt.Client, error) {
	t.Helper()
	o := mqtt.NewClientOptions().AddBroker("tcp://" + g.plain).SetClientID(id).SetUsername(user).SetPassword(passphrase(user)).
		SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(patience).SetOrderMatters(false)
	c := mqtt.NewClient(o)
	if token := c.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		return nil, fmt.Errorf("%s as %s: %w", user, id, token.Error())
	}
	t.Cleanup(func() { c.Disconnect(0) })
	return c, nil
}

func (g *victim) must(t *testing.T, user, id string) mqtt.Client {
	t.Helper()
	c, err := g.client(t, user, id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// browser is a client of the page and the API.
func browser() *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
}

func (g *victim) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	answer, err := browser().Get("https://" + g.tls + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// metric returns the sum of the samples whose line begins with name.
func (g *victim) metric(t *testing.T, name string) (sum float64) {
	t.Helper()
	status, text := g.get(t, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics: %d", status)
	}
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) == 2 && strings.HasPrefix(words[0], name) {
			value, _ := strconv.ParseFloat(words[1], 64)
			sum += value
		}
	}
	return sum
}

// memory returns the resident memory of the gateway, in bytes.
func (g *victim) memory(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == "VmRSS:" {
			kib, _ := strconv.Atoi(words[1])
			return kib << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}
