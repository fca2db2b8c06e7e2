package serial

import (
	"time"

	"golang.org/x/sys/unix"
)

// fineTime is how long a wait may be of which a millisecond is a part that matters.
const FineTime = 5 * time.Millisecond

// finePause waits for at most fineTime. Go's own timers are late by up to a millisecond in an idle process, which is
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
