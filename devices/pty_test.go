package devices

import (
	"path/filepath"
	"testing"
	"time"

	"minirelay/devices/serial"
	"minirelay/softboard"
)

func ptyPort(t *testing.T) (*softboard.Line, serial.Config) {
	t.Helper()
	line, err := softboard.Open(filepath.Join(t.TempDir(), "port"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { line.Close() })
	c := serial.Default()
	c.ID, c.Path = "uno", line.Path()
	return line, c
}

func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
