//go:build e2e

package upstream

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestDisk runs TestDiskInside in a place where it may mount a small disk.
func TestDisk(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m := newMosquitto(t)
	args := []string{"--mount", self, "-test.run", "^TestDiskInside$", "-test.v"}
	if os.Getuid() != 0 {
		args = append([]string{"--map-root-user"}, args...) // root needs no user namespace, which a chroot forbids
	}
	cmd := exec.Command("unshare", args...)
	cmd.Env = append(os.Environ(), "MINIRELAY_BROKER="+m.address(), "MINIRELAY_DISK="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestDiskInside") {
		t.Errorf("%v\n%s", err, out)
	}
}

// On a full and on a read-only disk, messages still go up as long as there is a connection, a short outage costs
// nothing, the fault is reported, and everything recovers with the disk.
func TestDiskInside(t *testing.T) {
	broker, dir := os.Getenv("MINIRELAY_BROKER"), os.Getenv("MINIRELAY_DISK")
	if broker == "" {
		return // TestDisk runs it
	}
	const small = "size=600k"
	if err := syscall.Mount("none", dir, "tmpfs", 0, small); err != nil {
		t.Fatal(err)
	}
	defer syscall.Unmount(dir, 0)
	way := newLine(t, broker)
	phone := newConsumer(t, "mqtt://"+broker, "minirelay/#")
	u, _ := run(t, testConfig(dir, "mqtt://"+way.Addr()), readClock)
	n := 0
	say := func(count int) {
		for range count {
			n++
			if err := u.Publish(stateTopic, state(n), 1, true, nil); err != nil {
				t.Error(err)
			}
		}
	}
	here := func(what string) {
		t.Helper()
		eventually(t, what, func() bool { return len(phone.statesSeen()) == n })
	}
	say(10)
	here("the first have come")

	ballast := filepath.Join(dir, "ballast")
	fill(t, ballast)
	say(200) // the last page of a file has room for some
	here("what comes on a full disk has come")
	if got := u.Status().Disk; got != "the disk is full" {
		t.Errorf("the status is %q", got)
	}
	way.Refuse()
	way.Cut()
	eventually(t, "the line is cut", func() bool { return u.Status().Code != CodeConnected })
	say(50)
	acceptAgain(t, way)
	here("what came in an outage on a full disk has come")

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	say(10)
	here("the disk has room")
	eventually(t, "it says that it works again", func() bool { return u.Status().Disk == "" })

	end(t, u)

	if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, small); err != nil {
		t.Fatal(err)
	}
	u, _ = run(t, testConfig(dir, "mqtt://"+way.Addr()), readClock)
	say(10)
	here("a read-only disk")
	if got := u.Status().Disk; got != "the disk is read-only" {
		t.Errorf("the status is %q", got)
	}
	if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT, small); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the outbox is opened and takes messages again", func() bool {
		say(1)
		return u.Status().Disk == ""
	})
	here("what came meanwhile")
	end(t, u)
}

// fill leaves no byte on the disk.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{4096, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
}

// statesSeen returns the states that have arrived.
func (c *consumer) statesSeen() map[string]bool {
	seen := map[string]bool{}
	for _, m := range c.on(stateTopic) {
		_, n, _ := strings.Cut(string(m.Payload()), `"n":`)
		n, _, _ = strings.Cut(n, ",")
		seen[strings.TrimSuffix(n, "}")] = true
	}
	return seen
}
