package devices

import "sync/atomic"

// Counters count what comes over a port, since it was first configured. They may be read at any time.
type Counters struct {
	bytes, sent, frames, noise, overlong, damaged, implausible, late, unanswered, unknown, opened atomic.Uint64

	tap tap // shows what is counted, and all the rest
}

// Counts is a copy of Counters.
type Counts struct {
	Bytes       uint64 // read from the port
	Sent        uint64 // bytes written to it
	Frames      uint64 // good ones: readings and answers
	Noise       uint64 // lines that are no UTF-8, no JSON object and no answer
	Overlong    uint64 // lines that were too long
	Damaged     uint64 // lines whose checksum is wrong or missing
	Implausible uint64 // values that were of another type, out of range, doubled or no number: they became null
	Late        uint64 // answers to no command that waits: too late, doubled, or with a foreign number
	Unanswered  uint64 // requests that nobody answered in time
	Unknown     uint64 // good frames of a kind that is known to nobody; they are counted as good too
	Reopened    uint64 // how often the port was opened again
}

// Counts gives the state of the counters.
func (c *Counters) Counts() Counts {
	counts := Counts{
		Bytes: c.bytes.Load(), Sent: c.sent.Load(), Frames: c.frames.Load(), Noise: c.noise.Load(), Overlong: c.overlong.Load(),
		Damaged: c.damaged.Load(), Implausible: c.implausible.Load(), Late: c.late.Load(), Unanswered: c.unanswered.Load(), Unknown: c.unknown.Load(),
	}
	if n := c.opened.Load(); n > 1 {
		counts.Reopened = n - 1
	}
	return counts
}
