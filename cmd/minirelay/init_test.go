package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A data directory that every user of the machine may look into is said at once.
func TestInitSaysWhoMayLook(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{filepath.Dir(dir), dir, data} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var out, problems lockedBuffer
	args := []string{"init", "-yes", "-port", "/dev/ttyUSB0=arduino-greenhouse", "-data", data, "-c", filepath.Join(dir, "minirelay.toml")}
	if status := Main(args, strings.NewReader(""), &out, &problems); status != exitOK {
		t.Fatal(problems.String())
	}
	if !strings.Contains(out.String(), "every user of this machine may look into "+data+"\n") || !strings.Contains(out.String(), "hint: chmod o-rwx "+data+"\n") {
		t.Error(out.String())
	}
}
