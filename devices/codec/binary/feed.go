package binary

import (
	"bytes"
	"io"
	"time"

	"minirelay/devices/codec"
)

// chunk is the result of one read.
type chunk struct {
	bytes []byte
	at    time.Time
	err   error
}

// feedOf reads r so that silence can be noticed: the function returns false when nothing has come within wait; 0 waits
// without limit.
func feedOf(r io.Reader) func(wait time.Duration) (chunk, bool) {
	if _, recorded := r.(interface{ ReadAt() time.Time }); recorded {
		return replay(r)
	}
	return pump(r)
}

// readChunk reads in the caller's goroutine; the function never returns false.
func readChunk(r io.Reader) func(time.Duration) (chunk, bool) {
	buf := make([]byte, codec.FirstBuffer)
	return func(time.Duration) (chunk, bool) {
		for range codec.EmptyReads {
			n, err := r.Read(buf)
			if n > 0 || err != nil {
				return chunk{buf[:n], codec.ReadAt(r), err}, true
			}
		}
		return chunk{err: io.ErrNoProgress}, true
	}
}

// pump reads in a goroutine of its own, which ends with the first error, so that silence can be noticed.
func pump(r io.Reader) func(time.Duration) (chunk, bool) {
	chunks := make(chan chunk)
	go func() {
		read := readChunk(r)
		for {
			c, _ := read(0)
			c.bytes = bytes.Clone(c.bytes)
			chunks <- c
			if c.err != nil {
				return
			}
		}
	}()
	var timer *time.Timer
	return func(wait time.Duration) (chunk, bool) {
		if wait == 0 {
			return <-chunks, true
		}
		if timer == nil {
			timer = time.NewTimer(wait)
		} else {
			timer.Reset(wait)
		}
		select {
		case c := <-chunks:
			return c, true
		case <-timer.C:
			return chunk{}, false
		}
	}
}

// replay reads a recording: there is silence where the recorded times say so, and at its end.
func replay(r io.Reader) func(time.Duration) (chunk, bool) {
	read := readChunk(r)
	var next chunk
	var last time.Time
	ahead := false
	return func(wait time.Duration) (chunk, bool) {
		if !ahead {
			next, _ = read(0)
			ahead = true
			if silence := next.at.Sub(last); wait > 0 && (silence >= wait || next.err != nil) {
				return chunk{}, false
			}
		}
		ahead, last = false, next.at
		return next, true
	}
}
