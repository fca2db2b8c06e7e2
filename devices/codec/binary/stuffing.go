package binary

import "bytes"

// stuffing keeps one byte, the delimiter, out of frames, so that it can separate them.
type stuffing uint8

const (
	stuffNone stuffing = iota
	stuffSLIP          // RFC 1055
	stuffCOBS          // Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999
	stuffHDLC          // ISO/IEC 13239, 4.5.2: octet transparency, as in PPP (RFC 1662)
)

// The special characters of RFC 1055, in bytes.
const (
	slipEnd    = 0xC0
	slipEsc    = 0xDB
	slipEscEnd = 0xDC
	slipEscEsc = 0xDD
)

// Those of HDLC: the byte after the escape has one bit changed. Some devices escape further bytes, such as XON and XOFF.
const (
	hdlcFlag = 0x7E
	hdlcEsc  = 0x7D
	hdlcBit  = 0x20
)

func stuffingOf(name string) stuffing {
	switch name {
	case "slip":
		return stuffSLIP
	case "cobs":
		return stuffCOBS
	case "hdlc":
		return stuffHDLC
	}
	return stuffNone
}

// delimiter is the byte between frames.
func (s stuffing) delimiter() byte {
	switch s {
	case stuffSLIP:
		return slipEnd
	case stuffHDLC:
		return hdlcFlag
	}
	return 0
}

// longest is the largest number of bytes on the wire for n bytes, without delimiters.
func (s stuffing) longest(n int) int {
	if s == stuffSLIP || s == stuffHDLC {
		return 2 * n
	}
	return n + n/254 + 1
}

// wrap returns the bytes on the wire for a frame, delimiters included. A SLIP frame also begins with one, which ends any
// noise before it; here a COBS frame does too, since receivers ignore an empty frame.
func (s stuffing) wrap(frame []byte) []byte {
	switch s {
	case stuffSLIP:
		out := []byte{slipEnd}
		for _, c := range frame {
			switch c {
			case slipEnd:
				out = append(out, slipEsc, slipEscEnd)
			case slipEsc:
				out = append(out, slipEsc, slipEscEsc)
			default:
				out = append(out, c)
			}
		}
		return append(out, slipEnd)
	case stuffHDLC:
		out := []byte{hdlcFlag}
		for _, c := range frame {
			if c == hdlcFlag || c == hdlcEsc || c == 0x11 || c == 0x13 {
				out, c = append(out, hdlcEsc), c^hdlcBit
			}
			out = append(out, c)
		}
		return append(out, hdlcFlag)
	case stuffCOBS:
		out := []byte{0}
		for {
			run := frame
			if len(run) > 254 {
				run = run[:254]
			}
			zero := bytes.IndexByte(run, 0)
			if zero >= 0 {
				run = run[:zero]
			}
			out = append(append(out, byte(len(run)+1)), run...)
			frame = frame[len(run):]
			switch {
			case zero >= 0:
				frame = frame[1:] // the block represents the zero; what follows has a block of its own, even if it is empty
			case len(frame) == 0:
				return append(out, 0)
			}
		}
	}
	return frame
}

// unwrap appends to out the frame between two delimiters; false if the bytes are not a valid stuffing.
func (s stuffing) unwrap(out, wire []byte) ([]byte, bool) {
	switch s {
	case stuffSLIP:
		for i := 0; i < len(wire); i++ {
			c := wire[i]
			if c == slipEsc {
				i++
				switch {
				case i < len(wire) && wire[i] == slipEscEnd:
					c = slipEnd
				case i < len(wire) && wire[i] == slipEscEsc:
					c = slipEsc
				default:
					return out, false
				}
			}
			out = append(out, c)
		}
		return out, true
	case stuffHDLC:
		for i := 0; i < len(wire); i++ {
			c := wire[i]
			if c == hdlcEsc {
				if i++; i == len(wire) {
					return out, false // the escape before a flag aborts the frame
				}
				c = wire[i] ^ hdlcBit
			}
			out = append(out, c)
		}
		return out, true
	case stuffCOBS:
		for len(wire) > 0 {
			n := int(wire[0])
			if n == 0 || n > len(wire) {
				return out, false
			}
			out = append(out, wire[1:n]...)
			if wire = wire[n:]; len(wire) > 0 && n < 0xFF {
				out = append(out, 0)
			}
		}
		return out, true
	}
	return append(out, wire...), true
}
