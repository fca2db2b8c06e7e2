package main

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"minirelay/locale"
)

// The address for phones leads to the plain port if there is one, and contains the user but no password.
func TestPhoneAddress(t *testing.T) {
	dir := t.TempDir()
	g := start(t, dir, testConfig(dir, filepath.Join(dir, "none"))).gateway
	_, port, _ := net.SplitHostPort(g.Addrs().TLS)
	if got, want := g.PhoneAddress(), "minirelay://127.0.0.1:"+port+"?gw=home&user=phone"; got != want {
		t.Errorf("%s, not %s", got, want)
	}
	if got, want := g.PageAddress(), "https://127.0.0.1:"+port+"/"; got != want {
		t.Errorf("%s, not %s", got, want)
	}
	if g.Addrs().WS != "" || !g.OnlyHere() {
		t.Errorf("plain port %q, only here %v", g.Addrs().WS, g.OnlyHere())
	}

	dir = t.TempDir()
	plain := start(t, dir, strings.Replace(testConfig(dir, filepath.Join(dir, "none")), "[broker]\n", "[broker]\nws = \"127.0.0.1:0\"\n", 1)).gateway
	_, port, _ = net.SplitHostPort(plain.Addrs().WS)
	if got, want := plain.PhoneAddress(), "minirelay://127.0.0.1:"+port+"?gw=home&user=phone&tls=0"; got != want {
		t.Errorf("%s, not %s", got, want)
	}
	if code := phoneCode(plain, locale.English); !strings.Contains(code, "█") || strings.Contains(code, "secret") {
		t.Errorf("%s", code)
	}
}

// The demo speaks one language, that of the terminal. The commands in it are the same in both.
func TestDemoSpeaksOneLanguage(t *testing.T) {
	dir := t.TempDir()
	g := start(t, dir, testConfig(dir, filepath.Join(dir, "none"))).gateway
	d := demo{dir: dir, password: "secret"}
	english, chinese := d.welcome(g, locale.English), d.welcome(g, locale.Chinese)
	if han := regexp.MustCompile(`\p{Han}.*`).FindString(english); han != "" {
		t.Errorf("in English: %s", han)
	}
	command := regexp.MustCompile(`(?m)^  (mosquitto|env |\S*   *(https|wss)).*$`)
	if got, want := command.FindAllString(chinese, -1), command.FindAllString(english, -1); len(want) != 5 || len(got) != 5 {
		t.Errorf("%q in English, %q in Chinese", want, got)
	}
	if slip := regexp.MustCompile(`.*(\p{Han}[,;:?!()]|[,;:?!()]\p{Han}).*`).FindString(chinese); slip != "" {
		t.Errorf("a half-width mark in Chinese: %s", slip)
	}
	for line := range strings.Lines(chinese) {
		words := regexp.MustCompile(`[a-z]+ [a-z]+ [a-z]+ [a-z]+`).FindString(line)
		if words != "" && !strings.Contains(line, "mosquitto") && !strings.Contains(line, "node -e") {
			t.Errorf("in Chinese: %s", line)
		}
	}
}

// The code and the page for phones lead to an address of this machine, and there is no code that no phone could use.
func TestDemoForPhones(t *testing.T) {
	dir := t.TempDir()
	config := testConfig(dir, filepath.Join(dir, "none"))
	d := demo{dir: dir, password: "secret"}
	if here := d.welcome(start(t, dir, config).gateway, locale.English); strings.Contains(here, "█") || strings.Contains(here, "http://") ||
		!strings.Contains(here, "\n  minirelay://127.0.0.1:") || !strings.Contains(here, "demo -listen :8443") {
		t.Errorf("%s", here)
	}
	dir = t.TempDir()
	config = strings.Replace(testConfig(dir, filepath.Join(dir, "none")), "127.0.0.1:0", ":0", 1)
	g := start(t, dir, strings.Replace(config, "[broker]\n", "[broker]\nws = \":0\"\n", 1)).gateway
	out := d.welcome(g, locale.English)
	if !strings.Contains(out, "█") || strings.Contains(out, "Only this computer") {
		t.Errorf("%s", out)
	}
	phone := regexp.MustCompile(`minirelay://([^:?]+):([0-9]+)\?`).FindStringSubmatch(out)
	if phone == nil || phone[1] == "localhost" || strings.HasPrefix(phone[1], "127.") || !strings.Contains(out, "  http://"+phone[1]+":"+phone[2]+"/\n") {
		t.Fatalf("%q in\n%s", phone, out)
	}
	client := &http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	r, err := client.Get(g.PlainPage())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if body, err := io.ReadAll(r.Body); err != nil || !strings.Contains(string(body), `<div id="app">`) {
		t.Errorf("%v: %.200s", err, body)
	}
}

// The demo shows a page at the address that it prints, and a code for phones.
func TestDemoShowsThePage(t *testing.T) {
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "demo", "-listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt) // it removes its files
		for lines.Scan() {
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the demo did not end cleanly: %v", err)
		}
	}()
	var page, phone string
	for lines.Scan() && (page == "" || phone == "") {
		for _, word := range strings.Fields(lines.Text()) {
			if strings.HasPrefix(word, "https://") {
				page = word
			}
			if strings.HasPrefix(word, "minirelay://") {
				phone = word
			}
		}
	}
	if !strings.HasSuffix(phone, "?gw=demo&user=demo&tls=0") {
		t.Errorf("%q", phone)
	}
	client := &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	r, err := client.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if body, err := io.ReadAll(r.Body); err != nil || !strings.Contains(string(body), `<div id="app">`) {
		t.Errorf("%v: %.200s", err, body)
	}
}

// run prints the code if its output is a terminal and phones can reach the address, but not into logs and pipes.
func TestRunDrawsTheCodeOnATerminal(t *testing.T) {
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "minirelay.toml")
	writeFile(t, path, strings.Replace(testConfig(dir, filepath.Join(dir, "none")), "127.0.0.1:0", ":0", 1))
	cmd := exec.Command(program, "run", "-c", path)
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { terminal.Close(); cmd.Process.Kill(); cmd.Wait() }()
	found := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(terminal)
		for lines.Scan() {
			if strings.Contains(lines.Text(), "minirelay://") {
				found <- true
				return
			}
		}
		found <- false
	}()
	select {
	case ok := <-found:
		if !ok {
			t.Error("no code")
		}
	case <-time.After(patience):
		t.Error("no code in time")
	}
}
