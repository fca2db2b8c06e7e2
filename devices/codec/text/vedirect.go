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

// A VE.Direct device sends blocks of pairs, each on a line that begins with \r\n. The last pair of a block is Checksum,
// whose value is the one byte that makes the sum of all bytes of the block 0 (Victron Energy, VE.Direct Protocol,
// version 3.34). Messages of the HEX protocol, from a colon to a line end, may come in between.

var veDirectEnd = []byte("\r\nChecksum\t")

// veDirectFramer cuts blocks, without their checksums. It serves one goroutine.
type veDirectFramer struct {
	r     *bufio.Reader
	from  io.Reader
	tap   *wire.Tap
	block []byte
	sum   byte
	hex   bool // within a message of the HEX protocol
	whole bool // a block has ended, so the next one is complete
	long  bool // the block is already too long
}

// NewVEDirectFramer returns a framer of the blocks of VE.Direct. tap receives the bytes and what it drops.
func NewVEDirectFramer(_ mapping.DeviceConfig, r io.Reader, tap *wire.Tap) codec.Framer {
	return &veDirectFramer{r: bufio.NewReaderSize(r, codec.FirstBuffer), from: r, tap: tap}
}

// Next returns the next block with a valid checksum. The first one may be half a block whose checksum is valid by chance:
// it is not whole.
func (v *veDirectFramer) Next(limit int) (codec.Frame, error) {
	v.begin()
	for {
		b, err := v.r.ReadByte()
		if err != nil {
			return codec.Frame{}, err
		}
		v.tap.Bytes.Add(1)
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

// end returns the block that has just ended if it is valid, and counts it if it is not.
func (v *veDirectFramer) end() (codec.Frame, bool) {
	whole := v.whole
	v.whole = true
	pairs := bytes.TrimLeft(v.block[:len(v.block)-len(veDirectEnd)], "\r\n")
	switch {
	case v.long:
		v.tap.Drop(&v.tap.Overlong, pairs, "it is longer than max_frame")
	case v.sum != 0 && whole:
		v.tap.Drop(&v.tap.Damaged, pairs, "its checksum is wrong")
	case v.sum != 0 || len(pairs) == 0: // half a block: the port has just been opened
	case !utf8.Valid(pairs):
		v.tap.Drop(&v.tap.Noise, pairs, "it is not UTF-8, so it is not text")
	default:
		return codec.Frame{Bytes: pairs, At: codec.ReadAt(v.from), Whole: whole}, true
	}
	return codec.Frame{}, false
}
