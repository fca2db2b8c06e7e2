package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// patience is how long any expected event may take on a busy machine.
const patience = 30 * time.Second

// subject is one running side, with its boards. The caller of start must stop it.
type subject struct {
	side
	process   *process
	boards    []*board
	address   string
	dir       string
	next      int64 // number of the next frame
	listeners int   // how many listeners there have been
}

// start brings up boards and a side in a fresh directory below parent, and returns when clients can connect.
func (b *bench) start(ctx context.Context, s side, parent string, boards int) (*subject, error) {
	u, err := b.prepare(s, parent, boards)
	if err != nil {
		return nil, err
	}
	if err := u.launch(ctx, b); err != nil {
		return nil, errors.Join(err, u.stop())
	}
	return u, nil
}

// prepare makes everything that the process needs: boards, an address, a directory.
func (b *bench) prepare(s side, parent string, boards int) (*subject, error) {
	dir, err := os.MkdirTemp(parent, s.name+"-")
	if err != nil {
		return nil, err
	}
	u := &subject{side: s, dir: dir}
	for range boards {
		board, err := newBoard()
		if err != nil {
			return nil, errors.Join(err, u.stop())
		}
		u.boards = append(u.boards, board)
	}
	if u.address, err = freeAddress(); err != nil {
		return nil, errors.Join(err, u.stop())
	}
	return u, nil
}

// spawn starts the process without waiting.
func (u *subject) spawn(b *bench) error {
	var ttys []string
	for _, board := range u.boards {
		ttys = append(ttys, board.path)
	}
	cmd, err := u.program(b, u.dir, u.address, ttys)
	if err != nil {
		return err
	}
	u.process, err = startProcess(cmd, u.dir)
	return err
}

// launch starts the process and waits until it is ready.
func (u *subject) launch(ctx context.Context, b *bench) error {
	if err := u.spawn(b); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := u.process.line(ctx, "ready")
	return err
}

// halt ends the process; the boards stay.
func (u *subject) halt() error {
	if u.process == nil {
		return nil
	}
	p := u.process
	u.process = nil
	return p.stop()
}

func (u *subject) stop() error {
	err := u.halt()
	for _, board := range u.boards {
		board.close()
	}
	return errors.Join(err, os.RemoveAll(u.dir))
}

func (u *subject) url() string { return "wss://" + u.address + "/mqtt" }

// load is count frames at rate frames/s, with the next free numbers.
func (u *subject) load(rate float64, count int64) load {
	l := load{boards: u.boards, rate: rate, from: u.next, count: count}
	u.next += count
	return l
}

// freeAddress returns an address without a listener. Both sides get theirs this way, so that neither has to report it.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("no free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// stopping stops u and joins its error to err, for defer.
func stopping(u *subject, err *error) { *err = errors.Join(*err, u.stop()) }
