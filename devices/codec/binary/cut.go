package binary

import (
	"bytes"
	"io"
	"slices"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/wire"
)

// byteCutter cuts frames that can begin anywhere: after start bytes, or wherever length and checksum agree.
//
// Every position at which a frame may begin is a candidate of its own until the bytes have decided. The first
// candidate that proves intact is a frame; one that does not gives up its first byte only, so that noise, a cut or a
// wrong length in front of a good frame cannot take it along. A candidate that waits for more bytes than are there
// makes those behind it wait too; but not for long if its length is wrong: when whole frames have gone by within it
// (see rivals), it is none. All of this depends on the bytes alone and not on how they arrive, but for one thing: no frame
// rests in its middle for as long as stalled.
type candidateFramer struct {
	rules *frameRules
	count *wire.Counters
	feed  func(wait time.Duration) (chunk, bool)
	err   error // of the last read, told when the buffer is used up

	// The unread bytes are buf[start:end]. Candidates were looked for in buf[start:looked].
	buf                []byte
	start, looked, end int
	open               []candidate // in the order of their positions
	arrived            []arrival
	skipping           bool // bytes have been dropped since the last frame
	damagedTo          int  // what is before it belongs to a damaged frame that has been counted
}

// neverCame is why a candidate is dropped whose bytes do not come.
const neverCame = "the rest of it has not arrived"

// candidate is a position at which a frame may begin.
type candidate struct {
	at      int
	length  int // 0: not known yet
	verdict judgement
}

// arrival is when the bytes before to had come.
type arrival struct {
	to int
	at time.Time
}

// stalled is how long the rest of a frame may take to come. A wrong length in front of a good frame would hold it back
// until the next ones come, and some devices say one an hour.
const stalled = time.Second

func newCandidateFramer(r io.Reader, spec *frameRules, count *wire.Counters) *candidateFramer {
	c := &candidateFramer{rules: spec, count: count, feed: readChunk(r)}
	if spec.length == 0 { // else the good frame itself shows at once that what is before it is none
		c.feed = feedOf(r)
	}
	return c
}

// Next gives the next intact frame of at most limit bytes. It gives the error of the reader once every frame before
// it has been given.
func (c *candidateFramer) Next(limit int) (codec.Frame, error) {
	for {
		c.look(limit)
		if frame, ok := c.take(); ok {
			return frame, nil
		}
		switch {
		case c.err == nil:
			c.more()
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
		if one.verdict == unfinished && (one.length == 0 || one.at+one.length <= c.end) {
			if one.verdict, one.length = c.rules.judge(c.buf[one.at:c.end], limit); one.verdict == noFrame {
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
		if verdict, n := c.rules.judge(c.buf[c.looked:c.end], limit); verdict != noFrame {
			c.open = append(c.open, candidate{c.looked, n, verdict})
		}
	}
}

// take gives the first candidate that is a frame, if none before it waits for more.
func (c *candidateFramer) take() (codec.Frame, bool) {
	for len(c.open) > 0 {
		first := c.open[0]
		c.skipTo(first.at)
		switch {
		case first.verdict == damaged:
			c.drop(c.rules.whyDamaged())
		case c.rivals(first):
			c.drop("whole frames have arrived within its length")
		case first.verdict == unfinished:
			return codec.Frame{}, false
		default:
			return c.cut(first), true
		}
	}
	c.skipTo(c.looked)
	return codec.Frame{}, false
}

// cut gives the first candidate, which is a frame.
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

// rivals says whether so many intact frames follow one another within a candidate that it can be none. A frame that
// carries the like by chance must not be taken apart: the less there is to know a frame by, the more it takes.
func (c *candidateFramer) rivals(first candidate) bool {
	if c.rules.length > 0 || first.length == 0 {
		return false // none fits into another
	}
	want := 2
	if len(c.rules.start)+len(c.rules.end)+c.rules.sum.Size < 3 {
		want = 3
	}
	from, limit := first.at+1, first.at+first.length
	for ; want > 0; want-- {
		next := limit + 1 // the end of the frame from from on that ends first
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

// drop drops the first candidate, which is none, and counts it, but not again what lies within it.
func (c *candidateFramer) drop(why string) {
	first := c.open[0]
	c.open = c.open[1:]
	if first.at < c.damagedTo || first.length == 0 {
		return
	}
	c.damagedTo = first.at + first.length
	c.count.Drop(&c.count.Damaged, c.buf[first.at:min(c.damagedTo, c.end)], why)
	c.skipping = true
}

// skipTo drops what is no part of a frame.
func (c *candidateFramer) skipTo(at int) {
	if at > c.start && !c.skipping {
		c.skipping = true
		c.count.Drop(&c.count.Noise, c.buf[c.start:at], "no frame begins here")
	}
	c.start = max(c.start, at)
}

// when gives the time at which the bytes before end had come.
func (c *candidateFramer) when(end int) time.Time {
	for _, a := range c.arrived {
		if a.to >= end {
			return a.at
		}
	}
	return time.Time{}
}

// more reads behind what is there.
func (c *candidateFramer) more() {
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
		c.count.Bytes.Add(uint64(len(got.bytes)))
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
