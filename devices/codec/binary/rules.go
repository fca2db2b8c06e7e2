package binary

import (
	"bytes"
	"time"

	"minirelay/devices/checksum"
	"minirelay/devices/codec"
	"minirelay/devices/mapping"
)

// frameRules is a compiled [mapping.FrameConfig]: it judges whether bytes are a frame.
type frameRules struct {
	start, end []byte
	length     int // of every frame; 0: it varies
	lengthAt   int // -1: not announced
	announced  codec.NumberFormat
	lengthAdd  int
	stuffing   stuffing
	gap        time.Duration

	sum                   checksum.Sum
	sumLittle             bool
	sumAt, from, upTo     int
	hasSum, placed, cutTo bool // there is a checksum; sumAt is set; upTo is set
}

// newFrameRules compiles a config without problems.
func newFrameRules(c mapping.FrameConfig) *frameRules {
	start, _ := codec.ParseBytes(c.Start, false)
	end, _ := codec.ParseBytes(c.End, false)
	s := &frameRules{start: start.Bytes, end: end.Bytes, length: c.Length, lengthAt: c.LengthAt, lengthAdd: c.LengthAdd,
		stuffing: stuffingOf(c.Stuffing), gap: c.Gap, sumAt: c.ChecksumAt, from: c.ChecksumFrom, upTo: c.ChecksumTo,
		placed: c.ChecksumAt != 0, cutTo: c.ChecksumTo != 0}
	s.announced, _ = codec.NamedFormat(c.LengthFormat)
	s.sum, s.hasSum = checksum.SumOf(c.Checksum)
	s.sumLittle = s.sum.Little
	if c.ChecksumOrder != "" {
		s.sumLittle = c.ChecksumOrder == "little"
	}
	return s
}

// delimited says whether frames end only at a delimiter or at silence. Otherwise a frame can begin anywhere.
func (s *frameRules) delimited() bool {
	return s.stuffing != stuffNone || s.gap > 0 || s.length == 0 && s.lengthAt < 0 && len(s.start) == 0
}

// judgement is the state of bytes that may be the beginning of a frame.
type judgement uint8

const (
	incomplete judgement = iota // more bytes are needed
	notFrame                    // no frame begins like this
	damaged                     // a frame with a wrong checksum or end
	intact
)

// judge says whether b begins with a frame of at most limit bytes, and returns its length in bytes; 0: not yet known.
func (s *frameRules) judge(b []byte, limit int) (judgement, int) {
	common := min(len(b), len(s.start))
	switch {
	case !bytes.Equal(b[:common], s.start[:common]):
		return notFrame, 0
	case common < len(s.start):
		return incomplete, 0
	}
	n := s.length
	switch {
	case n > 0:
	case s.lengthAt >= 0:
		if len(b) < s.lengthAt+s.announced.Size {
			return incomplete, 0
		}
		n = int(s.announced.Raw(b[s.lengthAt:])) + s.lengthAdd
		if n < s.lengthAt+s.announced.Size {
			return notFrame, 0
		}
	default:
		i := bytes.Index(b[common:], s.end)
		switch {
		case i < 0 && len(b) >= limit:
			return notFrame, 0
		case i < 0:
			return incomplete, 0
		}
		n = common + i + len(s.end)
	}
	switch {
	case n > limit || n < s.least():
		return notFrame, 0
	case len(b) < n:
		return incomplete, n
	case !s.isIntact(b[:n]):
		return damaged, n
	}
	return intact, n
}

// least is the smallest length of a frame, in bytes.
func (s *frameRules) least() int {
	return max(1, len(s.start)+len(s.end)+s.sum.Size, s.lengthAt+s.announced.Size)
}

// isIntact says whether a frame has the right start, end and checksum.
func (s *frameRules) isIntact(frame []byte) bool {
	if !bytes.HasPrefix(frame, s.start) || !bytes.HasSuffix(frame, s.end) || len(frame) < s.least() {
		return false
	}
	if !s.hasSum {
		return true
	}
	at := len(frame) - len(s.end) - s.sum.Size
	if s.placed {
		at = codec.FromEnd(s.sumAt, len(frame))
	}
	from, upTo := codec.FromEnd(s.from, len(frame)), at
	if s.cutTo {
		upTo = codec.FromEnd(s.upTo, len(frame))
	}
	if at < 0 || at+s.sum.Size > len(frame) || from < 0 || from > upTo || upTo > len(frame) {
		return false
	}
	return s.sum.Matches(frame[at:], s.sum.Sum(frame[from:upTo]), s.sumLittle)
}

// whyDamaged says why a frame is damaged.
func (s *frameRules) whyDamaged() string {
	switch {
	case s.hasSum:
		return "its " + s.sum.Name + " is wrong, or it is not a whole frame"
	case len(s.end) > 0:
		return "it does not end with " + string(codec.AppendHex(nil, s.end))
	}
	return "it is not a whole frame"
}
