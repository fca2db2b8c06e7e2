package binary

import "bytes"

// stuffing keeps one byte, the delimiter, out of frames, so that it can stand between them.
type stuffing uint8

const (
	stuffNone stuffing = iota
	stuffSLIP          // RFC 1055
	stuffCOBS          // Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999
)

// The special characters of RFC 1055.
const (
	slipEnd    = 0xC0
	slipEsc    = 0xDB
	slipEscEnd = 0xDC
	slipEscEsc = 0xDD
)

func stuffingOf(name string) stuffing {
	switch name {
	case "slip":
		return stuffSLIP
	case "cobs":
		return stuffCOBS
	}
	return stuffNone
}

// delimiter is what stands between frames.
func (s stuffing) delimiter() byte {
	if s == stuffSLIP {
		return slipEnd
	}
	return 0
}

// longest is how many bytes of the wire n bytes can take, without delimiters.
func (s stuffing) longest(n int) int {
	if s == stuffSLIP {
		return 2 * n
	}
	return n + n/254 + 1
}

// wrap gives the bytes of the wire for a frame, delimiters included. A SLIP frame begins with one too, which ends
// whatever noise came before it; so does ours with COBS, where an empty frame means nothing.
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
				frame = frame[1:] // the block stands for it; what follows has a block of its own, even if it is empty
			case len(frame) == 0:
				return append(out, 0)
			}
		}
	}
	return frame
}

// unwrap gives the frame that stands between two delimiters, appended to out; false if nothing can have become it.
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
