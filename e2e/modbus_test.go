//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"minirelay/softboard"
)

// bridge makes two serial ports that are connected to each other like a null-modem cable.
func bridge(t *testing.T) (one, other string) {
	t.Helper()
	var lines [2]*softboard.Line
	for i := range lines {
		var err error
		if lines[i], err = softboard.Open(filepath.Join(t.TempDir(), "port")); err != nil {
			t.Fatal(err)
		}
	}
	one, other = lines[0].Path(), lines[1].Path()
	var copying sync.WaitGroup
	copying.Go(func() { _, _ = io.Copy(lines[0], lines[1]) })
	copying.Go(func() { _, _ = io.Copy(lines[1], lines[0]) })
	t.Cleanup(func() { lines[0].Close(); lines[1].Close(); copying.Wait() })
	return one, other
}

// servePymodbus starts Debian's pymodbus on a port.
func servePymodbus(t *testing.T, port string) {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", "modbus_server.py", port)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
}

// format is a number format of the server, and the value stored in it.
type format struct {
	name  string
	value float64
}

var (
	formats = []format{{"uint16", 65000}, {"int16", -200}, {"uint32", 4000000001}, {"int32", -123456},
		{"uint64", 1<<53 - 1}, {"int64", -1 << 40}, {"float32", 230.25}, {"float64", -1234.5678}}
	orders = [][2]string{{"big", "big"}, {"big", "little"}, {"little", "big"}, {"little", "little"}}
)

// modbusConfig is a gateway with the server's units, and one unit that does not exist. want is the expected state of
// unit 1.
func modbusConfig(t *testing.T, port string) (file string, want map[string]any) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "[ports.bus]\npath = %q\nbaud = 115200\n", port)
	device := func(id string, unit int) {
		fmt.Fprintf(&b, "[devices.%s]\nport = \"bus\"\ncodec = \"modbus-rtu\"\nunit = %d\npoll = \"100ms\"\ntimeout = \"1s\"\noffline_after = \"20s\"\n", id, unit)
	}
	table := func(id, keys string) { fmt.Fprintf(&b, "[devices.%s]\n%s\n", id, keys) }
	want = map[string]any{"model": "pymodbus", "door": true, "relay": false, "target": 0.0}
	device("full", 1)
	for i, f := range formats {
		for j, order := range orders {
			id := fmt.Sprintf("%s_%s_%s", f.name, order[0], order[1])
			word := fmt.Sprintf("word_order = %q\n", order[1])
			if strings.HasSuffix(f.name, "16") {
				word = ""
			}
			table("full.fields."+id, fmt.Sprintf("register = \"input:%d\"\ntype = \"number\"\nformat = %q\nbyte_order = %q\n%s", 10*(4*i+j), f.name, order[0], word))
			want[id] = f.value
		}
	}
	table("full.fields.model", "register = \"holding:1000\"\ntype = \"text\"\nlength = 4")
	table("full.fields.target", "register = \"holding:1101\"\ntype = \"number\"\nformat = \"float32\"")
	table("full.fields.door", "register = \"discrete:1\"\ntype = \"bool\"")
	table("full.fields.relay", "register = \"coil:5\"\ntype = \"bool\"")
	table("full.commands.relay", "register = \"coil:5\"\ntype = \"bool\"\nconfirm = \"relay\"")
	table("full.commands.target", "register = \"holding:1101\"\ntype = \"number\"\nformat = \"float32\"\nconfirm = \"target\"")
	table("full.commands.nowhere", "register = \"holding:5000\"\ntype = \"number\"")
	device("plain", 2)
	table("plain.fields.there", "register = \"holding:0\"\ntype = \"number\"")
	table("plain.fields.missing", "register = \"holding:1\"\ntype = \"number\"")
	device("absent", 3)
	table("absent.fields.a", "register = \"holding:0\"\ntype = \"number\"")
	table("absent.commands.a", "register = \"holding:0\"\ntype = \"number\"")
	return writeConfig(t, b.String()), want
}

// writeConfig writes a config with these ports and devices, and with the users of startGateway's clients.
func writeConfig(t *testing.T, ports string) (file string) {
	t.Helper()
	text := fmt.Sprintf(`[gateway]
id = "home"
data_dir = %q
[broker]
listen = "127.0.0.1:0"
mqtt = "127.0.0.1:0"
[users.tester]
password = "the password of a test"
role = "admin"
`, filepath.Join(t.TempDir(), "data")) + ports
	file = filepath.Join(t.TempDir(), "minirelay.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestPymodbus reads values that another implementation has stored in its registers, in every format and order, and
// writes to it: a coil, a number in two registers, a register that does not exist, a unit that does not exist.
func TestPymodbus(t *testing.T) {
	server, port := bridge(t)
	servePymodbus(t, server)
	file, want := modbusConfig(t, port)
	g := startGateway(t, file)
	g.wait(t, "all formats", func() bool { return same(g.state("full"), want) })
	g.wait(t, "the unit without a register", func() bool {
		return same(g.state("plain"), map[string]any{"there": 7.0, "missing": nil})
	})
	if got := g.last("absent/availability"); got == "online" {
		t.Error("a unit that is not there is online")
	}
	for _, tt := range []struct{ device, command, value, want string }{
		{"full", "relay", "true", `"status":"done"`},
		{"full", "target", "21.5", `"status":"done"`},
		{"full", "nowhere", "1", `"status":"failed","code":"refused"`},
		{"absent", "a", "1", `"status":"rejected","code":"offline"`},
	} {
		g.publish(t, tt.device+"/command", fmt.Sprintf(`{"id":"%s","command":"%s","value":%s}`, tt.command, tt.command, tt.value))
		topic := tt.device + "/result"
		g.wait(t, "a result of "+tt.command, func() bool { return strings.Contains(g.last(topic), `"id":"`+tt.command+`"`) })
		if got := g.last(topic); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s", tt.command, got)
		}
	}
	want["relay"], want["target"] = true, 21.5
	g.wait(t, "the effects", func() bool { return same(g.state("full"), want) })
}

// same reports whether a state consists of the wanted values and its time.
func same(state, want map[string]any) bool {
	if len(state) != len(want)+1 {
		return false
	}
	for id, v := range want {
		if got, ok := state[id]; !ok || got != v {
			return false
		}
	}
	return true
}

// runningGateway is `minirelay run` with Debian's mosquitto_sub listening to it.
type runningGateway struct {
	host, port string

	mu     sync.Mutex
	newest map[string]string // by topic behind the gateway's
	came   chan struct{}
}

func startGateway(t *testing.T, config string) *runningGateway {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "minirelay")
	build := exec.Command("go", "build", "-o", binary, "../cmd/minirelay")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	g := &runningGateway{newest: map[string]string{}, came: make(chan struct{}, 1)}
	ready := make(chan string, 1)
	start(t, exec.Command(binary, "run", "-c", config), os.Interrupt, func(line string) {
		if _, rest, ok := strings.Cut(line, "mqtt://"); ok && strings.Contains(line, "ready") {
			ready <- strings.Fields(rest)[0]
		}
	})
	select {
	case address := <-ready:
		var err error
		if g.host, g.port, err = net.SplitHostPort(strings.TrimRight(address, ",")); err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("the gateway is not ready")
	}
	args := append(g.login(), "-v", "-t", "minirelay/home/#")
	start(t, exec.Command("mosquitto_sub", args...), os.Interrupt, func(line string) {
		topic, payload, _ := strings.Cut(strings.TrimPrefix(line, "minirelay/home/"), " ")
		g.mu.Lock()
		g.newest[topic] = payload
		g.mu.Unlock()
		select {
		case g.came <- struct{}{}:
		default:
		}
	})
	return g
}

// start runs a program until the end of the test and passes each line of its output to see.
func start(t *testing.T, cmd *exec.Cmd, end os.Signal, see func(line string)) {
	t.Helper()
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		for s := bufio.NewScanner(stdout); s.Scan(); {
			see(s.Text())
		}
	})
	t.Cleanup(func() {
		_ = cmd.Process.Signal(end)
		reading.Wait()
		_ = cmd.Wait()
	})
}

func (g *runningGateway) login() []string {
	return []string{"-h", g.host, "-p", g.port, "-u", "tester", "-P", "the password of a test"}
}

func (g *runningGateway) publish(t *testing.T, topic, payload string) {
	t.Helper()
	args := append(g.login(), "-q", "1", "-t", "minirelay/home/"+topic, "-m", payload)
	if out, err := exec.Command("mosquitto_pub", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func (g *runningGateway) last(topic string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.newest[topic]
}

func (g *runningGateway) state(device string) map[string]any {
	var state map[string]any
	_ = json.Unmarshal([]byte(g.last(device+"/state")), &state)
	return state
}

// wait returns when is returns true; it checks after each message.
func (g *runningGateway) wait(t *testing.T, what string, is func() bool) {
	t.Helper()
	timeout := time.After(patience)
	for !is() {
		select {
		case <-g.came:
		case <-timeout:
			g.mu.Lock()
			defer g.mu.Unlock()
			t.Fatalf("%s did not come: %v", what, g.newest)
		}
	}
}
