package binary

import (
	"bytes"
	"io"
	"slices"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/wire"
)

// candidateFramer cuts frames that can begin anywhere: after start bytes, or wherever length and checksum agree.
//
// Every position at which a frame may begin is a candidate until its bytes decide. The first candidate that proves
// intact is a frame; one that does not gives up its first byte only, so that noise, a lost byte or a wrong length
// before an intact frame cannot cost that frame. A candidate that needs more bytes makes those after it wait too, but
// not for long if its length is wrong: it is dropped when whole frames have arrived within it (see rivals). All of this
// depends on the bytes alone and not on how they arrive, with one exception: a frame that pauses for as long as stalled
// is dropped.
type candidateFramer struct {
	rules *frameRules
	tap   *wire.Tap
	feed  func(wait time.Duration) (chunk, bool)
	err   error // of the last read, returned when the buffer is used up

	// The unread bytes are buf[start:end]. buf[start:looked] has been searched for candidates.
	buf                []byte
	start, looked, end int
	open               []candidate // in the order of their positions
	arrived            []arrival
	skipping           bool // bytes have been dropped since the last frame
	damagedTo          int  // bytes before it belong to a damaged frame that has been counted
}

// neverCame is the reason for dropping a candidate whose bytes do not arrive.
const neverCame = "the rest of it has not arrived"

// candidate is a position at which a frame may begin.
type candidate struct {
	at      int
	length  int // 0: not yet known
	verdict judgement
}

// arrival is the time at which the bytes before to had arrived.
type arrival struct {
	to int
	at time.Time
}

// stalled is how long a frame may pause. A wrong length before an intact frame would otherwise hold that frame back until
// the next ones arrive, and some devices send one an hour.
const stalled = time.Second

func newCandidateFramer(r io.Reader, spec *frameRules, tap *wire.Tap) *candidateFramer {
	c := &candidateFramer{rules: spec, tap: tap, feed: readChunk(r)}
	if spec.length == 0 { // otherwise the intact frame itself disproves the candidate before it
		c.feed = feedOf(r)
	}
	return c
}

// Next returns the next intact frame of at most limit bytes. It returns the error of the reader once every frame before
// it has been returned.
func (c *candidateFramer) Next(limit int) (codec.Frame, error) {
	for {
		c.look(limit)
		if frame, ok := c.take(); ok {
			return frame, nil
		}
		switch {
		case c.err == nil:
			c.read()
		case len(c.open) == 0:
			return codec.Frame{}, c.err
		default:
			c.drop(neverCame)
		}
	}
}

// look judges the open candidates and finds new ones.
func (c *candidateFramer) look(limit int) {
	kept := c.open[:0]
	for _, one := range c.open {
		if one.verdict == incomplete && (one.length == 0 || one.at+one.length <= c.end) {
			if one.verdict, one.length = c.rules.judge(c.buf[one.at:c.end], limit); one.verdict == notFrame {
				continue
			}
		}
		kept = append(kept, one)
	}
	c.open = kept
	for ; c.looked < c.end; c.looked++ {
		if len(c.rules.start) > 0 {
			i := bytes.IndexByte(c.buf[c.looked:c.end], c.rules.start[0])
			if i < 0 {
				c.looked = c.end
				break
			}
			c.looked += i
		}
		if verdict, n := c.rules.judge(c.buf[c.looked:c.end], limit); verdict != notFrame {
			c.open = append(c.open, candidate{c.looked, n, verdict})
		}
	}
}

// take returns the first candidate that is a frame, unless one before it is incomplete.
func (c *candidateFramer) take() (codec.Frame, bool) {
	for len(c.open) > 0 {
		first := c.open[0]
		c.skipTo(first.at)
		switch {
		case first.verdict == damaged:
			c.drop(c.rules.whyDamaged())
		case c.rivals(first):
			c.drop("whole frames have arrived within its length")
		case first.verdict == incomplete:
			return codec.Frame{}, false
		default:
			return c.cut(first), true
		}
	}
	c.skipTo(c.looked)
	return codec.Frame{}, false
}

// cut returns the first candidate, which is a frame.
func (c *candidateFramer) cut(first candidate) codec.Frame {
	end := first.at + first.length
	c.start, c.skipping = end, false
	c.looked = max(c.looked, end)
	n := 0
	for n < len(c.open) && c.open[n].at < end {
		n++
	}
	c.open = c.open[n:]
	return codec.Frame{Bytes: c.buf[first.at:end:end], At: c.when(end), Whole: true}
}

// rivals says whether so many intact frames follow one another within a candidate that it cannot be a frame. A frame may
// contain such bytes by chance: the fewer bytes identify a frame, the more rivals it takes.
func (c *candidateFramer) rivals(first candidate) bool {
	if c.rules.length > 0 || first.length == 0 {
		return false // no frame fits into another
	}
	want := 2
	if len(c.rules.start)+len(c.rules.end)+c.rules.sum.Size < 3 {
		want = 3
	}
	from, limit := first.at+1, first.at+first.length
	for ; want > 0; want-- {
		next := limit + 1 // the earliest end of a frame that begins at or after from
		for _, one := range c.open {
			if one.verdict == intact && one.at >= from {
				next = min(next, one.at+one.length)
			}
		}
		if next > limit {
			return false
		}
		from = next
	}
	return true
}

// drop drops the first candidate and counts it, but does not count again what lies within it.
func (c *candidateFramer) drop(why string) {
	first := c.open[0]
	c.open = c.open[1:]
	if first.at < c.damagedTo || first.length == 0 {
		return
	}
	c.damagedTo = first.at + first.length
	c.tap.Drop(&c.tap.Damaged, c.buf[first.at:min(c.damagedTo, c.end)], why)
	c.skipping = true
}

// skipTo drops bytes that are not part of a frame.
func (c *candidateFramer) skipTo(at int) {
	if at > c.start && !c.skipping {
		c.skipping = true
		c.tap.Drop(&c.tap.Noise, c.buf[c.start:at], "no frame begins here")
	}
	c.start = max(c.start, at)
}

// when returns the time at which the bytes before end had arrived.
func (c *candidateFramer) when(end int) time.Time {
	for _, a := range c.arrived {
		if a.to >= end {
			return a.at
		}
	}
	return time.Time{}
}

// read appends the next bytes to the buffer.
func (c *candidateFramer) read() {
	var wait time.Duration
	if len(c.open) > 0 {
		wait = stalled
	}
	got, any := c.feed(wait)
	if !any {
		c.drop(neverCame)
		return
	}
	c.compact()
	c.buf = append(c.buf[:c.end], got.bytes...)
	c.end = len(c.buf)
	c.err = got.err
	if len(got.bytes) > 0 {
		c.tap.Bytes.Add(uint64(len(got.bytes)))
		c.arrived = append(c.arrived, arrival{c.end, got.at})
	}
}

// compact moves the unread bytes to the front.
func (c *candidateFramer) compact() {
	n := c.start
	if n == 0 {
		return
	}
	c.end = copy(c.buf, c.buf[n:c.end])
	c.start, c.looked = 0, c.looked-n
	c.damagedTo = max(0, c.damagedTo-n)
	for i := range c.open {
		c.open[i].at -= n
	}
	gone := 0
	for i := range c.arrived {
		if c.arrived[i].to -= n; c.arrived[i].to <= 0 {
			gone++
		}
	}
	c.arrived = slices.Delete(c.arrived, 0, gone)
}
