package softboard

import (
	"bufio"
	"context"
	"io"
	"time"
)

// Board is a device on a line. [Run] calls it from one goroutine at a time.
type Board interface {
	// Step advances the board by dt and returns the telemetry, lines with their ends, or nothing.
	Step(dt time.Duration) []byte
	// Command takes one line without its end and returns the answer, lines with their ends, or nothing.
	Command(line string) []byte
}

// Run runs b on wire until ctx ends or the wire breaks: a step every period, an answer to each line. The error is that of the
// wire; nil after ctx. The goroutine that reads ends when the caller closes the wire.
func Run(ctx context.Context, wire io.ReadWriter, b Board, period time.Duration) error {
	lines := make(chan string)
	broken := make(chan error, 1)
	go func() {
		s := bufio.NewScanner(wire)
		for s.Scan() {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
		broken <- s.Err()
	}()
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		var out []byte
		select {
		case <-ctx.Done():
			return nil
		case err := <-broken:
			return err
		case line := <-lines:
			out = b.Command(line)
		case <-tick.C:
			out = b.Step(period)
		}
		if len(out) == 0 {
			continue
		}
		if _, err := wire.Write(out); err != nil {
			return err
		}
	}
}
