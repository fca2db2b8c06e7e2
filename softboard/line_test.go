package softboard

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// echo is a board that says each line back.
type echo struct{}

func (echo) Step(time.Duration) []byte  { return nil }
func (echo) Command(line string) []byte { return []byte(line + "\n") }

// Pulling the cable is seen by whoever has the port open, even while the board waits for a command.
func TestUnplugHangsUp(t *testing.T) {
	line, err := Open(filepath.Join(t.TempDir(), "port"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- Run(t.Context(), line, echo{}, time.Hour) }()
	port, err := os.OpenFile(line.Path(), os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	if _, err := port.WriteString("hello\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := port.Read(make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
	if err := line.Unplug(); err != nil {
		t.Fatal(err)
	}
	if n, err := port.Read(make([]byte, 16)); err == nil {
		t.Fatalf("read %d bytes from an unplugged board", n)
	}
	<-done
}
