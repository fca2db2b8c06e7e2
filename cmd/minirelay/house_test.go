package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Imports point one way. Each rule says who must not reach what, and why.
func TestHouse(t *testing.T) {
	for _, rule := range []struct {
		pkg    string
		banned []string
		why    string
	}{
		{"./relay/segment", []string{"."}, "records on a disk need nothing else"},
		{"./relay", []string{"."}, "the nouns and the policy stand on the standard library alone, so that they can be tested and read alone"},
		{"./relay", []string{"minirelay/devices", "minirelay/broker", "minirelay/configs"}, "policy must not know who carries it out"},
		{"./relay/upstream", []string{"minirelay/devices", "minirelay/broker", "minirelay/configs", "github.com/mochi-mqtt/", "go.bug.st/"}, "an upstream could carry any messages"},
		{"./devices", []string{"minirelay/broker", "minirelay/configs", "github.com/mochi-mqtt/", "github.com/BurntSushi/"}, "a device knows the relay and its wire, never who listens"},
		{"./broker", []string{"minirelay/relay", "minirelay/devices", "minirelay/configs", "go.bug.st/"}, "the broker could carry any application"},
		{"./devices/capture", []string{".", "minirelay/"}, "a recording can be read without anything that made it"},
		{"./devices/detect", []string{"minirelay/broker", "minirelay/configs", "minirelay/relay/upstream", "github.com/mochi-mqtt/"}, "finding out knows lines, and not what becomes of it"},
		{"./locale", []string{"."}, "words need nothing else, so that whatever speaks to people can use them"},
		{"./api", []string{"minirelay/broker", "minirelay/configs", "github.com/mochi-mqtt/", "github.com/BurntSushi/"}, "the API tells what it is given: what secrets are, and who may come in, is decided elsewhere"},
		{"./status", []string{"minirelay/"}, "what a gateway tells of itself is plain data"},
		{"./web", []string{"minirelay/"}, "the page is files: what it shows comes over MQTT and the API"},
		{"./softboard", []string{"minirelay/"}, "a software board behaves like hardware: it knows nothing of us"},
	} {
		out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "minirelay/"+strings.TrimPrefix(rule.pkg, "./")).CombinedOutput()
		if err != nil {
			t.Fatalf("go list: %v\n%s", err, out)
		}
		self := "minirelay/" + strings.TrimSuffix(strings.TrimPrefix(rule.pkg, "./"), "/...")
		for dep := range strings.Lines(string(out)) {
			dep = strings.TrimSpace(dep)
			if dep == "minirelay/locale" { // words, which know nobody: each package may say them
				continue
			}
			if dep == self || strings.HasPrefix(dep, self+"/") {
				continue
			}
			for _, b := range rule.banned {
				// "." bans everything that is not the standard library's.
				if b == "." || strings.HasPrefix(dep, b) {
					t.Errorf("%s imports %s: %s", rule.pkg, dep, rule.why)
				}
			}
		}
	}
}

// What an upstream and the relay know of each other is one method and the segment files.
func TestUpstreamAlone(t *testing.T) {
	for pkg, banned := range map[string]string{"minirelay/relay/upstream": "minirelay/relay", "minirelay/relay": "minirelay/relay/upstream"} {
		out, err := exec.Command("go", "list", "-deps", pkg).CombinedOutput()
		if err != nil {
			t.Fatalf("go list: %v\n%s", err, out)
		}
		for dep := range strings.Lines(string(out)) {
			if strings.TrimSpace(dep) == banned {
				t.Errorf("%s imports %s", pkg, banned)
			}
		}
	}
}

// The serial library is imported in one file, so that its hazards are met in one place.
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
