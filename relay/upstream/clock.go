package upstream

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// instant is one reading of the machine's clocks. The boot clock cannot be set, so it shows how far the wall clock was
// moved.
type instant struct {
	wall time.Time
	boot string        // which run of the machine
	up   time.Duration // by the boot clock
	sure bool          // the wall clock is known to have been set by a time server
}

// bootID is the same until the machine is restarted (proc(5)).
var bootID = sync.OnceValue(func() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return givenBootID(os.Getenv("MINIRELAY_BOOT_ID"))
	}
	id = bytes.TrimSpace(id)
	return string(id[:min(len(id), 36)])
})

// givenBootID returns the id that systemd gives to a service that cannot see it in /proc (%b in systemd.unit(5), without
// hyphens), in the format of /proc; "" if it is none.
func givenBootID(id string) string {
	if len(id) != 32 {
		return ""
	}
	return strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
}

// readClock reads the clocks of this machine.
func readClock() instant {
	now := instant{wall: time.Now(), boot: bootID()}
	var up unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &up) != nil {
		now.boot = "" // there is nothing to compare
	}
	now.up = time.Duration(up.Nano())
	// systemd-timesyncd(8) creates this file when it has set the clock. A service that may not set the clock is killed
	// for asking the kernel with adjtimex(2).
	_, err := os.Stat("/run/systemd/timesync/synchronized")
	now.sure = err == nil
	return now
}

// notBefore is earlier than any time at which this program can run: a clock that shows less was never set.
var notBefore = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func plausible(t time.Time) bool { return !t.Before(notBefore) }

// epoch returns the stretch of the clock that now belongs to.
func (i instant) epoch() epoch {
	return epoch{boot: i.boot, offset: i.wall.UnixMilli() - i.up.Milliseconds(), sure: i.sure}
}

// stepped is how far two readings of one clock may differ without the clock having been set, in ms.
const stepped = 500

// sameAs reports whether nothing worth noting happened between two readings of the clock.
func (e epoch) sameAs(other epoch) bool {
	return e.boot == other.boot && e.sure == other.sure && abs(e.offset-other.offset) < stepped
}

func abs(n int64) int64 { return max(n, -n) }

// note adds an epoch as the newest.
func note(epochs []epoch, e epoch) []epoch {
	epochs = append(slices.Clone(epochs), e)
	if over := len(epochs) - maxEpochs; over > 0 {
		epochs = epochs[over:]
	}
	return epochs
}

// correction returns what must be added to ts, which was taken in epoch then, in ms. set is false if the clock was not
// set then and the right time cannot be known: the machine was restarted before the clock was set.
func correction(ts int64, then epoch, epochs []epoch) (ms int64, set bool) {
	was := plausible(time.UnixMilli(ts))
	if then.sure && was {
		return 0, true
	}
	if !was && plausible(time.UnixMilli(then.offset)) {
		// A value from before the clock was set that was published after it.
		for _, e := range slices.Backward(epochs) {
			if e.boot == then.boot && !plausible(time.UnixMilli(e.offset)) {
				then = e
				break
			}
		}
	}
	for _, e := range slices.Backward(epochs) {
		right := plausible(time.UnixMilli(e.offset)) && (e.sure || !was)
		if e.boot == then.boot && e.boot != "" && right {
			if by := e.offset - then.offset; abs(by) >= stepped {
				return by, true
			}
			return 0, plausible(time.UnixMilli(ts))
		}
	}
	return 0, was
}

// timestamp takes {"ts":1763900000123 off the front of a payload.
func timestamp(payload []byte) (ts int64, rest []byte, ok bool) {
	after, ok := bytes.CutPrefix(payload, []byte(`{"ts":`))
	if !ok {
		return 0, nil, false
	}
	digits := 0
	for digits < len(after) && (after[digits] >= '0' && after[digits] <= '9' || digits == 0 && after[0] == '-') {
		digits++
	}
	ts, err := strconv.ParseInt(string(after[:digits]), 10, 64)
	return ts, after[digits:], err == nil
}
