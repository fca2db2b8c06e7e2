package devices

import (
	"math/bits"
	"sync/atomic"

	"minirelay/devices/codec"
)

// Polls is how a device that is asked has answered, since it was first configured.
type Polls struct {
	Device   string // its id
	Asked    uint64 // requests, for readings and for commands, each repetition counted
	Timeouts uint64 // of them, those that found no answer
	Refusals uint64 // of them, those that were answered with a no
	Damaged  uint64 // answers that were damaged on their way
	Recent   int    // of the last of them, at most 64, how many there are
	Missed   int    // and how many found no answer
}

// pollCounts count them. Only the owner of the port adds; anybody may read.
type pollCounts struct {
	asked, timeouts, refusals, damaged atomic.Uint64
	missed                             atomic.Uint64 // the last requests, one bit each, set where there was no answer
}

// note counts a request that is over.
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
