package serial

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Programs that have a port open are found by their open files, and by locks, which are visible to everybody.
func TestHolders(t *testing.T) {
	root := sysfs(t, map[string]string{
		"dev/ttyUSB0":     "",
		"proc/12/comm":    "minicom",
		"proc/4711/comm":  "minirelay",
		"proc/13/fd/3":    "->/nowhere",
		"proc/12/fd/x":    "->/nowhere",
		"proc/locks/.dir": "",
	})
	if err := os.RemoveAll(filepath.Join(root, "proc/locks")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "dev/ttyUSB0")
	if err := os.Symlink(path, filepath.Join(root, "proc/12/fd/5")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	s := info.Sys().(*syscall.Stat_t)
	lock := func(kind, inode string) string {
		return fmt.Sprintf("1: %s  ADVISORY  WRITE %s 0 EOF\n", kind, inode)
	}
	at := fmt.Sprintf("%02x:%02x:%d", unix.Major(uint64(s.Dev)), unix.Minor(uint64(s.Dev)), s.Ino)
	locks := lock("FLOCK", "4711 "+at) + lock("POSIX", "14 "+at) + lock("FLOCK", "15 ff:ff:1") + "2: broken\n"
	if err := os.WriteFile(filepath.Join(root, "proc/locks"), []byte(locks), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := users(root, path); !slices.Equal(got, []User{{12, "minicom", false}, {4711, "minirelay", true}}) {
		t.Errorf("%v", got)
	}
	if got := userNames(root, path); got != "minicom (process 12), minirelay (process 4711)" {
		t.Error(got)
	}
	if got := users(root, filepath.Join(root, "dev/ttyUSB1")); got != nil {
		t.Errorf("%v", got)
	}
}

// The same on this machine: another program that has locked a file, and this one.
func TestHoldersForReal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "port")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	sleep := exec.Command("sleep", "60")
	sleep.Stdin = f
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sleep.Process.Kill(); _ = sleep.Wait() }()
	waitFor(t, "both", func() bool {
		var pids []int
		for _, h := range Users(path) {
			pids = append(pids, h.PID)
		}
		return len(pids) == 2 && slices.Contains(pids, os.Getpid()) && slices.Contains(pids, sleep.Process.Pid)
	})
}
