package binary

import (
	"bytes"
	"io"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/wire"
)

// blockFramer cuts frames that are separated: by the delimiter of a byte stuffing, by end bytes, or by silence.
type blockFramer struct {
	rules *frameRules
	tap   *wire.Tap
	feed  func(wait time.Duration) (chunk, bool) // false: nothing has come within wait
	wait  time.Duration                          // 0: without limit

	buf     []byte // the bytes received
	used    int    // bytes of buf that have been processed
	seen    int    // no end of a block begins before it
	at      time.Time
	frame   []byte // unwrapped
	whole   bool   // the beginning of the block has been seen
	tooLong bool
	err     error
}

func newBlockFramer(r io.Reader, spec *frameRules, tap *wire.Tap) *blockFramer {
	c := &blockFramer{rules: spec, tap: tap, wait: spec.gap}
	c.feed = readChunk(r)
	if spec.gap > 0 {
		c.feed = feedOf(r)
	}
	return c
}

// Next returns the next intact frame of at most limit bytes. Bytes after the last delimiter before an error are dropped.
func (c *blockFramer) Next(limit int) (codec.Frame, error) {
	longest := c.rules.stuffing.longest(limit)
	for {
		if frame, ok := c.next(limit, longest); ok {
			return frame, nil
		}
		if c.err != nil {
			return codec.Frame{}, c.err
		}
		wait := c.wait
		if len(c.buf) == c.used && !c.tooLong && c.whole {
			wait = 0 // no block has begun that silence could end
		}
		got, any := c.feed(wait)
		if !any {
			frame, ok := c.block(c.buf[c.used:], limit, longest)
			c.used, c.seen = len(c.buf), len(c.buf)
			if ok {
				return frame, nil
			}
			continue
		}
		c.buf = append(c.buf[:copy(c.buf, c.buf[c.used:])], got.bytes...)
		c.seen, c.used = c.seen-c.used, 0
		c.tap.Bytes.Add(uint64(len(got.bytes)))
		if len(got.bytes) > 0 {
			c.at = got.at
		}
		c.err = got.err
	}
}

// next looks for the end of a block in the bytes received, and returns the first frame.
func (c *blockFramer) next(limit, longest int) (codec.Frame, bool) {
	end := c.rules.end
	if c.rules.stuffing != stuffNone {
		end = []byte{c.rules.stuffing.delimiter()}
	}
	for c.wait == 0 {
		i := bytes.Index(c.buf[c.seen:], end)
		if i < 0 {
			c.seen = max(c.used, len(c.buf)-len(end)+1)
			break
		}
		block := c.buf[c.used : c.seen+i]
		if c.rules.stuffing == stuffNone {
			block = c.buf[c.used : c.seen+i+len(end)] // the end bytes are part of the frame
		}
		c.used = c.seen + i + len(end)
		c.seen = c.used
		if frame, ok := c.block(block, limit, longest); ok {
			return frame, true
		}
	}
	if n := len(c.buf) - c.used; n > longest {
		if !c.tooLong {
			c.tooLong = true
			c.tap.Drop(&c.tap.Overlong, c.buf[c.used:], "no end has arrived, and it is longer than max_frame")
		}
		c.used, c.seen = len(c.buf), len(c.buf)
	}
	return codec.Frame{}, false
}

// block makes a frame of the bytes between two ends.
func (c *blockFramer) block(block []byte, limit, longest int) (codec.Frame, bool) {
	whole, tooLong := c.whole, c.tooLong
	c.whole, c.tooLong = true, false
	switch {
	case len(block) == 0 || tooLong || c.wait == 0 && len(block) == len(c.rules.end) && len(c.rules.start) == 0:
		return codec.Frame{}, false
	case len(block) > longest:
		c.tap.Drop(&c.tap.Overlong, block, "it is longer than max_frame")
		return codec.Frame{}, false
	}
	frame, ok := c.rules.unblock(&c.frame, block, limit)
	if !ok {
		c.tap.Drop(&c.tap.Damaged, block, c.rules.whyDamaged())
		return codec.Frame{}, false
	}
	return codec.Frame{Bytes: frame, At: c.at, Whole: whole || c.rules.hasSum || len(c.rules.start) > 0}, true
}

// unblock returns the frame in a block. Where frames have start bytes, noise before them is skipped. The frame is stored
// in *scratch.
func (s *frameRules) unblock(scratch *[]byte, block []byte, limit int) ([]byte, bool) {
	for from := range block {
		if from > 0 && !s.mayStart(block[from:]) {
			continue
		}
		frame, ok := s.stuffing.unwrap((*scratch)[:0], block[from:])
		*scratch = frame
		if ok && len(frame) <= limit && s.isFrame(frame) {
			return frame, true
		}
		if len(s.start) == 0 {
			break
		}
	}
	return nil, false
}

// mayStart says whether a frame may begin with these bytes, stuffing included.
func (s *frameRules) mayStart(wire []byte) bool {
	switch s.stuffing {
	case stuffCOBS:
		return len(wire) > 1 && (wire[1] == s.start[0] || s.start[0] == 0 && wire[0] == 1)
	case stuffSLIP:
		return wire[0] == s.start[0] || wire[0] == slipEsc
	}
	return wire[0] == s.start[0]
}

// isFrame says whether the bytes are a frame and nothing else.
func (s *frameRules) isFrame(frame []byte) bool {
	switch {
	case s.length > 0 && len(frame) != s.length:
		return false
	case s.lengthAt >= 0 && (len(frame) < s.lengthAt+s.announced.Size ||
		int(s.announced.Raw(frame[s.lengthAt:]))+s.lengthAdd != len(frame)):
		return false
	}
	return s.isIntact(frame)
}
