package upstream

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"minirelay/relay/clock"
)

// instant is one reading of the machine's clocks.
type instant = clock.Instant

// readClock reads the clocks of this machine.
func readClock() instant { return clock.Read() }

// notBefore is earlier than any time at which this program can run: a clock that shows less was never set.
var notBefore = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func plausible(t time.Time) bool { return !t.Before(notBefore) }

// epochOf returns the stretch of the clock that i belongs to.
func epochOf(i instant) epoch {
	return epoch{boot: i.Boot, offset: i.Wall.UnixMilli() - i.Up.Milliseconds(), sure: i.Sure}
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
