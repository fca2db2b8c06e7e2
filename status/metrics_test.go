package status

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"minirelay/locale"
	"time"
)

// full is a snapshot with every value set.
func full() *Snapshot {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC).UnixMilli()
	busy := 1.5
	return &Snapshot{Now: now, Gateway: "home", Started: now - 60_000, Ready: true, Addresses: []string{"wss://127.0.0.1:8443/mqtt"},
		Ports: []Port{{Port: "uno", Path: "/dev/ttyACM0", Baud: 9600, Open: true, Devices: []string{"greenhouse"}, Frames: 7, Busy: &busy}, {Port: "hub", Open: true}},
		Devices: []Device{{Device: "greenhouse", Port: "uno", Online: true, Since: now, Heard: now - 1500, State: []byte(`{"ts":1,"temperature":21.50,"pump":null}`),
			Polls: &Polls{Asked: 90, Timeouts: 5, Refusals: 2, Damaged: 1, Recent: 64, Missed: 3}}},
		Commands: []Ended{{Status: "failed", Code: "refused", Count: 2}, {Status: "done", Count: 3}},
		Took:     Durations{Bounds: []float64{0.1, 1}, Counts: []uint64{3, 1, 1}, Sum: 7.5},
		Broker: Broker{Clients: 2, MaxClients: 1024, Held: 8e6, MaxHeld: 48e6, Full: []Full{{"phone", 3, now - 2*3600_000}}, Disconnections: map[string]uint64{"closed": 3},
			Refusals: map[string]uint64{"wrong \"user\" or password": 1}, CertificateExpires: now + 90*24*3600*1000,
			Guesses: Guesses{Wrong: 12, TooFast: 3000, Held: 2, Slowed: 4}},
		Upstreams: []Upstream{{Upstream: "cloud", URL: "mqtts://mqtt.example.org", State: "connected", Since: now - 30_000, Delivered: 17}},
		Gateways:  []Gateway{{Gateway: "farm", Online: true, Since: now - 50_000, Version: "1.2.3", Address: "192.0.2.6:5"}},
		Machine:   Machine{DataDir: "/var/lib/minirelay", DiskFree: 1e9, DiskSize: 2e9, ClockSet: true, Celsius: 51, DiskWear: 10, FileLimit: 1024},
	}
}

// there returns the names of all metrics.
func there() map[string]bool {
	var b bytes.Buffer
	full().Metrics(&b)
	there := map[string]bool{}
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "#") {
			name, _, _ := strings.Cut(strings.Fields(line)[0], "{")
			there[name] = true
		}
	}
	return there
}

// used returns the metrics that a file names.
func used(t *testing.T, file string, pattern *regexp.Regexp) []string {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return pattern.FindAllString(string(text), -1)
}

// A dashboard or an alert on a metric that does not exist would never show anything.
func TestDashboardAndAlerts(t *testing.T) {
	there := there()
	for _, file := range []string{"../deploy/grafana/minirelay.json", "../deploy/prometheus/minirelay.rules.yml"} {
		names := used(t, file, regexp.MustCompile(`\b(minirelay|process|go)_[a-z0-9_]+`))
		if len(names) < 10 {
			t.Errorf("%s uses %d metrics", file, len(names))
		}
		for _, name := range names {
			if !there[name] {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
	}
}

// The same goes for a query copied from a page.
func TestMetricsInTheDocs(t *testing.T) {
	there := there()
	var pages []string
	for _, pattern := range []string{"../*.md", "../docs/*.md", "../deploy/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d pages, %v", pattern, len(found), err)
		}
		pages = append(pages, found...)
	}
	for _, page := range pages {
		names := used(t, page, regexp.MustCompile(`\bminirelay_[a-z][a-z0-9_]*`))
		if strings.Contains(page, "operate") && len(names) == 0 {
			t.Errorf("%s contains no metric", page)
		}
		for _, name := range names {
			if !there[name] {
				t.Errorf("%s: there is no metric %s", page, name)
			}
		}
	}
}

// When no place is left for ordinary clients, the suggestion names the limit that stops them.
func TestJudgeFullBroker(t *testing.T) {
	for _, test := range []struct {
		full, capped bool
		try          string
	}{{false, false, ""}, {false, true, ""}, {true, false, "raise [broker] max_clients"}, {true, true, "raise LimitNOFILE of the service"}} {
		s := full()
		s.Broker.Crowded, s.Broker.Capped = test.full, test.capped
		s.Judge()
		try := ""
		for _, p := range s.Problems {
			try += p.Try
		}
		if try != test.try {
			t.Errorf("%+v: %q", test, try)
		}
	}
}

// A histogram is cumulative, and labels are escaped.
func TestMetricsText(t *testing.T) {
	var b bytes.Buffer
	full().Metrics(&b)
	for _, want := range []string{
		`minirelay_command_duration_seconds_bucket{le="0.1"} 3`, `minirelay_command_duration_seconds_bucket{le="1"} 4`,
		`minirelay_command_duration_seconds_bucket{le="+Inf"} 5`, `minirelay_command_duration_seconds_sum 7.5`,
		`minirelay_broker_refusals_total{what="wrong \"user\" or password"} 1`,
		`minirelay_broker_guesses_total{result="wrong"} 12`, `minirelay_broker_guesses_total{result="too_fast"} 3000`,
		`minirelay_broker_guesses_total{result="held"} 2`, `minirelay_broker_slowed_places 4`,
		`minirelay_upstream_connected{upstream="cloud"} 1`, `minirelay_upstream_delivered_messages_total{upstream="cloud"} 17`,
		`minirelay_device_reading_age_seconds{device="greenhouse",port="uno"} 1.5`, `minirelay_disk_wear_ratio 0.1`,
		`minirelay_upstream_state{upstream="cloud",state="connected"} 1`, `minirelay_upstream_state_age_seconds{upstream="cloud"} 30`,
		`minirelay_port_busy_seconds_total{port="uno"} 1.5`, `minirelay_device_polls_total{device="greenhouse",port="uno"} 90`,
		`minirelay_device_timeouts_total{device="greenhouse",port="uno"} 5`, `minirelay_device_refusals_total{device="greenhouse",port="uno"} 2`,
		`minirelay_device_damaged_answers_total{device="greenhouse",port="uno"} 1`,
	} {
		if !strings.Contains(b.String(), "\n"+want+"\n") {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(b.String(), `busy_seconds_total{port="hub"}`) {
		t.Error("the load of a line of unknown speed is shown")
	}
}

func TestJudge(t *testing.T) {
	s := full()
	if s.Judge(); len(s.Problems) != 0 {
		t.Errorf("a problem without a cause: %+v", s.Problems)
	}
	s.Refusing = "commands are refused: a part of the command journal is damaged"
	s.Ports = append(s.Ports, Port{Port: "due", Trouble: "/dev/due does not exist"}, Port{Port: "nano", Open: true, Frames: 100, Damaged: 200},
		Port{Port: "fast", Path: "/dev/fast", Open: true, LastByte: s.Now - 1000, Received: 999}, Port{Port: "echo", Open: true, LastByte: s.Now - 1000},
		Port{Port: "past", Open: true, LastByte: s.Now - 90_000})
	s.Devices = append(s.Devices, Device{Device: "cellar", Port: "due"}, Device{Device: "shed", Port: "uno", Since: s.Now - 300_000},
		Device{Device: "pond", Port: "fast"}, Device{Device: "well", Port: "echo", Polls: &Polls{}}, Device{Device: "mill", Port: "past", Heard: s.Now - 90_000},
		Device{Device: "meter", Port: "uno", Online: true, Polls: &Polls{Recent: 64, Missed: 7}}, Device{Device: "new", Port: "uno", Online: true, Polls: &Polls{Recent: 3, Missed: 1}})
	s.Config.Faults, s.Config.Path = 2, "x.toml"
	s.Broker.CertificateExpires = s.Now + 24*3600*1000
	s.Broker.Full = append(s.Broker.Full, Full{"wall", 7, s.Now - 90_000})
	s.Broker.Certificate = []Problem{{"the file contains no certificate of \"ca\"", "use the whole chain"}}
	s.Log = Log{Dropped: 7, Unread: s.Now - 60_000}
	s.Broker.Guesses = Guesses{Recent: 3000, From: "192.0.2.1", For: "admin"}
	s.Machine.DiskFree, s.Machine.ClockSet, s.Machine.Throttled = 1<<20, false, []string{"under-voltage now"}
	s.Judge()
	var told []string
	for _, p := range s.Problems {
		if p.Try == "" {
			t.Errorf("%s: no suggestion", p.What)
		}
		told = append(told, p.What)
	}
	want := []string{"commands are refused: a part of the command journal is damaged",
		"port due is not usable: /dev/due does not exist", "device shed is offline for 5 min",
		"device pond is offline since the start: bytes arrive on port fast, but it understands none of them",
		"device well is offline since the start", "device mill is offline since the start",
		"device meter has left 7 of the last 64 requests unanswered",
		"port nano: 200 of 300 frames were unreadable", "the configuration on the disk has 2 faults; the last valid one is in use",
		"nothing has read the log for 60 s; 7 lines were dropped", "the file contains no certificate of \"ca\"",
		"the certificate expires on 2026-02-01",
		`passwords are being guessed: in 15 minutes 3000 logins were not looked at, most of them from 192.0.2.1 as user "admin"`,
		"the clients of user wall have used up the memory for one user, the last time 90 s ago", "the disk of /var/lib/minirelay has only 1048 kB left", "the clock of this machine is not set",
		"the Raspberry Pi reports: under-voltage now"}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}

func TestText(t *testing.T) {
	s := full()
	s.Judge()
	var b bytes.Buffer
	if err := s.Write(&b, locale.English); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"running for 60 s, ready", "greenhouse  online  1.5 s ago  temperature 21.50, pump —",
		"commands failed/refused 2, done 3", "1000 MB free of 2000 MB", "processor 51 °C, 10 % of its life used", "all is well"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// The values that a Raspberry Pi reports about itself, as its kernel writes them.
func TestLook(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"sys/firmware/devicetree/base/model": "Raspberry Pi 4 Model B Rev 1.4\x00", "proc/self/statm": "1000 250 100 1 0 90 0",
		"sys/class/thermal/thermal_zone0/temp":                "48312\n",
		"sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
		"sys/block/mmcblk0/device/life_time":                  "0x02 0x01\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m := Look(root, root, time.Date(1970, 1, 1, 0, 5, 0, 0, time.UTC))
	if m.Model != "Raspberry Pi 4 Model B Rev 1.4" || m.Celsius != 48.312 || m.DiskWear != 20 || m.ClockSet ||
		m.Memory != 250*uint64(os.Getpagesize()) || m.DiskSize == 0 || m.Goroutines == 0 {
		t.Errorf("%+v", m)
	}
	if got := strings.Join(m.Throttled, ", "); got != "under-voltage now, throttled now" {
		t.Error(got)
	}
	if m := Look(t.TempDir(), "/nowhere", time.Now()); m.Model != "" || m.Throttled != nil || m.DiskSize != 0 {
		t.Errorf("%+v", m)
	}
}
