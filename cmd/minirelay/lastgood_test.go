package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// readyz asks whether the gateway is ready.
func (p *process) readyz(t *testing.T) string {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	address := strings.TrimSuffix(strings.TrimPrefix(p.url, "wss://"), "/mqtt")
	response, err := (&http.Client{Transport: transport}).Get("https://" + address + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", response.StatusCode, err)
	}
	return string(body)
}

// A power cut after a bad edit, or during one, does not take the boards down: the gateway starts with the configuration that
// was in use last, says so everywhere, and uses the file as soon as it is right.
func TestLastGoodConfig(t *testing.T) {
	for what, breaks := range map[string]func(string) string{
		"a mistyped word":     func(s string) string { return strings.Replace(s, "codec = \"json\"", "codec = \"jsn\"", 1) },
		"an open bracket":     func(s string) string { return strings.Replace(s, "[ports.uno]", "[ports.uno", 1) },
		"half a file":         func(s string) string { return s[:len(s)/2] + "\nx" },
		"an empty file":       func(string) string { return "" },
		"zeros":               func(s string) string { return strings.Repeat("\x00", len(s)) },
		"an unusable address": func(s string) string { return strings.Replace(s, "127.0.0.1:0", "192.0.2.99:1", 1) },
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			board := newTestBoard(t)
			config := testConfig(dir, board.path)
			p := run(t, dir, config, "")
			eventually(t, "it is kept", func() bool { return exists(filepath.Join(dir, "data", "last-good-config")) })
			p.end(t, syscall.SIGKILL)
			kept, err := os.ReadFile(filepath.Join(dir, "data", "last-good-config"))
			if err != nil || strings.Contains(string(kept), `\"secret\"`) {
				t.Errorf("the password was kept, or nothing: %v", err)
			}

			broken := breaks(config)
			service := func(cmd *exec.Cmd) { cmd.Env = append(os.Environ(), "STATE_DIRECTORY="+filepath.Join(dir, "data")) }
			p = launch(t, dir, broken, "", service)
			c := p.phone(t) // with the same password
			board.online(t, c)
			if got := p.readyz(t); !strings.HasPrefix(got, "ok\n") || !strings.Contains(got, "the gateway runs with the last good one") {
				t.Errorf("readyz says %q", got)
			}
			s := p.state(t)
			if !s.Config.Fallback || len(s.Problems) == 0 || !strings.Contains(s.Problems[0].What, "the gateway runs with the last good one") {
				t.Errorf("status says %+v, %+v", s.Config, s.Problems)
			}
			if log := p.log.String(); !strings.Contains(log, "the gateway runs with the last good one") {
				t.Error("nothing is logged")
			}
			if again, _ := os.ReadFile(filepath.Join(dir, "data", "last-good-config")); string(again) != string(kept) {
				t.Error("the kept configuration was overwritten")
			}

			writeFile(t, p.path(), strings.Replace(config, "温室", "大棚", 1))
			eventually(t, "the file is used", func() bool { return !p.state(t).Config.Fallback })
			c.see(t, "minirelay/home/greenhouse/model", "大棚") // nobody is disconnected
			if got := p.readyz(t); got != "ok\n" {
				t.Errorf("readyz says %q", got)
			}
			p.end(t, syscall.SIGTERM)
			if now, _ := os.ReadFile(filepath.Join(dir, "data", "last-good-config")); string(now) == string(kept) {
				t.Error("the new configuration was not kept")
			}

			writeFile(t, p.path(), broken)
			program, _ := binary()
			if out, err := exec.Command(program, "run", "-strict", "-c", p.path()).CombinedOutput(); err == nil || !strings.Contains(string(out), "error: ") {
				t.Errorf("strictly, it ends with %v, %s", err, out)
			}
		})
	}
}
