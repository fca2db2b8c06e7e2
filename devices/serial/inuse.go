package serial

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// User is a program that has a port open.
type User struct {
	PID    int
	Name   string
	Locked bool // it holds the lock of the port, as minirelay does for every port that it uses
}

// Users lists the programs that have the device file at path open. Programs of other users are visible only to root, or if
// they lock the port, as minirelay does. The list is empty if the path does not exist.
func Users(path string) []User { return users("/", path) }

// Locate is the device file that c means at the moment, with all links followed, without opening it. For a serial server it
// is c.Path. The error is an [*Error].
func (c Config) Locate() (string, error) {
	if c.ServerAddress() != "" {
		return c.Path, nil
	}
	path, err := find("/", c)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", explain("/", path, err)
	}
	return real, nil
}

func users(root, path string) []User {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil
	}
	var pids []int
	links, _ := filepath.Glob(filepath.Join(root, "proc", "[0-9]*", "fd", "*"))
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == real {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(link))))
			pids = append(pids, pid)
		}
	}
	locked := lockers(root, real)
	pids = append(pids, locked...)
	slices.Sort(pids)
	var all []User
	for _, pid := range slices.Compact(pids) {
		name, _ := os.ReadFile(filepath.Join(root, "proc", strconv.Itoa(pid), "comm"))
		all = append(all, User{pid, cmp.Or(strings.TrimSpace(string(name)), "a program"), slices.Contains(locked, pid)})
	}
	return all
}

// lockers lists the processes that have locked a file, from lines such as "1: FLOCK  ADVISORY  WRITE 4711 00:18:5 0 EOF": the device
// in hexadecimal, then the inode (fs/locks.c of Linux).
func lockers(root, path string) (pids []int) {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	dev := uint64(s.Dev)
	want := fmt.Sprintf("%02x:%02x:%d", unix.Major(dev), unix.Minor(dev), s.Ino)
	locks, _ := os.ReadFile(filepath.Join(root, "proc/locks"))
	for line := range strings.Lines(string(locks)) {
		words := strings.Fields(line)
		if len(words) < 6 || words[1] != "FLOCK" || words[5] != want {
			continue
		}
		if pid, err := strconv.Atoi(words[4]); err == nil && pid > 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}

// maxNamed bounds the programs that are named in one sentence.
const maxNamed = 3

// userNames names the programs that have path open, for people.
func userNames(root, path string) string {
	var names []string
	for _, h := range users(root, path) {
		switch {
		case len(names) == maxNamed:
		case h.PID == os.Getpid():
			names = append(names, "this gateway itself, as another port")
		default:
			names = append(names, fmt.Sprintf("%s (process %d)", h.Name, h.PID))
		}
	}
	return strings.Join(names, ", ")
}
