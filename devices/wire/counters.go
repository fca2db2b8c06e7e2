package wire

import "sync/atomic"

// Counters count the traffic of a port since it was first configured. Any goroutine may add and read. The zero value is
// ready.
type Counters struct {
	Bytes, Sent, Frames, Noise, Overlong, Damaged, Implausible, Late, Unanswered, Unknown, Foreign, Opened atomic.Uint64

	Last atomic.Int64 // when the last byte was read from the port, in Unix nanoseconds; 0: never
}

// Counts are the numbers of [Counters] at one time.
type Counts struct {
	Bytes       uint64 // bytes read from the port
	Sent        uint64 // bytes written to it
	Frames      uint64 // valid frames: readings and answers
	Noise       uint64 // frames that belong to no device, such as lines that are not UTF-8
	Overlong    uint64 // frames longer than max_frame
	Damaged     uint64 // frames with a wrong or missing checksum
	Implausible uint64 // values of another type, out of range, or twice in one frame: they became null
	Late        uint64 // answers without a command that waits for them: too late, twice, or with a foreign number
	Unanswered  uint64 // requests without an answer in time
	Unknown     uint64 // valid frames of an unknown kind, which are in Frames as well
	Foreign     uint64 // requests of another master on a line of polled devices
	Reopened    uint64 // how often the port was opened again after a loss
}

// Counts reads all counters, one after the other.
func (c *Counters) Counts() Counts {
	counts := Counts{
		Bytes: c.Bytes.Load(), Sent: c.Sent.Load(), Frames: c.Frames.Load(), Noise: c.Noise.Load(), Overlong: c.Overlong.Load(),
		Damaged: c.Damaged.Load(), Implausible: c.Implausible.Load(), Late: c.Late.Load(), Unanswered: c.Unanswered.Load(), Unknown: c.Unknown.Load(), Foreign: c.Foreign.Load(),
	}
	if n := c.Opened.Load(); n > 1 {
		counts.Reopened = n - 1
	}
	return counts
}
