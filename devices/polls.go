package devices

import (
	"math/bits"
	"sync/atomic"

	"minirelay/devices/codec"
)

// Polls counts the answers of a polled device since it was first configured.
type Polls struct {
	Device   string // its id
	Asked    uint64 // requests sent, for readings and for commands, each repetition counted
	Timeouts uint64 // of them, those without an answer
	Refusals uint64 // of them, those that the device refused
	Damaged  uint64 // answers that arrived damaged
	Recent   int    // how many of the last requests Missed looks at: 0 to 64
	Missed   int    // how many of the Recent requests had no answer
}

// pollCounts are the counters behind [Polls]. Only the owner of the port adds; any goroutine may read.
type pollCounts struct {
	asked, timeouts, refusals, damaged atomic.Uint64
	missed                             atomic.Uint64 // the last 64 requests, one bit each, set where no answer came
}

// note counts a request with its final verdict.
func (p *pollCounts) note(v codec.Verdict) {
	p.asked.Add(1)
	missed := uint64(0)
	switch v {
	case codec.Refused:
		p.refusals.Add(1)
	case codec.NoAnswer, codec.Unreached:
		p.timeouts.Add(1)
		missed = 1
	}
	p.missed.Store(p.missed.Load()<<1 | missed)
}

func (p *pollCounts) polls(device string) Polls {
	asked := p.asked.Load()
	return Polls{Device: device, Asked: asked, Timeouts: p.timeouts.Load(), Refusals: p.refusals.Load(), Damaged: p.damaged.Load(),
		Recent: int(min(asked, 64)), Missed: bits.OnesCount64(p.missed.Load())}
}
