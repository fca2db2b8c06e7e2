package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"minirelay/status"
)

// binaryDir is the directory that binary builds in; "" if it has not run.
var binaryDir string

// binary builds the program once. These tests kill it, so it needs its own process.
var binary = sync.OnceValues(func() (string, error) {
	var err error
	if binaryDir, err = os.MkdirTemp("", "minirelay-test-"); err != nil {
		return "", err
	}
	path := filepath.Join(binaryDir, "minirelay")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// process is a running `minirelay run`.
type process struct {
	*exec.Cmd
	dir, url string
	log      *lockedBuffer
	done     chan struct{} // closed when it has ended
}

// run starts the config under a shell command that may limit it, and waits until it is ready.
func run(t *testing.T, dir, config, limit string) *process {
	t.Helper()
	return launch(t, dir, config, limit, func(*exec.Cmd) {})
}

// launch is run with a change of the command, such as another place for its output.
func launch(t *testing.T, dir, config, limit string, prepare func(*exec.Cmd)) *process {
	t.Helper()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "minirelay.toml")
	writeFile(t, path, config)
	p := &process{dir: dir, log: &lockedBuffer{}, done: make(chan struct{}),
		Cmd: exec.Command("sh", "-c", limit+` exec "$0" run -c "$1"`, program, path)}
	p.Stderr = p.log
	prepare(p.Cmd)
	stdout, isPipe := io.Reader(nil), p.Stdout == nil
	if isPipe {
		if stdout, err = p.StdoutPipe(); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Log(p.log)
		}
	})
	ready := make(chan string, 1)
	go func() {
		defer close(p.done)
		if isPipe {
			s := bufio.NewScanner(stdout)
			if s.Scan() {
				ready <- s.Text()
			}
			for s.Scan() {
			}
		}
		p.Wait()
	}()
	if !isPipe {
		p.url = p.addressOnceReady(t)
		return p
	}
	select {
	case line := <-ready:
		p.url = strings.Fields(line)[1]
	case <-p.done:
		t.Fatalf("the gateway ended: %s", p.log)
	case <-time.After(patience):
		t.Fatal("the gateway is not ready")
	}
	return p
}

func (p *process) path() string { return filepath.Join(p.dir, "minirelay.toml") }

// addressOnceReady asks the gateway whether it is ready, and where clients connect.
func (p *process) addressOnceReady(t *testing.T) (url string) {
	t.Helper()
	eventually(t, "the gateway is ready", func() bool {
		var s status.Snapshot
		body, err := askLocally(t.Context(), filepath.Join(p.dir, "data"), "/api/status")
		if err != nil || json.Unmarshal(body, &s) != nil || !s.Ready {
			return false
		}
		url = s.Addresses[0]
		return true
	})
	return url
}

func (p *process) phone(t *testing.T) *phone {
	t.Helper()
	c := newPhone(t, p.url, filepath.Join(p.dir, "data", "tls", "cert.pem"), "phone", "secret")
	wait(t, c.Subscribe("minirelay/home/#", 1, nil))
	return c
}

func (p *process) end(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatalf("the gateway does not end on %v\n%s", signal, p.log)
	}
}

const commandTopic, resultTopic = "minirelay/home/greenhouse/command", "minirelay/home/greenhouse/result"

// online lets the board send a first line, so that its device is online and takes commands.
func (b *testBoard) online(t *testing.T, p *phone) {
	t.Helper()
	b.say(t, "first", `{"t":20,"p":0}`)
	p.see(t, "minirelay/home/greenhouse/availability", "online")
}

// acknowledge answers one command as the board.
func (b *testBoard) acknowledge(t *testing.T) {
	t.Helper()
	seq := regexp.MustCompile(`#\d+$`).FindString(b.hear(t))
	b.say(t, "OK "+seq, `{"t":20,"p":1}`)
}

// After kill -9, a finished command is not executed again, and an interrupted one has the result unknown: it is neither
// retried nor forgotten.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	board := newTestBoard(t)
	config := testConfig(dir, board.path)
	p := run(t, dir, config, "")
	c := p.phone(t)
	board.online(t, c)
	wait(t, c.Publish(commandTopic, 1, false, `{"id":"done","command":"pump","value":true}`))
	board.acknowledge(t)
	c.see(t, resultTopic, `"id":"done","command":"pump","value":true,"status":"done"`)
	wait(t, c.Publish(commandTopic, 1, false, `{"id":"cut","command":"pump","value":true}`))
	board.hear(t)
	p.end(t, syscall.SIGKILL)

	p = run(t, dir, config, "")
	c = p.phone(t)
	c.see(t, resultTopic, `"id":"cut","command":"pump","value":true,"status":"unknown","code":"no_answer"`)
	board.online(t, c)
	for _, id := range []string{"done", "cut"} {
		wait(t, c.Publish(commandTopic, 1, false, `{"id":"`+id+`","command":"pump","value":true}`))
	}
	c.see(t, resultTopic, `"status":"done"`)
	if m := c.see(t, resultTopic, `"repeat":true`); !strings.Contains(string(m.Payload()), `"cut"`) {
		t.Errorf("%s", m.Payload())
	}
	wait(t, c.Publish(commandTopic, 1, false, `{"id":"new","command":"pump","value":true}`))
	if heard := board.hear(t); !strings.HasPrefix(heard, "PUMP 1 #") {
		t.Error(heard)
	}
	select {
	case line := <-board.lines:
		t.Errorf("after the restart the board also received %q", line)
	default:
	}
}

// On a full disk, readings continue and commands are refused with an explanation, since they could not be recorded.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	board := newTestBoard(t)
	config := testConfig(dir, board.path)
	run(t, dir, config, "").end(t, syscall.SIGTERM) // creates the certificate
	// With a limit of 0 blocks no file can grow, as on a full disk.
	p := run(t, dir, config, "ulimit -f 0;")
	c := p.phone(t)
	board.online(t, c)
	wait(t, c.Publish(commandTopic, 1, false, `{"id":"a","command":"pump","value":true}`))
	c.see(t, resultTopic, `"id":"a","command":"pump","value":true,"status":"rejected","code":"busy"`)
	board.say(t, `{"t":25,"p":0}`)
	c.see(t, "minirelay/home/greenhouse/state", `"temperature":25`)
	if n := strings.Count(p.log.String(), "commands are refused"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	p.end(t, syscall.SIGTERM)
}

// A data directory that is not writable is reported at the start, with a suggestion.
func TestReadOnlyDataDir(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "data"), "in the way")
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "minirelay.toml")
	writeFile(t, path, testConfig(dir, filepath.Join(dir, "none")))
	out, err := exec.Command(program, "run", "-c", path).CombinedOutput()
	if code := err.(*exec.ExitError).ExitCode(); code != 1 || !strings.Contains(string(out), "error: ") || !strings.Contains(string(out), "\nhint: set [gateway] data_dir") {
		t.Errorf("exit status %d, %s", code, out)
	}
}

// SIGTERM during a command waits for its end; a second signal does not.
func TestSignals(t *testing.T) {
	dir := t.TempDir()
	board := newTestBoard(t)
	config := testConfig(dir, board.path)
	p := run(t, dir, config, "")
	c := p.phone(t)
	board.online(t, c)
	wait(t, c.Publish(commandTopic, 1, false, `{"id":"last","command":"pump","value":true}`))
	heard := board.hear(t)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is stopping", func() bool { return strings.Contains(p.log.String(), "stopping") })
	wait(t, c.Publish(commandTopic, 1, false, `{"id":"late","command":"pump","value":false}`))
	c.see(t, resultTopic, `"id":"late","command":"pump","value":false,"status":"rejected","code":"stopping"`)
	board.say(t, "OK "+heard[strings.Index(heard, "#"):], `{"t":20,"p":1}`)
	c.see(t, resultTopic, `"id":"last","command":"pump","value":true,"status":"done"`)
	c.see(t, "minirelay/home/status", "offline")
	<-p.done
	if code := p.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit status %d", code)
	}

	p = run(t, dir, config, "")
	c = p.phone(t)
	board.online(t, c)
	wait(t, c.Publish(commandTopic, 1, false, `{"id":"never","command":"pump","value":true}`))
	board.hear(t)
	for _, log := range []string{"stopping", ""} {
		if err := p.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the signal has come", func() bool { return strings.Contains(p.log.String(), log) })
	}
	<-p.done
	if code := p.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit status %d after the second signal", code)
	}
}

// The error for an address in use names the address.
func TestBusyPort(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "minirelay.toml")
	writeFile(t, path, strings.Replace(testConfig(dir, filepath.Join(dir, "none")), "127.0.0.1:0", l.Addr().String(), 1))
	out, err := exec.Command(program, "run", "-c", path).CombinedOutput()
	if code := err.(*exec.ExitError).ExitCode(); code != 1 || !strings.Contains(string(out), l.Addr().String()) || !strings.Contains(string(out), "\nhint: ") {
		t.Errorf("exit status %d, %s", code, out)
	}
}
