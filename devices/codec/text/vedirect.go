package text

import (
	"bufio"
	"bytes"
	"io"
	"unicode/utf8"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
)

// A VE.Direct device says blocks of pairs, each on a line of its own that begins with \r\n. The last one of a block is
// Checksum, whose value is one byte, any byte, that makes the sum of all bytes of the block 0 (Victron Energy, VE.Direct
// Protocol, version 3.34). Messages of its other protocol, from a colon to a line end, may stand in between.

var veDirectEnd = []byte("\r\nChecksum\t")

// veDirectCutter cuts blocks, without their checksums.
type veDirectFramer struct {
	r     *bufio.Reader
	from  io.Reader
	count *wire.Counters
	block []byte
	sum   byte
	hex   bool // within a message of the other protocol
	whole bool // a block has ended: what begins now begins at its beginning
	long  bool // the block is too long already
}

func NewVEDirectFramer(_ mapping.DeviceConfig, r io.Reader, count *wire.Counters) codec.Framer {
	return &veDirectFramer{r: bufio.NewReaderSize(r, codec.FirstBuffer), from: r, count: count}
}

// Next gives the next block whose checksum is right. The first one may be the second half of one, for which that is
// right by chance: it is not whole.
func (v *veDirectFramer) Next(limit int) (codec.Frame, error) {
	v.begin()
	for {
		b, err := v.r.ReadByte()
		if err != nil {
			return codec.Frame{}, err
		}
		v.count.Bytes.Add(1)
		ended := bytes.HasSuffix(v.block, veDirectEnd) // the byte is the checksum, whatever it looks like
		switch {
		case v.hex:
			v.hex = b != '\n'
			continue
		case b == ':' && !ended:
			v.hex = true
			continue
		}
		v.sum += b
		if ended {
			if frame, ok := v.end(); ok {
				return frame, nil
			}
			v.begin()
			continue
		}
		if len(v.block) >= limit+len(veDirectEnd) {
			v.long = true
			v.block = append(v.block[:0], v.block[len(v.block)-len(veDirectEnd):]...) // its end must be found
		}
		v.block = append(v.block, b)
	}
}

func (v *veDirectFramer) begin() { v.block, v.sum, v.long = v.block[:0], 0, false }

// end gives the block that has just ended if it is good, and counts it if it is not.
func (v *veDirectFramer) end() (codec.Frame, bool) {
	whole := v.whole
	v.whole = true
	pairs := bytes.TrimLeft(v.block[:len(v.block)-len(veDirectEnd)], "\r\n")
	switch {
	case v.long:
		v.count.Drop(&v.count.Overlong, pairs, "it is longer than max_frame")
	case v.sum != 0 && whole:
		v.count.Drop(&v.count.Damaged, pairs, "its checksum is wrong")
	case v.sum != 0 || len(pairs) == 0: // half of one: the port has just been opened
	case !utf8.Valid(pairs):
		v.count.Drop(&v.count.Noise, pairs, "it is not UTF-8, so it is not text")
	default:
		return codec.Frame{Bytes: pairs, At: codec.ReadAt(v.from), Whole: whole}, true
	}
	return codec.Frame{}, false
}
