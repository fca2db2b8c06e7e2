package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is a child. Its standard error goes to a file, so that reading it costs no time during a measure.
type process struct {
	cmd    *exec.Cmd
	lines  chan string // lines of its output; closed when it ends
	errors string      // path of its standard error
}

// startProcess starts a child in a process group of its own: Ctrl-C reaches only this program, which stops the
// child in order. If this program is killed, so is the child.
func startProcess(cmd *exec.Cmd, dir string) (*process, error) {
	p := &process{cmd: cmd, lines: make(chan string, 64), errors: filepath.Join(dir, filepath.Base(cmd.Path)+".log")}
	stderr, err := os.OpenFile(p.errors, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer stderr.Close()
	cmd.Stderr = stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	return p, nil
}

// line waits for a line that begins with prefix.
func (p *process) line(ctx context.Context, prefix string) (string, error) {
	for {
		select {
		case l, ok := <-p.lines:
			if !ok {
				return "", p.complaint("it ended")
			}
			if strings.HasPrefix(l, prefix) {
				return l, nil
			}
		case <-ctx.Done():
			return "", p.complaint(context.Cause(ctx).Error())
		}
	}
}

// complaint returns an error with the last lines of the child's standard error.
func (p *process) complaint(what string) error {
	said, _ := os.ReadFile(p.errors) // without it the error is only less detailed
	said = said[max(0, len(said)-1000):]
	return fmt.Errorf("%s: %s\n%s", filepath.Base(p.cmd.Path), what, bytes.TrimSpace(said))
}

// stopTime is how long a child may take to stop before it is killed, which is a fault.
const stopTime = 15 * time.Second

// stop ends the child and waits for it.
func (p *process) stop() error {
	p.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended, which Wait reports better
	kill := time.AfterFunc(stopTime, func() { p.cmd.Process.Kill() })
	defer kill.Stop()
	for range p.lines { // Wait must not run before all output is read
	}
	if err := p.cmd.Wait(); err != nil {
		return p.complaint("it did not stop cleanly: " + err.Error())
	}
	return nil
}

// cpu is the processor time used by the child, user and system together.
func (p *process) cpu() (time.Duration, error) {
	// The scheduler's own account is in nanoseconds, one file per thread: time on the processor comes first. See the
	// kernel's Documentation/scheduler/sched-stats.rst. A Go program ends no threads.
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var total time.Duration
	for _, f := range files {
		data, err := os.ReadFile(f)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		first, _, _ := bytes.Cut(data, []byte(" "))
		ns, err := strconv.ParseInt(string(first), 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(ns)
	}
	if len(files) == 0 || total == 0 {
		return 0, errors.New("the kernel does not report the processor time of a process")
	}
	return total, nil
}

// memory is the child's resident memory, and the part of it that is not its binary, in KiB.
func (p *process) memory() (resident, anonymous float64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range bytes.Lines(status) {
		var kib float64
		if n, _ := fmt.Sscanf(string(line), "VmRSS: %f kB", &kib); n == 1 {
			resident = kib
		}
		if n, _ := fmt.Sscanf(string(line), "RssAnon: %f kB", &kib); n == 1 {
			anonymous = kib
		}
	}
	if resident == 0 {
		return 0, 0, errors.New("the kernel does not report the memory of a process")
	}
	return resident, anonymous, nil
}

// allowFiles raises the limit of open files as far as allowed: a thousand clients need a thousand. Children inherit it.
func allowFiles() error {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return err
	}
	l.Cur = l.Max
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &l)
}
