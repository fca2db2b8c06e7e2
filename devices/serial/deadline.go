package serial

import (
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// FineTime is how long a wait may be of which a millisecond is a part that matters.
const FineTime = 5 * time.Millisecond

// Pause waits for at most [FineTime]. Go's own timers are late by up to a millisecond in an idle process, which is
// many characters.
func Pause(d time.Duration) {
	ts := unix.NsecToTimespec(d.Nanoseconds())
	_ = unix.Nanosleep(&ts, nil) // a signal may end it early: then the gap is a little short once
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// DeadlineWriter is a stream whose writes can be given up at a certain time.
type DeadlineWriter interface {
	// WriteBy is a Write of which no byte is handed on after by.
	WriteBy(b []byte, by time.Time) (int, error)
}

// WriteBy writes b to w, of which no byte may be handed on after by, as far as w can keep to it.
func WriteBy(w io.Writer, b []byte, by time.Time) (int, error) {
	if p, ok := w.(DeadlineWriter); ok {
		return p.WriteBy(b, by)
	}
	return w.Write(b)
}

// WriteDeadline is when a write that begins now has taken too long, whatever is written.
func WriteDeadline() time.Time { return time.Now().Add(writeTime) }
