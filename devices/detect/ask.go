package detect

import (
	"bytes"
	"context"
	"time"
)

// Progress is how far a search has come, for people who wait for it.
type Progress struct {
	Setting     Setting
	What        string // for people: "Modbus unit 17"
	Done, Total int    // steps of this search
}

// asker sends requests on a line and listens for the answers.
type asker struct {
	line     Line
	setting  Setting
	patience time.Duration // until an answer begins
	garbled  int           // answers that could not be understood
	echo     bool          // a request came back: the adapter receives what it sends
}

// betweenPieces is the longest silence within an answer: adapters deliver the bytes of 16 ms at once.
const betweenPieces = 30 * time.Millisecond

// ask writes a request and returns the answer that find finds in the bytes that follow; nil if there is none in time.
// The error is [ErrLost] or that of ctx.
func (a *asker) ask(ctx context.Context, request []byte, find func(got []byte) []byte) ([]byte, error) {
	// Silence before a request begins it (MODBUS over Serial Line V1.02, 2.5.1.1: 3.5 characters).
	if err := wait(ctx, max(2*time.Millisecond, a.setting.lasts(4))); err != nil {
		return nil, err
	}
	drop(a.line)
	if _, err := a.line.Write(request); err != nil {
		return nil, ErrLost
	}
	deadline := time.NewTimer(a.setting.lasts(len(request)+1) + a.patience)
	defer deadline.Stop()
	var got []byte
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case b, ok := <-a.line.Heard():
			if !ok {
				return nil, ErrLost
			}
			got = append(got, b...)
			said := bytes.TrimPrefix(got, request) // some adapters repeat what is written
			a.echo = a.echo || len(said) < len(got)
			if answer := find(said); answer != nil {
				return answer, nil
			}
			if len(said) > 0 {
				deadline.Reset(max(betweenPieces, a.setting.lasts(20)))
			}
		case <-deadline.C:
			if len(bytes.TrimPrefix(got, request)) > 0 {
				a.garbled++
			}
			return nil, nil
		}
	}
}
