package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The unit keeps passwords out of core dumps, and shows only processes of /proc. What the program reads there beyond
// itself must not be needed by the service.
func TestUnitShowsOnlyProcesses(t *testing.T) {
	unit, err := os.ReadFile("../../deploy/minirelay.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"LimitCORE=0", "ProcSubset=pid", "Environment=MINIRELAY_BOOT_ID=%b"} {
		if !slices.Contains(strings.Split(string(unit), "\n"), want) {
			t.Errorf("the unit lacks %s", want)
		}
	}
	allowed := map[string]string{
		"/proc/sys/kernel/random/boot_id": "the unit sets MINIRELAY_BOOT_ID instead",
		"/proc/locks":                     "without it the message about a port in use does not name the other program",
		"/proc/meminfo":                   "minirelay support is run by hand",
	}
	read := regexp.MustCompile(`"/?proc/([^"]*)"`)
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"bench", "soak", "e2e", "node_modules", ".git"}, d.Name()):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, found := range read.FindAllStringSubmatch(string(text), -1) {
			if name := found[1]; !strings.HasPrefix(name, "self/") && allowed["/proc/"+name] == "" {
				t.Errorf("%s: a service cannot read /proc/%s", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
