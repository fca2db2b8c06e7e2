package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"minirelay/softboard"
)

// period is the time between two lines of a board.
const period = 100 * time.Millisecond

// counting is a board that numbers its lines and keeps its commands. A command is SET N #SEQ; N is never used twice.
type counting struct {
	mu       sync.Mutex
	said     int
	set      int
	executed map[int]int // how often each N was set
}

// Step sends the next number.
func (c *counting) Step(time.Duration) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said++
	return c.line()
}

func (c *counting) line() []byte { return fmt.Appendf(nil, `{"n":%d,"set":%d}`+"\n", c.said, c.set) }

// Command sets a number and confirms it.
func (c *counting) Command(line string) []byte {
	words := strings.Fields(line)
	if len(words) != 3 || words[0] != "SET" {
		return nil
	}
	n, err := strconv.Atoi(words[1])
	if err != nil {
		return []byte("ERR " + words[2] + " no number\n")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.executed[n]++
	c.set = n
	c.said++
	return append([]byte("OK "+words[2]+"\n"), c.line()...)
}

// fleet are all boards.
type fleet struct {
	boards []*counting
	lines  []*softboard.Line
	dir    string

	stop context.CancelFunc
	all  sync.WaitGroup
}

func plugIn(dir string, n int) (*fleet, error) {
	ctx, stop := context.WithCancel(context.Background())
	f := &fleet{dir: dir, stop: stop}
	for i := range n {
		line, err := softboard.Open(filepath.Join(dir, fmt.Sprintf("tty%d", i)))
		if err != nil {
			f.close()
			return nil, err
		}
		b := &counting{executed: map[int]int{}}
		f.boards, f.lines = append(f.boards, b), append(f.lines, line)
		f.all.Go(func() { live(ctx, line, b) })
	}
	return f, nil
}

// live lets a board run for as long as there is power, even after it was unplugged.
func live(ctx context.Context, line *softboard.Line, b *counting) {
	for ctx.Err() == nil {
		_ = softboard.Run(ctx, line, b, period) // ends when it is unplugged
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (f *fleet) name(i int) string { return fmt.Sprintf("board%d", i) }

// executed counts the commands that boards have executed; twice if executed more than once.
func (f *fleet) executed() (n int) {
	f.each(func(times int) { n++ })
	return n
}

func (f *fleet) twice() (n int) {
	f.each(func(times int) {
		if times > 1 {
			n++
		}
	})
	return n
}

func (f *fleet) each(do func(times int)) {
	for _, b := range f.boards {
		b.mu.Lock()
		for _, times := range b.executed {
			do(times)
		}
		b.mu.Unlock()
	}
}

// times is how often a board has executed a command.
func (f *fleet) times(board, n int) int {
	b := f.boards[board]
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.executed[n]
}

// awaitOnline returns when a state of every board has arrived.
func (f *fleet) awaitOnline(ctx context.Context, o *observer) error {
	for end := time.Now().Add(time.Minute); ; {
		if o.online() == len(f.boards) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("only %d of %d boards are online", o.online(), len(f.boards))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (f *fleet) close() {
	f.stop()
	for _, l := range f.lines {
		_ = l.Close()
	}
	f.all.Wait()
}
