package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A configured port is listed with its devices, the program that has it open, and the reason if it is missing.
func TestPortsOfTheConfig(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "minirelay.toml")
	board := newTestBoard(t)
	writeFile(t, path, twoBoards(dir, board.path, "/dev/ttyNone")+"[ports.spare]\nusb = \"1a86:7523\"\nserial = \"none\"\n")
	var out, problems lockedBuffer
	if status := Main([]string{"ports", "-c", path}, nil, &out, &problems); status != exitOK {
		t.Fatalf("%d: %s", status, problems.String())
	}
	for _, want := range []string{
		fmt.Sprintf("path = %q\n  # config  [ports.uno], used by greenhouse\n  # open by ", board.path),
		fmt.Sprintf("(process %d)", os.Getpid()),
		"path = \"/dev/ttyNone\"\n  # config  [ports.due], used by cellar\n  # trouble /dev/ttyNone does not exist\n",
		"usb = \"1a86:7523\"\nserial = \"none\"\n  # config  [ports.spare], no device uses it\n  # trouble no adapter",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no\n%s\nin\n%s", want, out.String())
		}
	}
	out = lockedBuffer{}
	if status := Main([]string{"ports", "-json", "-c", path}, nil, &out, &problems); status != exitOK || !strings.Contains(out.String(), fmt.Sprintf(`"pid": %d`, os.Getpid())) ||
		!strings.Contains(out.String(), `"port": "due"`) || !strings.Contains(out.String(), `"trouble": "/dev/ttyNone does not exist"`) {
		t.Errorf("%d: %s", status, out.String())
	}
}
