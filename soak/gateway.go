package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// password is that of every user of the soak.
const password = "soak-on-loopback"

// gateway is the program, run as a user runs it.
type gateway struct {
	cmd       *exec.Cmd
	path, url string // of its config; wss://…/mqtt
	fleet     *fleet
	upstream  string
	http      *http.Client
	done      chan struct{}
}

func startGateway(ctx context.Context, dir string, fleet *fleet, upstream string) (*gateway, error) {
	binary := filepath.Join(dir, "minirelay")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/minirelay").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	g := &gateway{path: filepath.Join(dir, "minirelay.toml"), fleet: fleet, upstream: upstream, done: make(chan struct{}),
		http: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 20 * time.Second}}
	if err := os.WriteFile(g.path, []byte(g.config("soak")), 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	g.cmd = exec.Command(binary, "run", "-c", g.path)
	g.cmd.Stderr = log
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	stdout, err := g.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := g.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan string, 1)
	go func() {
		defer close(g.done)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			if words := strings.Fields(s.Text()); len(words) > 1 && words[0] == "ready" {
				ready <- words[1]
			}
		}
		_ = g.cmd.Wait()
	}()
	select {
	case g.url = <-ready:
		return g, nil
	case <-g.done:
	case <-time.After(time.Minute):
	}
	g.stop()
	return nil, fmt.Errorf("the gateway is not ready: %s", g.log(filepath.Join(dir, "log")))
}

// config returns the config of the gateway; a reload changes name.
func (g *gateway) config(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[gateway]\nid = \"soak\"\nname = %q\ndata_dir = %q\nremember = \"10m\"\n[broker]\nlisten = \"127.0.0.1:0\"\n", name, filepath.Join(filepath.Dir(g.path), "data"))
	for _, user := range []string{"observer", "phone", "commander"} {
		fmt.Fprintf(&b, "[users.%s]\npassword = %q\nrole = \"operator\"\n", user, password)
	}
	fmt.Fprintf(&b, "[upstream.cloud]\nurl = \"mqtt://%s\"\noutbox_mb = 16\naccept = [\"command\"]\n", g.upstream)
	for i, line := range g.fleet.lines {
		fmt.Fprintf(&b, "[ports.tty%d]\npath = %q\n[devices.%s]\nname = %q\nport = \"tty%d\"\ncodec = \"json\"\noffline_after = \"5s\"\n"+
			"fields.n.type = \"number\"\nfields.set.type = \"number\"\n[devices.%s.commands.set]\ntype = \"number\"\n"+
			"send = \"SET {value} #{seq}\\n\"\nexpect = \"^OK #{seq}$\"\nrefuse = \"^ERR #{seq} (?P<message>.*)\"\nconfirm = \"set\"\n",
			i, filepath.Join(g.fleet.dir, filepath.Base(line.Path())), g.fleet.name(i), fmt.Sprint("Board ", i), i, g.fleet.name(i))
	}
	return b.String()
}

// figures are the resources of the gateway.
type figures struct{ memory, goroutines, files int }

// figures reads /metrics.
func (g *gateway) figures(ctx context.Context) (f figures, err error) {
	url := strings.TrimSuffix(strings.Replace(g.url, "wss:", "https:", 1), "/mqtt") + "/metrics"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return f, err
	}
	response, err := g.http.Do(request)
	if err != nil {
		return f, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return f, err
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) != 2 {
			continue
		}
		value, _ := strconv.ParseFloat(words[1], 64)
		switch words[0] {
		case "process_resident_memory_bytes":
			f.memory = int(value)
		case "go_goroutines":
			f.goroutines = int(value)
		case "process_open_fds":
			f.files = int(value)
		}
	}
	return f, nil
}

// settled is the smallest of each figure during a quiet time.
func (g *gateway) settled(ctx context.Context) (least figures, err error) {
	for end := time.Now().Add(quietTime); time.Now().Before(end); {
		f, err := g.figures(ctx)
		if err != nil {
			return f, err
		}
		if least.goroutines == 0 {
			least = f
		}
		least = figures{min(least.memory, f.memory), min(least.goroutines, f.goroutines), min(least.files, f.files)}
		select {
		case <-ctx.Done():
			return least, ctx.Err()
		case <-time.After(time.Second):
		}
	}
	return least, nil
}

// log returns the end of the gateway's log.
func (g *gateway) log(path string) string {
	text, _ := os.ReadFile(path)
	return string(text[max(0, len(text)-3000):])
}

func (g *gateway) stop() {
	_ = g.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-g.done:
	case <-time.After(15 * time.Second):
		_ = g.cmd.Process.Kill()
		<-g.done
	}
}
