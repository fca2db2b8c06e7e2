package softboard

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// echo is a board that repeats each line.
type echo struct{}

func (echo) Step(time.Duration) []byte  { return nil }
func (echo) Command(line string) []byte { return []byte(line + "\n") }

// A program that has the port open notices a pulled cable, even while the board waits for a command.
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

// Bytes that were sent and not read yet are counted until they are read.
func TestUnread(t *testing.T) {
	line, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	if _, err := line.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	port, err := os.OpenFile(line.Path(), os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	for deadline := time.Now().Add(20 * time.Second); line.Unread() != 5; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes wait", line.Unread())
		}
	}
	if _, err := port.Read(make([]byte, 16)); err != nil || line.Unread() != 0 {
		t.Errorf("%d bytes wait (%v)", line.Unread(), err)
	}
}
