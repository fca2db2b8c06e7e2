package serial

import (
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// FineTime is the longest wait in which a millisecond matters; see [Pause].
const FineTime = 5 * time.Millisecond

// Pause waits for d, to the point. It is for waits of at most [FineTime], because it holds a thread. Go's own timers are late
// by up to a millisecond in an idle process, which is the time of many characters.
func Pause(d time.Duration) {
	ts := unix.NsecToTimespec(d.Nanoseconds())
	_ = unix.Nanosleep(&ts, nil) // a signal may end it early: then one gap is a little shorter
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// DeadlineWriter is a stream whose writes can end at a certain time. Every stream of [Open] is one.
type DeadlineWriter interface {
	// WriteBy writes b like Write, but hands on no byte after by. The error is [ErrStuck] then.
	WriteBy(b []byte, by time.Time) (int, error)
}

// WriteBy writes b to w and hands on no byte after by, if w is a [DeadlineWriter]; otherwise it is w.Write.
func WriteBy(w io.Writer, b []byte, by time.Time) (int, error) {
	if p, ok := w.(DeadlineWriter); ok {
		return p.WriteBy(b, by)
	}
	return w.Write(b)
}

// WriteDeadline is the time by which any write that begins now must end: in two seconds.
func WriteDeadline() time.Time { return time.Now().Add(writeTime) }
