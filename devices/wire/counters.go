package wire

import "sync/atomic"

// Counters count what comes over a port, since it was first configured. They may be read at any time.
type Counters struct {
	Bytes, Sent, Frames, Noise, Overlong, Damaged, Implausible, Late, Unanswered, Unknown, Opened atomic.Uint64

	Tap Tap // shows what is counted, and all the rest
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
		Bytes: c.Bytes.Load(), Sent: c.Sent.Load(), Frames: c.Frames.Load(), Noise: c.Noise.Load(), Overlong: c.Overlong.Load(),
		Damaged: c.Damaged.Load(), Implausible: c.Implausible.Load(), Late: c.Late.Load(), Unanswered: c.Unanswered.Load(), Unknown: c.Unknown.Load(),
	}
	if n := c.Opened.Load(); n > 1 {
		counts.Reopened = n - 1
	}
	return counts
}
