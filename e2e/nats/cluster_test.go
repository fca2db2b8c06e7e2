package nats

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is the time limit on a busy machine. Successful tests do not wait for it.
const patience = time.Minute

// serverDir is the directory that server has built in; "" if it has not run.
var serverDir string

// server builds nats-server once.
var server = sync.OnceValues(func() (string, error) {
	var err error
	if serverDir, err = os.MkdirTemp("", "minirelay-nats-"); err != nil {
		return "", err
	}
	path := filepath.Join(serverDir, "nats-server")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	defer func() { os.RemoveAll(serverDir) }()
	m.Run()
}

// node is one nats-server of a cluster.
type node struct {
	name                      string
	config                    string
	client, route, mqtt, http int
	environment               []string // nil: the test's
	cmd                       *exec.Cmd
}

// ports returns free ports.
func ports(t testing.TB, n int) []int {
	t.Helper()
	var all []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // closed only at the end, so that the ports differ
		all = append(all, l.Addr().(*net.TCPAddr).Port)
	}
	return all
}

// newCluster starts three nodes with JetStream and MQTT.
func newCluster(t *testing.T) []*node {
	t.Helper()
	dir := t.TempDir()
	all := ports(t, 12)
	var nodes []*node
	var routes string
	for n := range 3 {
		nodes = append(nodes, &node{name: fmt.Sprintf("n%d", n), client: all[4*n], route: all[4*n+1], mqtt: all[4*n+2], http: all[4*n+3],
			config: filepath.Join(dir, fmt.Sprintf("n%d.conf", n))})
		routes += fmt.Sprintf("nats://127.0.0.1:%d, ", all[4*n+1])
	}
	for _, n := range nodes {
		text := fmt.Sprintf(`
server_name: %s
host: 127.0.0.1
port: %d
http: 127.0.0.1:%d
jetstream { store_dir: %q, max_mem: 64MB, max_file: 512MB }
cluster { name: fleet, host: 127.0.0.1, port: %d, routes: [%s] }
mqtt { host: 127.0.0.1, port: %d, ack_wait: "3s", stream_replicas: 3 }
`, n.name, n.client, n.http, filepath.Join(dir, n.name), n.route, strings.TrimSuffix(routes, ", "), n.mqtt)
		if err := os.WriteFile(n.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		n.start(t)
	}
	t.Cleanup(func() {
		for _, n := range nodes {
			n.kill()
		}
	})
	return nodes
}

func (n *node) start(t testing.TB) {
	t.Helper()
	program, err := server()
	if err != nil {
		t.Fatal(err)
	}
	n.cmd = exec.Command(program, "-c", n.config)
	n.cmd.Stderr, n.cmd.Env = t.Output(), n.environment
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // even if the test panics
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

func (n *node) kill() {
	if n.cmd != nil {
		n.cmd.Process.Kill()
		n.cmd.Wait()
		n.cmd = nil
	}
}

func (n *node) address() string { return fmt.Sprintf("127.0.0.1:%d", n.mqtt) }

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}
