package codec

import (
	"io"
	"time"
)

const (
	// FirstBuffer is the size of the first read buffer of a port, in bytes; boards send lines of 30 to 300.
	FirstBuffer = 512
	// FullRead is the largest number of bytes that one read of a Linux tty returns (N_TTY_BUF_SIZE in
	// drivers/tty/n_tty.c).
	FullRead = 4096
	// EmptyReads is how many reads in a row may return neither bytes nor an error, as in package bufio.
	EmptyReads = 100
)

// Framer cuts a byte stream into frames. It serves one goroutine.
type Framer interface {
	// Next returns the next frame of at most limit bytes. Its error is the reader's, once every frame before it has
	// been returned.
	Next(limit int) (Frame, error)
}

// Frame is one line without its line end, or one frame of bytes.
type Frame struct {
	Bytes []byte    // valid until the next call of Next; never empty; of a line without NUL
	At    time.Time // when its last byte was read, with a monotonic reading
	// Whole is false for the first line of a stream: a port that is opened in the middle of a line delivers the second
	// half, or even the halves of two lines joined by what was lost between them.
	Whole bool
	Line  bool // it is a line of text
}

// ReadAt returns the time at which r was last read: now, or the recorded time if r is a recording.
func ReadAt(r io.Reader) time.Time {
	if recorded, ok := r.(interface{ ReadAt() time.Time }); ok {
		return recorded.ReadAt()
	}
	return time.Now()
}
