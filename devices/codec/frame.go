package codec

import (
	"io"
	"time"
)

const (
	// FirstBuffer is what an idle port costs; boards send lines of 30 to 300 bytes.
	FirstBuffer = 512
	// FullRead is what a Linux tty gives at most in one read (N_TTY_BUF_SIZE in drivers/tty/n_tty.c).
	FullRead = 4096
	// EmptyReads is how many reads in a row may give neither bytes nor an error, as in package bufio.
	EmptyReads = 100
)

// Frame is one line without its end.
type Frame struct {
	Bytes []byte    // valid until the next call of Next; UTF-8 without NUL, never empty
	At    time.Time // when its last byte was read, with a monotonic reading
	// Whole is false for the first line of a stream: whoever opens a port in mid-line gets the second half, or
	// even the halves of two lines glued together by what was lost between them.
	Whole bool
}

// ReadAt is when r was read last: now, but where a recording is read.
func ReadAt(r io.Reader) time.Time {
	if recorded, ok := r.(interface{ ReadAt() time.Time }); ok {
		return recorded.ReadAt()
	}
	return time.Now()
}
