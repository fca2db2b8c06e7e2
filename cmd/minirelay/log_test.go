package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"minirelay/status"
)

// gate is a writer that waits until it is opened.
type gate struct {
	lockedBuffer
	open chan struct{}
	err  error
}

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	if g.err != nil {
		return 0, g.err
	}
	return g.lockedBuffer.Write(p)
}

// A log that nobody reads holds up no writer: a bounded number of lines waits, the others are counted, and the count is
// told when the reader reads again.
func TestUnread(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	u := newUnread(g)
	told := make(chan uint64, 1)
	u.tell(func(lines uint64) { told <- lines })
	line := []byte(strings.Repeat("x", 1023) + "\n")
	const sent, kept = 400, unreadRoom / 1024
	for range sent {
		if n, err := u.Write(line); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	if dropped, _ := u.state(); dropped != sent-kept {
		t.Errorf("%d lines were dropped, not %d", dropped, sent-kept)
	}
	close(g.open)
	if n := <-told; n != sent-kept {
		t.Errorf("told of %d lines", n)
	}
	u.close()
	if n := strings.Count(g.String(), "\n"); n != kept {
		t.Errorf("%d lines were written", n)
	}
	if _, since := u.state(); !since.IsZero() {
		t.Error("it is read again")
	}
}

// The lines that a reader who is gone does not get are counted too, and do not fill the memory.
func TestUnreadByNobody(t *testing.T) {
	g := &gate{open: make(chan struct{}), err: syscall.EPIPE}
	close(g.open)
	u := newUnread(g)
	u.tell(func(uint64) { t.Error("nobody can be told") })
	for range 3 {
		_, _ = u.Write([]byte("a line\n"))
	}
	u.close()
	if dropped, _ := u.state(); dropped != 3 || u.size != 0 {
		t.Errorf("%d lines were dropped, %d bytes wait", dropped, u.size)
	}
}

// state asks the gateway as minirelay status does.
func (p *process) state(t *testing.T) (s status.Snapshot) {
	t.Helper()
	body, err := askLocally(t.Context(), filepath.Join(p.dir, "data"), "/api/status")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// worksUnread checks a gateway whose log nobody reads: a board that is unplugged is offline at once, a command gets its
// result, and SIGTERM ends the gateway.
func (p *process) worksUnread(t *testing.T, unplugged, board *testBoard) {
	t.Helper()
	c := p.phone(t)
	c.see(t, "minirelay/home/cellar/availability", "online")
	unplugged.unplug()
	c.see(t, "minirelay/home/cellar/availability", "offline")
	wait(t, c.Publish(commandTopic, 1, false, `{"id":"a","command":"pump","value":true}`))
	board.acknowledge(t)
	c.see(t, resultTopic, `"id":"a","command":"pump","value":true,"status":"done"`)
	p.end(t, syscall.SIGTERM)
	if code := p.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

// withBoards runs a gateway with two boards that are online.
func withBoards(t *testing.T, prepare func(*exec.Cmd)) (p *process, uno, due *testBoard) {
	t.Helper()
	dir := t.TempDir()
	uno, due = newTestBoard(t), newTestBoard(t)
	p = launch(t, dir, twoBoards(dir, uno.path, due.path), "", prepare)
	c := p.phone(t)
	uno.online(t, c)
	due.say(t, "first", `{"t":10}`)
	c.see(t, "minirelay/home/cellar/availability", "online")
	return p, uno, due
}

// A pipe that nobody reads does not stop the gateway.
func TestLogThatNobodyReads(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	p, uno, due := withBoards(t, func(cmd *exec.Cmd) { cmd.Stderr = w })
	w.Close()
	eventually(t, "the pipe is full", func() bool {
		p.phone(t).Disconnect(0)
		return p.state(t).Log.Unread > 0
	})
	p.worksUnread(t, due, uno)
}

// onTerminal makes tty the terminal of a program, whose own session it leads.
func onTerminal(tty *os.File) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	}
}

// A terminal that is stopped with Ctrl-S does not stop the gateway, and shows what it missed after Ctrl-Q.
func TestStoppedTerminal(t *testing.T) {
	person, tty := openPTY(t)
	defer person.Close()
	screen := &lockedBuffer{}
	go func() { _, _ = io.Copy(screen, person) }()
	p, uno, due := withBoards(t, onTerminal(tty))
	if _, err := person.WriteString("\x13"); err != nil { // Ctrl-S
		t.Fatal(err)
	}
	eventually(t, "the log waits", func() bool {
		p.phone(t).Disconnect(0)
		return p.state(t).Log.Unread > 0
	})
	if problems := p.state(t).Problems; len(problems) == 0 || !strings.Contains(problems[0].What, "nothing has read the log") {
		t.Errorf("the problems are %v", problems)
	}
	before := screen.String()
	p.worksUnread(t, due, uno)
	if now := screen.String(); now != before {
		t.Errorf("the terminal was not stopped: %s", now[len(before):])
	}
	tty.Close()
}

// A reader that ends, as of a pipe to a program that crashes, does not end the gateway.
func TestReaderOfTheLogEnds(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p, uno, due := withBoards(t, func(cmd *exec.Cmd) { cmd.Stderr = w })
	w.Close()
	r.Close()
	c := p.phone(t)
	c.Disconnect(0)
	eventually(t, "lines are lost", func() bool { return p.state(t).Log.Dropped > 0 })
	p.worksUnread(t, due, uno)
}

// A gateway whose terminal was closed ends, and gives its ports back. With nohup it stays.
func TestClosedTerminal(t *testing.T) {
	// Under nohup, the child would inherit that SIGHUP is ignored. A signal that this process handles is reset in it.
	handled := make(chan os.Signal, 1)
	signal.Notify(handled, syscall.SIGHUP)
	defer signal.Stop(handled)
	for _, stays := range []bool{false, true} {
		person, tty := openPTY(t)
		go func() { _, _ = io.Copy(io.Discard, person) }()
		dir := t.TempDir()
		board := newTestBoard(t)
		limit := ""
		if stays {
			limit = "trap '' HUP;"
		}
		p := launch(t, dir, testConfig(dir, board.path), limit, onTerminal(tty))
		board.online(t, p.phone(t))
		tty.Close()
		person.Close()
		if stays {
			eventually(t, "lines are lost", func() bool {
				p.phone(t).Disconnect(0)
				return p.state(t).Log.Dropped > 0
			})
			p.end(t, syscall.SIGTERM)
			continue
		}
		select {
		case <-p.done:
		case <-time.After(patience):
			t.Fatal("it runs without its terminal")
		}
		if code := p.ProcessState.ExitCode(); code != 0 {
			t.Errorf("exit status %d", code)
		}
	}
}

// A request to reload that comes to a gateway on a terminal which is still there is one.
func TestReloadOnATerminal(t *testing.T) {
	person, tty := openPTY(t)
	defer person.Close()
	defer tty.Close()
	dir := t.TempDir()
	lines := make(chan string, 1024)
	go func() {
		for s := bufio.NewScanner(person); s.Scan(); {
			lines <- s.Text()
		}
	}()
	p := launch(t, dir, testConfig(dir, newTestBoard(t).path), "", onTerminal(tty))
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		select {
		case line := <-lines:
			if strings.Contains(line, "has not changed") {
				return
			}
		case <-ctx.Done():
			t.Fatal(errors.New("it does not read its config"))
		}
	}
}
