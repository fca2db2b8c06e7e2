//go:build e2e

// Package e2e runs the program as a person does and talks to it with clients that other people wrote: Debian's
// mosquitto_sub and mosquitto_pub, and MQTT.js. The lines that `minirelay demo` prints are pasted into a shell
// as they are.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is the time limit on a busy machine. Successful tests do not wait for it.
const patience = 60 * time.Second

// demo is a running `minirelay demo`.
type demo struct {
	lines []string // its output until it was ready
}

func startDemo(t *testing.T) *demo { return startDemoUnder(t, "") }

// startDemoUnder builds the program for the environment, such as GOARCH=arm64, and runs it, under an emulator if one is
// given.
func startDemoUnder(t *testing.T, emulator string, environment ...string) *demo {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "minirelay")
	build := exec.Command("go", "build", "-o", binary, "../cmd/minirelay")
	build.Env = append(append(os.Environ(), "CGO_ENABLED=0"), environment...)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(binary, "demo")
	if emulator != "" {
		cmd = exec.Command(emulator, binary, "demo")
	}
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			lines <- s.Text()
		}
	}()
	t.Cleanup(func() { stop(t, cmd, lines) })
	d := &demo{}
	timeout := time.After(patience)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatalf("the demo ended: %q", d.lines)
			}
			d.lines = append(d.lines, line)
			if strings.Contains(line, "Ctrl-C") { // the last line it prints
				return d
			}
		case <-timeout:
			t.Fatalf("the demo is not ready: %q", d.lines)
		}
	}
}

func stop(t *testing.T, cmd *exec.Cmd, lines <-chan string) {
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	for range lines { // until it closes its output
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the demo did not stop cleanly: %v", err)
	}
}

// line returns the printed line that begins with a program's name, ready to paste.
func (d *demo) line(t *testing.T, part string) string {
	t.Helper()
	for _, l := range d.lines {
		if strings.Contains(l, part) {
			return strings.TrimSpace(l)
		}
	}
	t.Fatalf("no line with %q in %q", part, d.lines)
	return ""
}

// paste runs a line in a shell until its output satisfies enough, and returns the lines.
func paste(t *testing.T, line string, enough func(lines []string) bool) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", "exec "+line)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for s := bufio.NewScanner(stdout); s.Scan(); {
		lines = append(lines, s.Text())
		if enough(lines) {
			cmd.Process.Kill()
			cmd.Wait()
			return lines
		}
	}
	t.Fatalf("%s\nended (%v) after %q\n%s", line, cmd.Wait(), lines, stderr.String())
	return nil
}

func has(lines []string, parts ...string) bool {
	for _, l := range lines {
		all := true
		for _, p := range parts {
			all = all && strings.Contains(l, p)
		}
		if all {
			return true
		}
	}
	return false
}

// TestPastedLines pastes the lines that the demo prints: mosquitto_sub over plain MQTT and MQTT.js over wss receive
// everything, and a command from mosquitto_pub ends as done on both.
func TestPastedLines(t *testing.T) {
	d := startDemo(t)
	sub, pub, js := d.line(t, "mosquitto_sub"), d.line(t, "mosquitto_pub"), d.line(t, "require(\"mqtt\")")
	for name, line := range map[string]string{"mosquitto_sub": sub, "MQTT.js": js} {
		t.Run(name, func(t *testing.T) {
			given := false
			paste(t, line, func(lines []string) bool {
				if !given && has(lines, "greenhouse/state") && has(lines, "greenhouse/model") && has(lines, "availability", "online") {
					given = true
					if out, err := exec.Command("sh", "-c", pub).CombinedOutput(); err != nil {
						t.Fatalf("%s: %v\n%s", pub, err, out)
					}
				}
				return has(lines, "greenhouse/result", `"status":"done"`) && has(lines, "greenhouse/state", `"pump":true`)
			})
		})
	}
}

// TestOnAPi runs the binaries of a Pi Zero and a Pi 4: a reading goes from the wire to a client over wss, and a command
// reaches the board and ends as done.
func TestOnAPi(t *testing.T) {
	for _, pi := range []struct{ name, emulator, arch, arm string }{
		{"ARMv6", "qemu-arm", "arm", "6"},
		{"ARM64", "qemu-aarch64", "arm64", ""},
	} {
		t.Run(pi.name, func(t *testing.T) {
			d := startDemoUnder(t, pi.emulator, "GOOS=linux", "GOARCH="+pi.arch, "GOARM="+pi.arm)
			given := false
			paste(t, d.line(t, `require("mqtt")`), func(lines []string) bool {
				if !given && has(lines, "greenhouse/state") && has(lines, "availability", "online") {
					given = true
					if out, err := exec.Command("sh", "-c", d.line(t, "mosquitto_pub")).CombinedOutput(); err != nil {
						t.Fatalf("%v\n%s", err, out)
					}
				}
				return has(lines, "greenhouse/result", `"status":"done"`)
			})
		})
	}
}

// mqttjs runs a script of clients.js against the demo and decodes the one JSON line that it prints.
func mqttjs(t *testing.T, d *demo, name string, out any) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "clients.js", name)
	cmd.Env = append(os.Environ(), "DEMO="+d.line(t, `require("mqtt")`))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	line, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, stderr.String())
	}
	if err := json.Unmarshal(line, out); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
}

// addGuest adds a user with read access only while the demo runs: the user of the demo is an admin.
func (d *demo) addGuest(t *testing.T) {
	t.Helper()
	path := strings.Fields(d.line(t, "mapping "))[1]
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("\n[users.guest]\npassword = \"guest's password\"\nrole = \"viewer\"\n"); err != nil {
		t.Fatal(err)
	}
}

// TestMQTTJS connects with all versions and subprotocols of MQTT.js; a command carries Response Topic and Correlation
// Data; a forbidden request is refused with the codes of the protocol.
func TestMQTTJS(t *testing.T) {
	d := startDemo(t)
	t.Run("versions", func(t *testing.T) {
		var got map[string]string
		mqttjs(t, d, "versions", &got)
		for _, version := range []string{"3", "4", "5"} {
			if !strings.Contains(got[version], `"temperature"`) {
				t.Errorf("protocol %s: %q", version, got[version])
			}
		}
	})
	t.Run("response topic", func(t *testing.T) {
		var got struct{ Status, Correlation string }
		mqttjs(t, d, "response", &got)
		if got.Status != "done" || got.Correlation != "42" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("refusals", func(t *testing.T) {
		var got struct {
			WrongPassword string
			SYS           int
			Spoof         int
		}
		d.addGuest(t)
		mqttjs(t, d, "refusals", &got)
		if !strings.Contains(strings.ToLower(got.WrongPassword), "not authorized") && !strings.Contains(strings.ToLower(got.WrongPassword), "bad user") {
			t.Errorf("wrong password: %q", got.WrongPassword)
		}
		if got.SYS < 128 || got.Spoof < 128 {
			t.Errorf("%+v", got)
		}
	})
}
