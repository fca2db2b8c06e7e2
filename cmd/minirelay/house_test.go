package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// room is a package, its permitted imports, and the reason for the limit.
type room struct {
	name   string
	ours   string // packages of ours that it may import
	others string // and the libraries
	why    string
}

var house = []room{
	{"cmd/minirelay", "api broker configs devices devices/capture devices/detect devices/mapping devices/serial devices/wire gateway locale relay relay/upstream softboard status web",
		"golang.org/x/term", "the program is flags, words and exit codes: it speaks no protocol itself"},
	{"gateway", "api broker configs devices devices/serial devices/wire locale relay relay/upstream status web",
		"github.com/coreos/go-systemd/v22", "a running gateway starts and stops its parts, and knows none of their insides"},
	{"configs", "broker devices devices/mapping devices/serial locale relay relay/upstream secret",
		"github.com/BurntSushi/toml github.com/pelletier/go-toml/v2", "a configuration is checked without anything that runs, and by nobody who shows it"},
	{"api", "devices devices/capture devices/wire locale relay status", "",
		"the API shows what it is given: secrets and logins are decided elsewhere"},
	{"status", "locale", "golang.org/x/sys", "what a gateway shows of itself is plain data"},
	{"locale", "", "", "words need nothing else, so that everything that speaks to people can use them"},
	{"web", "", "github.com/skip2/go-qrcode", "the page is files: its contents come over MQTT and the API"},
	{"secret", "", "", "a secret is a text that hides itself, for everybody who needs one"},

	{"broker", "secret", "github.com/mochi-mqtt/server/v2 github.com/gorilla/websocket golang.org/x/crypto",
		"the broker could serve any application: the gateway's policy is handed to it"},
	{"relay", "relay/clock relay/fair relay/pace relay/segment", "", "the nouns and the policy stand on the standard library and on what is below them, and policy does not know who carries it out"},
	{"relay/clock", "", "golang.org/x/sys", "the time needs nothing else"},
	{"relay/fair", "", "", "taking turns needs nothing else"},
	{"relay/pace", "", "", "an interval needs nothing else"},
	{"relay/segment", "", "", "records on a disk need nothing else"},
	{"relay/upstream", "relay/clock relay/fair relay/pace relay/segment secret", "github.com/eclipse/paho.mqtt.golang github.com/gorilla/websocket",
		"an upstream could carry any messages: the relay reaches it by a method, and the other way round"},

	{"devices", "devices/answers devices/capture devices/checksum devices/codec devices/codec/binary devices/codec/dlt645 devices/codec/modbus devices/codec/text devices/computed devices/mapping devices/missed devices/schedule devices/serial devices/wire relay", "",
		"the engine knows its protocols and the relay, and neither who listens nor how it was configured"},
	{"devices/serial", "", "go.bug.st/serial golang.org/x/sys", "a line knows bytes, not what they mean"},
	{"devices/checksum", "", "", "a sum knows bytes, not whose they are"},
	{"devices/capture", "", "", "a recording can be read without anything that made it"},
	{"devices/wire", "relay", "", "what there is to see on a line is the same whatever made it and whoever looks"},
	{"devices/mapping", "relay", "", "what people wrote knows nobody who carries it out"},
	{"devices/codec", "devices/mapping devices/serial devices/wire relay", "", "the seam knows none of the protocols behind it, nor the engine in front"},
	{"devices/codec/text", "devices/checksum devices/codec devices/mapping devices/serial devices/wire relay", "github.com/adrianmo/go-nmea golang.org/x/text",
		"a protocol knows the seam and not its siblings"},
	{"devices/codec/binary", "devices/checksum devices/codec devices/mapping devices/serial devices/wire relay", "",
		"a protocol knows the seam and not its siblings"},
	{"devices/codec/modbus", "devices/checksum devices/codec devices/mapping devices/serial devices/wire relay", "",
		"a protocol knows the seam and not its siblings"},
	{"devices/codec/dlt645", "devices/checksum devices/codec devices/mapping devices/serial devices/wire relay", "",
		"a protocol knows the seam and not its siblings"},
	{"devices/answers", "devices/codec", "", "what may be an answer depends on what was asked, not on what it says"},
	{"devices/missed", "devices/mapping devices/wire relay", "", "what is missed is a matter of readings, not of protocols"},
	{"devices/schedule", "devices/codec", "", "whose turn it is depends on answers, not on what they say"},
	{"devices/computed", "devices/mapping devices/wire relay", "github.com/expr-lang/expr", "a computed field knows other fields, not how they came"},
	{"devices/detect", "devices/capture devices/checksum devices/serial", "", "finding out knows lines, and not what is done with what it finds"},
	{"devices/devicestest", "devices/capture devices/checksum devices/codec devices/mapping devices/wire relay", "", "what tests of devices share can be used by the protocols too, so it knows none of them"},

	{"redteam", "", "", "an attacker has nothing of ours but addresses"},
	{"softboard", "", "github.com/creack/pty golang.org/x/sys golang.org/x/term", "a software board behaves like hardware: it knows nothing of us"},
}

// Imports point one way: each package imports only what its row permits. Any other import would point back, or bypass
// an interface.
func TestHouse(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}:{{range .Imports}} {{.}}{{end}}`, "minirelay/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	rows := map[string]room{}
	for _, r := range house {
		rows[r.name] = r
	}
	for line := range strings.Lines(string(out)) {
		path, imports, _ := strings.Cut(strings.TrimSpace(line), ":")
		name := strings.TrimPrefix(path, "minirelay/")
		if top, _, _ := strings.Cut(name, "/"); top == "bench" || top == "e2e" || top == "soak" {
			continue // they measure and test the program from outside
		}
		r, ok := rows[name]
		if !ok {
			t.Errorf("%s has no row: say what it may import, and why nothing else", name)
			continue
		}
		delete(rows, name)
		for _, p := range strings.Fields(imports) {
			if !r.mayImport(p) {
				t.Errorf("%s imports %s: %s", name, p, r.why)
			}
		}
	}
	for name := range rows {
		t.Errorf("%s no longer exists", name)
	}
}

func (r room) mayImport(path string) bool {
	if ours, ok := strings.CutPrefix(path, "minirelay/"); ok {
		return slices.Contains(strings.Fields(r.ours), ours)
	}
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") || slices.ContainsFunc(strings.Fields(r.others), func(module string) bool {
		return path == module || strings.HasPrefix(path, module+"/")
	})
}

// A row forbids every import that it does not list.
func TestHouseForbids(t *testing.T) {
	for _, test := range []struct{ from, to string }{
		{"devices/codec/text", "minirelay/devices/codec/modbus"}, {"devices/codec", "minirelay/devices/codec/text"},
		{"devices/mapping", "minirelay/devices"}, {"devices/serial", "minirelay/relay"}, {"relay", "minirelay/broker"},
		{"broker", "minirelay/relay"}, {"relay/upstream", "minirelay/relay"}, {"gateway", "minirelay/cmd/minirelay"},
		{"configs", "minirelay/gateway"}, {"devices", "minirelay/configs"}, {"status", "github.com/mochi-mqtt/server/v2"},
		{"devices/serial", "go.bug.st/serialx"},
	} {
		i := slices.IndexFunc(house, func(r room) bool { return r.name == test.from })
		if house[i].mayImport(test.to) {
			t.Errorf("%s may import %s", test.from, test.to)
		}
	}
}

// Only one file imports the serial library, so that its pitfalls are handled in one place.
func TestSerialLibraryInOneFile(t *testing.T) {
	var importers []string
	err := filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		source, err := os.ReadFile(path)
		if bytes.Contains(source, []byte("\t\"go.bug.st/serial\"")) {
			importers = append(importers, path)
		}
		return err
	})
	if err != nil || len(importers) != 1 || !strings.HasPrefix(importers[0], "../../devices/") {
		t.Errorf("go.bug.st/serial is imported in %v (%v)", importers, err)
	}
}
