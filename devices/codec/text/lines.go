package text

import (
	"bytes"
	"io"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/wire"
)

// LineFramer cuts a byte stream into lines. A line that is too long or contains a NUL is dropped and counted. It serves one goroutine.
type LineFramer struct {
	r   io.Reader
	tap *wire.Tap
	err error // of the last read, returned when the buffer is used up
	at  time.Time

	// The unread bytes are buf[start:end]. No line ends in buf[start:seen].
	buf              []byte
	start, seen, end int
	objects          bool // objects of JSON end by their braces too: see objects.go
	perLine          bool // the last object was one line
	ended            bool // a line end has been seen
	skip             bool // within a line that is already too long
	whole            bool // a line end has been seen
}

// NewLineFramer returns a framer of the lines of r. tap receives the bytes and what it drops.
func NewLineFramer(r io.Reader, tap *wire.Tap) *LineFramer {
	return &LineFramer{r: r, tap: tap, buf: make([]byte, codec.FirstBuffer)}
}

// Next returns the next line of at most limit bytes, line end not counted. \n, \r and both in either order end a line. It
// returns the error
// of the reader once every line before it has been returned; text after the last line end is not a line.
func (f *LineFramer) Next(limit int) (codec.Frame, error) {
	for {
		if f.objects && !f.skip {
			switch frame, found := f.object(limit); found {
			case objectWhole:
				return frame, nil
			case objectOpen:
				if err := f.more(limit); err != nil {
					return codec.Frame{}, err
				}
				continue
			}
		}
		i := lineEnd(f.buf[f.seen:f.end])
		if i < 0 {
			if err := f.more(limit); err != nil {
				return codec.Frame{}, err
			}
			continue
		}
		f.ended = true
		line := f.buf[f.start : f.seen+i]
		f.start = f.seen + i + 1
		f.seen = f.start
		skipped, whole := f.skip, f.whole
		f.skip, f.whole = false, true
		if skipped {
			continue
		}
		switch {
		case len(line) == 0:
		case len(line) > limit:
			f.tap.Drop(&f.tap.Overlong, line, "it is longer than max_frame")
		case bytes.IndexByte(line, 0) >= 0:
			f.tap.Drop(&f.tap.Noise, line, "it contains a NUL, so it is not text")
		default:
			return codec.Frame{Bytes: line, At: f.at, Whole: whole, Line: true}, nil
		}
	}
}

// lineEnd returns the place of the first line end in b; -1: there is none. Of two bytes that end one line, the second ends an
// empty one.
func lineEnd(b []byte) int {
	i := bytes.IndexByte(b, '\n')
	if i >= 0 {
		b = b[:i]
	}
	if r := bytes.IndexByte(b, '\r'); r >= 0 {
		return r
	}
	return i
}

// more reads more bytes; the buffer contains no line end.
func (f *LineFramer) more(limit int) error {
	f.seen = f.end
	if f.skip || f.end-f.start > limit {
		if !f.skip {
			f.skip = true
			f.tap.Drop(&f.tap.Overlong, f.buf[f.start:f.end], "it is longer than max_frame")
		}
		f.start, f.seen, f.end = 0, 0, 0
	}
	if f.err != nil {
		return f.err
	}
	if f.start > 0 {
		f.end = copy(f.buf, f.buf[f.start:f.end])
		f.start, f.seen = 0, f.end
	}
	if f.end == len(f.buf) {
		f.grow()
	}
	for range codec.EmptyReads {
		n, err := f.r.Read(f.buf[f.end:])
		f.err = err
		if n > 0 {
			f.at = codec.ReadAt(f.r)
			f.tap.Bytes.Add(uint64(n))
			f.end += n
			if f.end == len(f.buf) && len(f.buf) < codec.FullRead {
				f.grow() // more bytes are waiting: a larger buffer needs fewer reads
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
	f.err = io.ErrNoProgress
	return f.err
}

// grow doubles the buffer. Next never asks for more than a few bytes beyond the longest line.
func (f *LineFramer) grow() {
	f.buf = append(f.buf, make([]byte, len(f.buf))...)
}
