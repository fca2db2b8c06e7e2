package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"minirelay/gateway"
	"minirelay/status"
)

// fetch reads a page of the TLS port.
func (r *running) fetch(t *testing.T, path string, header ...string) (int, string) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequest("GET", "https://"+r.gateway.Addrs().TLS+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// metric is one line of /metrics.
var metricLine = regexp.MustCompile(`^[a-z_:][a-z0-9_:]*(\{[A-Za-z_]+="[^"]*"(, ?[A-Za-z_]+="[^"]*")*\})? -?[0-9.e+naIf-]+$`)

// Every event is counted, in the format that Prometheus reads: one sample per line, with the lines of each name
// together.
func TestMetrics(t *testing.T) {
	dir := t.TempDir()
	board := newTestBoard(t)
	r := start(t, dir, testConfig(dir, board.path))
	p := r.phone(t)
	board.say(t, "first", "noise", `{"t":21.5,"p":0}`)
	p.see(t, "minirelay/home/greenhouse/availability", "online")
	wait(t, p.Publish("minirelay/home/greenhouse/command", 1, false, `{"id":"c-1","command":"nothing"}`))
	p.see(t, "minirelay/home/greenhouse/result", `unknown_command`)

	code, text := r.fetch(t, "/metrics")
	if code != 200 {
		t.Fatalf("%d %s", code, text)
	}
	for _, want := range []string{
		`minirelay_ready 1`, `minirelay_port_open{port="uno"} 1`, `minirelay_port_noise_frames_total{port="uno"} 1`,
		`minirelay_device_online{device="greenhouse",port="uno"} 1`, `minirelay_device_reading_age_seconds{device="greenhouse",port="uno"} `,
		`minirelay_commands_total{status="rejected",code="unknown_command"} 1`, `minirelay_command_duration_seconds_count 0`,
		`minirelay_broker_clients 1`, `minirelay_clock_set 1`, `process_resident_memory_bytes `, `go_goroutines `,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	seen, last := map[string]bool{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		if !metricLine.MatchString(line) {
			t.Errorf("no metric: %s", line)
		}
		name, _, _ := strings.Cut(strings.Fields(line)[0], "{")
		if name != last && seen[name] {
			t.Errorf("%s occurs in two places", name)
		}
		seen[name], last = true, name
	}
}

// With a token in the config every reader needs it, this machine too: a proxy or a tunnel on it has its address.
func TestMetricsNeedTheToken(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, testConfig(dir, newTestBoard(t).path)+"\n[metrics]\ntoken = \"sixteen letters!\"\n")
	for _, test := range []struct {
		header []string
		want   int
	}{
		{nil, 401},
		{[]string{"X-Forwarded-For", "192.0.2.1"}, 401},
		{[]string{"X-Forwarded-For", "192.0.2.1", "Authorization", "Bearer sixteen letters!"}, 200},
		{[]string{"Authorization", "Bearer sixteen letters!"}, 200},
		{[]string{"Authorization", "Bearer sixteen letters"}, 401},
		{[]string{"Authorization", "Bearer "}, 401},
		{[]string{"Authorization", "Bearer sixteen letters!", "Origin", "https://evil.example"}, 401},
	} {
		if code, _ := r.fetch(t, "/metrics", test.header...); code != test.want {
			t.Errorf("%q: %d", test.header, code)
		}
	}
	for i := range 20 { // two were wrong before; through a proxy, so that it does not wait for its turn
		header := []string{"X-Forwarded-For", "192.0.2.1", "Authorization", fmt.Sprint("Bearer guess ", i)}
		if code, _ := r.fetch(t, "/metrics", header...); code != 401 && i < 8 || code != 429 && i >= 8 {
			t.Errorf("guess %d: %d", i, code)
		}
	}
	if code, text := r.fetch(t, "/readyz"); code != 200 || text != "ok\n" {
		t.Errorf("%d %s", code, text)
	}
}

// Without a token only this machine itself may read the metrics, and nothing that was passed on.
func TestMetricsWithoutToken(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, testConfig(dir, newTestBoard(t).path))
	for _, test := range []struct {
		header []string
		want   int
	}{
		{nil, 200},
		{[]string{"Authorization", "Bearer "}, 200},
		{[]string{"X-Forwarded-For", "127.0.0.1"}, 401},
		{[]string{"X-Forwarded-Proto", "https"}, 401},
		{[]string{"Forwarded", "for=127.0.0.1"}, 401},
		{[]string{"Host", "mqtt.example.com"}, 401},
	} {
		if code, _ := r.fetch(t, "/metrics", test.header...); code != test.want {
			t.Errorf("%q: %d", test.header, code)
		}
	}
}

// A client on this machine can ask for the state of the gateway and its problems.
func TestStatus(t *testing.T) {
	t.Chdir(t.TempDir()) // a socket's path is short
	board := newTestBoard(t)
	r := start(t, ".", twoBoards(".", board.path, "/dev/not-there"))
	board.say(t, "first", `{"t":21.5,"p":0}`)
	var out, errs bytes.Buffer
	eventually(t, "the greenhouse is online", func() bool {
		out.Reset()
		return Main([]string{"status", "-c", r.path}, nil, &out, &errs) == 0 && strings.Contains(out.String(), "greenhouse  online")
	})
	for _, want := range []string{`(?m)^gateway home, minirelay `, `(?m)^uno +open +`, `(?m)^due +closed +`,
		`(?m)^greenhouse +online +[0-9.]+ s ago +temperature 21.5`, `port due is not usable: /dev/not-there does not exist`, `hint: minirelay ports`} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
	out.Reset()
	if Main([]string{"status", "-c", r.path, "-json"}, nil, &out, &errs) != 0 || !strings.Contains(out.String(), `"gateway":"home"`) {
		t.Errorf("%s%s", out.String(), errs.String())
	}
	if info, err := os.Stat(filepath.Join("data", gateway.SocketName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}

// The service manager learns when the gateway is ready, alive and stopping.
func TestServiceManager(t *testing.T) {
	if _, err := binary(); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: "notify", Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	told := func(want string) {
		t.Helper()
		_ = manager.SetReadDeadline(time.Now().Add(patience))
		for buf := make([]byte, 4096); ; {
			n, err := manager.Read(buf)
			if err != nil {
				t.Fatalf("no %s: %v", want, err)
			}
			if strings.HasPrefix(string(buf[:n]), want) {
				return
			}
		}
	}
	socket, err := filepath.Abs("notify")
	if err != nil {
		t.Fatal(err)
	}
	p := run(t, ".", testConfig(".", newTestBoard(t).path), "NOTIFY_SOCKET="+socket+" WATCHDOG_USEC=200000 JOURNAL_STREAM=8:1")
	told("READY=1\nSTATUS=serving wss://")
	told("WATCHDOG=1")
	told("WATCHDOG=1")
	_ = p.Process.Signal(syscall.SIGTERM)
	told("STOPPING=1")
	<-p.done
	if log := p.log.String(); !strings.Contains(log, "<6>msg=stopping") {
		t.Errorf("the journal gets\n%s", log)
	}
}

// The status shows the warnings of a Raspberry Pi at a glance.
func TestProblems(t *testing.T) {
	s := status.Snapshot{Machine: status.Machine{ClockSet: true, Throttled: []string{"under-voltage now"}}}
	s.Judge()
	if len(s.Problems) != 1 || !strings.Contains(s.Problems[0].What, "under-voltage now") || s.Problems[0].Try == "" {
		t.Errorf("%+v", s.Problems)
	}
}
