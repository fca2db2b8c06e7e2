package binary

import (
	"bytes"
	"time"

	"minirelay/devices/checksum"
	"minirelay/devices/codec"
	"minirelay/devices/mapping"
)

// frameRules is a compiled FrameConfig: it says of bytes whether they are a frame.
type frameRules struct {
	start, end []byte
	length     int // of every frame; 0: it varies
	lengthAt   int // -1: it is not announced
	announced  codec.NumberFormat
	lengthAdd  int
	stuffing   stuffing
	gap        time.Duration

	sum                 checksum.Sum
	sumLittle           bool
	sumAt, from, upTo   int
	hasSum, placed, cut bool // there is a checksum; sumAt is given; upTo is given
}

// newFrameRules compiles a config without faults.
func newFrameRules(c mapping.FrameConfig) *frameRules {
	start, _ := codec.ParseBytes(c.Start, false)
	end, _ := codec.ParseBytes(c.End, false)
	s := &frameRules{start: start.Bytes, end: end.Bytes, length: c.Length, lengthAt: c.LengthAt, lengthAdd: c.LengthAdd,
		stuffing: stuffingOf(c.Stuffing), gap: c.Gap, sumAt: c.ChecksumAt, from: c.ChecksumFrom, upTo: c.ChecksumTo,
		placed: c.ChecksumAt != 0, cut: c.ChecksumTo != 0}
	s.announced, _ = codec.NamedFormat(c.LengthFormat)
	s.sum, s.hasSum = checksum.SumOf(c.Checksum)
	s.sumLittle = s.sum.Little
	if c.ChecksumOrder != "" {
		s.sumLittle = c.ChecksumOrder == "little"
	}
	return s
}

// delimited says whether only what stands, or is silent, between frames tells where one ends. Otherwise a frame can
// begin anywhere.
func (s *frameRules) delimited() bool {
	return s.stuffing != stuffNone || s.gap > 0 || s.length == 0 && s.lengthAt < 0 && len(s.start) == 0
}

// judgement is what is known of bytes that may be the beginning of a frame.
type judgement uint8

const (
	unfinished judgement = iota // more bytes are needed
	noFrame                     // they begin as no frame does
	damaged                     // they would be a frame, but their checksum or their end is wrong
	intact
)

// judge says whether b begins with a frame of at most limit bytes, and how long that is or will be; 0: not known.
func (s *frameRules) judge(b []byte, limit int) (judgement, int) {
	common := min(len(b), len(s.start))
	switch {
	case !bytes.Equal(b[:common], s.start[:common]):
		return noFrame, 0
	case common < len(s.start):
		return unfinished, 0
	}
	n := s.length
	switch {
	case n > 0:
	case s.lengthAt >= 0:
		if len(b) < s.lengthAt+s.announced.Size {
			return unfinished, 0
		}
		n = int(s.announced.Raw(b[s.lengthAt:])) + s.lengthAdd
		if n < s.lengthAt+s.announced.Size {
			return noFrame, 0
		}
	default:
		i := bytes.Index(b[common:], s.end)
		switch {
		case i < 0 && len(b) >= limit:
			return noFrame, 0
		case i < 0:
			return unfinished, 0
		}
		n = common + i + len(s.end)
	}
	switch {
	case n > limit || n < s.least():
		return noFrame, 0
	case len(b) < n:
		return unfinished, n
	case !s.isIntact(b[:n]):
		return damaged, n
	}
	return intact, n
}

// least is how many bytes every frame has.
func (s *frameRules) least() int {
	return max(1, len(s.start)+len(s.end)+s.sum.Size, s.lengthAt+s.announced.Size)
}

// intact says whether a frame begins and ends as it must, and has the right checksum.
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
	if s.cut {
		upTo = codec.FromEnd(s.upTo, len(frame))
	}
	if at < 0 || at+s.sum.Size > len(frame) || from < 0 || from > upTo || upTo > len(frame) {
		return false
	}
	return s.sum.Stands(frame[at:], s.sum.Sum(frame[from:upTo]), s.sumLittle)
}

// whyBroken says why what looks like a frame is none.
func (s *frameRules) whyDamaged() string {
	switch {
	case s.hasSum:
		return "its " + s.sum.Name + " is wrong, or it is not a whole frame"
	case len(s.end) > 0:
		return "it does not end with " + string(codec.AppendHex(nil, s.end))
	}
	return "it is not a whole frame"
}

// seal appends the checksum to what a template has written so far, b[begin:].
func (s *frameRules) seal(b []byte, begin int) []byte {
	return s.sum.Append(b, begin+max(s.from, 0), s.sumLittle)
}
