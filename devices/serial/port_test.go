package serial

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"minirelay/softboard"
)

// ptyPort is a software line and the config of its port.
func ptyPort(t *testing.T) (*softboard.Line, Config) {
	t.Helper()
	line, err := softboard.Open(filepath.Join(t.TempDir(), "port"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { line.Close() })
	c := Default()
	c.ID, c.Path = "uno", line.Path()
	return line, c
}

func settings(t *testing.T, path string) *unix.Termios {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var s *unix.Termios
	if err := control(f, func(fd int) (err error) { s, err = unix.IoctlGetTermios(fd, unix.TCGETS2); return err }); err != nil {
		t.Fatal(err)
	}
	return s
}

// The settings outlive the library's own descriptor.
func TestOpenSetsUpTheLine(t *testing.T) {
	for _, tt := range []struct {
		change func(*Config)
		cflag  uint32
		speed  uint32
	}{
		{func(c *Config) {}, unix.CS8, 9600},
		{func(c *Config) { c.Baud = 115200 }, unix.CS8, 115200},
		{func(c *Config) { c.Baud = 250000 }, unix.CS8, 250000}, // 3D printers, DMX; no POSIX speed
		{func(c *Config) { c.DataBits, c.Parity, c.StopBits = 7, "even", 2 }, unix.CS7 | unix.PARENB | unix.CSTOPB, 9600},
		{func(c *Config) { c.Parity = "odd" }, unix.CS8 | unix.PARENB | unix.PARODD, 9600},
		{func(c *Config) { c.Parity = "mark" }, unix.CS8 | unix.PARENB | unix.PARODD | unix.CMSPAR, 9600},
		{func(c *Config) { c.Parity = "space" }, unix.CS8 | unix.PARENB | unix.CMSPAR, 9600},
	} {
		_, c := ptyPort(t)
		tt.change(&c)
		p, err := Open(c)
		if err != nil {
			t.Fatal(err)
		}
		s := settings(t, c.Path)
		// A pseudo-terminal has no parity and always eight bits: the kernel keeps CS8 and drops PARENB.
		mask := uint32(unix.CSTOPB | unix.PARODD | unix.CMSPAR)
		if s.Ospeed != tt.speed || s.Cflag&mask != tt.cflag&mask {
			t.Errorf("%+v: speed %d, cflag %o", c, s.Ospeed, s.Cflag)
		}
		if s.Lflag&(unix.ECHO|unix.ICANON|unix.ISIG) != 0 || s.Oflag&unix.OPOST != 0 || s.Iflag&(unix.ICRNL|unix.IXON) != 0 {
			t.Errorf("the line is not raw: %+v", s)
		}
		p.Close()
	}
}

// Close ends a read that waits, and afterwards the stream refuses everything.
func TestCloseEndsRead(t *testing.T) {
	_, c := ptyPort(t)
	p, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { _, err := p.Read(make([]byte, 8)); done <- err }()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, os.ErrClosed) {
		t.Errorf("read gives %v", err)
	}
	if _, err := p.Write([]byte("x")); err == nil {
		t.Error("a closed port takes bytes")
	}
	if p, err = Open(c); err != nil {
		t.Fatal("it cannot be opened again:", err)
	}
	p.Close()
}

func TestOpenDropsOldBytes(t *testing.T) {
	line, c := ptyPort(t)
	if _, err := io.WriteString(line, "old\n"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the bytes to arrive", func() bool { return unread(t, c.Path) == 4 })
	p, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := io.WriteString(line, "new\n"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 8)
	if n, err := p.Read(b); string(b[:n]) != "new\n" {
		t.Errorf("%q, %v", b[:n], err)
	}
}

func unread(t *testing.T, path string) (n int) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := control(f, func(fd int) (err error) { n, err = unix.IoctlGetInt(fd, unix.TIOCINQ); return err }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestHangUp(t *testing.T) {
	line, c := ptyPort(t)
	p, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	line.Unplug()
	if _, err := p.Read(make([]byte, 8)); !errors.Is(err, ErrHungUp) {
		t.Errorf("read gives %v", err)
	}
	if n, err := p.Write([]byte("x")); n != 0 || err == nil {
		t.Errorf("%d bytes written to nowhere, %v", n, err)
	}
}

// An adapter that takes no bytes stops its owner for two seconds at most.
func TestStuckWrite(t *testing.T) {
	_, c := ptyPort(t)
	p, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	n, err := p.Write(make([]byte, 1<<20))
	if took := time.Since(start); err == nil || n == 0 || took < writeTime || took > 5*writeTime {
		t.Errorf("%d bytes in %v, %v", n, took, err)
	}
	start = time.Now()
	p.Close()
	if took := time.Since(start); took > 10*time.Second { // the kernel alone waits for 30
		t.Errorf("closing took %v", took)
	}
}

// explained opens a port that cannot be opened.
func explained(t *testing.T, path string) *Error {
	t.Helper()
	c := Default()
	c.Path = path
	p, err := Open(c)
	var e *Error
	if err == nil {
		p.Close()
	}
	if !errors.As(err, &e) {
		t.Fatalf("%s: %v", path, err)
	}
	return e
}

func TestTroubleInWords(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): filepath.Join(dir, "none") + " does not exist",
		dir:                        dir + " is a directory",
		file:                       file + " is not a serial port",
		"/dev/null":                "/dev/null is not a serial port",
	} {
		e := explained(t, path)
		if e.What != want || e.Try == "" {
			t.Errorf("%s: %q, hint %q", path, e.What, e.Try)
		}
	}
	if e := explained(t, filepath.Join(dir, "none")); !errors.Is(e, os.ErrNotExist) || e.Hint() != e.Try {
		t.Errorf("%v", e.Err)
	}
}

func TestBusy(t *testing.T) {
	_, c := ptyPort(t)
	p, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	before := settings(t, c.Path).Ospeed
	fast := c
	fast.Baud = 115200
	_, err = Open(fast)
	var e *Error
	if !errors.As(err, &e) || !strings.HasSuffix(e.What, "is in use by this gateway itself, as another port") {
		t.Errorf("%v", err)
	}
	if settings(t, c.Path).Ospeed != before {
		t.Error("the other one's line has been set up anew")
	}
}

// Another program that holds the port is named.
func TestBusyElsewhere(t *testing.T) {
	_, c := ptyPort(t)
	// flock(1) of util-linux keeps the lock while cat runs; cat says one line when it does.
	cmd := exec.Command("flock", c.Path, "sh", "-c", "echo locked; exec cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	if e := explained(t, c.Path); !strings.Contains(e.What, fmt.Sprintf("flock (process %d)", cmd.Process.Pid)) {
		t.Error(e.What)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// Without permission, the error names the group to join.
func TestNotPermitted(t *testing.T) {
	_, c := ptyPort(t)
	real, err := filepath.EvalSymlinks(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(real, 0o060); err != nil {
		t.Fatal(err)
	}
	var e *Error
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Root may open everything: give that up, on this thread only, which ends with the goroutine.
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			if _, err := unix.SetfsuidRetUid(65534); err != nil {
				t.Error(err)
			}
			if _, err := unix.SetfsgidRetGid(65534); err != nil {
				t.Error(err)
			}
		}
		_, err := openTTY(real, c)
		errors.As(explain("/", real, err), &e)
	}()
	<-done
	if e.What != "no permission to use "+real || !strings.Contains(e.Try, "sudo usermod -aG ") {
		t.Errorf("%q, hint %q", e.What, e.Try)
	}
	if err := os.Chmod(real, 0o600); err != nil {
		t.Fatal(err)
	}
	if hint := permissionHint(real); !strings.Contains(hint, "no group may use it") {
		t.Error(hint)
	}
}

func TestTCPPort(t *testing.T) {
	server, c, p, far := tcpServer(t)
	if _, err := p.Write([]byte("PUMP 1\n")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 16)
	if n, err := far.Read(b); string(b[:n]) != "PUMP 1\n" {
		t.Errorf("%q, %v", b[:n], err)
	}
	if _, err := far.Write([]byte("OK\n")); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Read(b); string(b[:n]) != "OK\n" || p.(*tcpPort).bounded {
		t.Errorf("%q, %v; what was acknowledged is still watched: %v", b[:n], err, p.(*tcpPort).bounded)
	}
	far.Close()
	if _, err := p.Read(b); !errors.Is(err, ErrHungUp) {
		t.Errorf("read gives %v", err)
	}
	server.Close()
	if e := explained(t, c.Path); !strings.Contains(e.What, "cannot be reached") || e.Try == "" {
		t.Errorf("%q, %q", e.What, e.Try)
	}
}

// Opening and closing a port does not look as if something else had been plugged in, and replugging does.
func TestIdentity(t *testing.T) {
	line, c := ptyPort(t)
	before := Identity(c)
	for range 3 {
		p, err := Open(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := line.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Read(make([]byte, 8)); err != nil {
			t.Fatal(err)
		}
		p.Close()
	}
	if now := Identity(c); now != before || now == "" {
		t.Errorf("%q has become %q", before, now)
	}
	line.Unplug()
	if now := Identity(c); now != "" {
		t.Errorf("an unplugged port is %q", now)
	}
	// The kernel's stamps are some milliseconds apart: at once, it may not have seen the difference.
	waitFor(t, "another identity", func() bool {
		line.Unplug()
		if err := line.Replug(); err != nil {
			t.Fatal(err)
		}
		now := Identity(c)
		return now != before && now != ""
	})
}

// waitFor polls for an effect of another process or the kernel.
func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
