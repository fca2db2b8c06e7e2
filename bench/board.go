package main

import (
	"bufio"
	"bytes"
	"os"
	"strconv"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// board is a software board on a pty. It sends the lines of the load, and answers "SET value #seq" with
// "OK #seq" at once.
type board struct {
	path   string // where the gateway opens it
	master *os.File
	slave  *os.File // kept open: a master without any slave reports a hang-up
	done   chan struct{}
}

func newBoard() (*board, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, err
	}
	b := &board{path: slave.Name(), master: master, slave: slave, done: make(chan struct{})}
	if err := makeRaw(slave); err != nil {
		master.Close()
		slave.Close()
		return nil, err
	}
	go b.answer()
	return b, nil
}

// say writes whole lines. It blocks while the line is full.
func (b *board) say(lines []byte) error {
	_, err := b.master.Write(lines)
	return err
}

func (b *board) answer() {
	defer close(b.done)
	for s := bufio.NewScanner(b.master); s.Scan(); {
		if i := bytes.IndexByte(s.Bytes(), '#'); i >= 0 && bytes.HasPrefix(s.Bytes(), []byte("SET ")) {
			if b.say(append(append([]byte("OK "), s.Bytes()[i:]...), '\n')) != nil {
				return
			}
		}
	}
}

func (b *board) close() {
	b.master.Close()
	b.slave.Close()
	<-b.done
}

// makeRaw switches the line discipline off: no echo, no translated line ends. See termios(3), cfmakeraw.
func makeRaw(tty *os.File) error {
	conn, err := tty.SyscallConn() // Fd would make the file blocking
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		var t *unix.Termios
		if t, failed = unix.IoctlGetTermios(int(fd), unix.TCGETS); failed != nil {
			return
		}
		t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
		t.Oflag &^= unix.OPOST
		t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
		t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
		t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
		failed = unix.IoctlSetTermios(int(fd), unix.TCSETS, t)
	})
	if err != nil {
		return err
	}
	return failed
}

// appendFrame appends the line that carries number n: {"n":123,"t":21.53,"h":41,"p":0}.
func appendFrame(b []byte, n int64) []byte {
	b = append(b, `{"n":`...)
	b = strconv.AppendInt(b, n, 10)
	b = append(b, `,"t":2`...)
	b = strconv.AppendInt(b, n%10, 10)
	b = append(b, '.')
	b = strconv.AppendInt(b, 10+n%90, 10)
	return append(b, `,"h":41,"p":0}`+"\n"...)
}

// frameNumber reads the number back out of a state, ours or the raw line.
func frameNumber(payload []byte) (n int64, ok bool) {
	i := bytes.Index(payload, []byte(`"n":`))
	if i < 0 {
		return 0, false
	}
	for _, c := range payload[i+len(`"n":`):] {
		if c < '0' || c > '9' {
			return n, ok
		}
		n, ok = n*10+int64(c-'0'), true
	}
	return n, ok
}
