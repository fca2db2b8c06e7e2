package checksum

import (
	"hash/crc32"
	"slices"
)

// A line with a checksum is its text, a '*' and the checksum of the bytes before the '*' in hexadecimal digits,
// as NMEA 0183 made it popular: $GPTXT,01*55.

// Line is one way to make the digits. The zero checksum adds and asks for none.
type Line struct {
	digits int
	sum    func([]byte) uint32
}

// Of gives the checksum that a config calls name.
func Of(name string) (Line, bool) {
	switch name {
	case "none", "", VEDirect: // that one is not of lines, but of blocks
		return Line{}, true
	case "xor8":
		return Line{2, Xor8}, true
	case "sum8":
		return Line{2, Sum8}, true
	case "crc16-modbus":
		return Line{4, CRC16Modbus}, true
	case "crc16-ccitt":
		return Line{4, crc16CCITT}, true
	case "crc32":
		return Line{8, crc32.ChecksumIEEE}, true
	}
	return Line{}, false
}

// None says that lines carry no checksum.
func (c Line) None() bool { return c.digits == 0 }

// Strip takes the checksum off a line and says whether it was right.
func (c Line) Strip(line []byte) ([]byte, bool) {
	if c.None() {
		return line, true
	}
	star := len(line) - c.digits - 1
	if star < 0 || line[star] != '*' {
		return nil, false
	}
	var said uint32
	for _, d := range line[star+1:] {
		switch {
		case d >= '0' && d <= '9':
			d -= '0'
		case d >= 'a' && d <= 'f':
			d -= 'a' - 10
		case d >= 'A' && d <= 'F':
			d -= 'A' - 10
		default:
			return nil, false
		}
		said = said<<4 | uint32(d)
	}
	return line[:star], said == c.sum(line[:star])
}

// AddSum puts the checksum of line[from:] in front of its line end.
func (c Line) AddSum(line []byte, from int) []byte {
	if c.None() {
		return line
	}
	end := len(line)
	for end > from && (line[end-1] == '\n' || line[end-1] == '\r') {
		end--
	}
	sum := c.sum(line[from:end])
	tail := make([]byte, 0, 1+8)
	tail = append(tail, '*')
	for i := c.digits - 1; i >= 0; i-- {
		tail = append(tail, "0123456789ABCDEF"[sum>>(4*i)&15])
	}
	return slices.Insert(line, end, tail...)
}

func Xor8(b []byte) uint32 {
	var x byte
	for _, c := range b {
		x ^= c
	}
	return uint32(x)
}

func Sum8(b []byte) uint32 {
	var s byte
	for _, c := range b {
		s += c
	}
	return uint32(s)
}

// CRC16Modbus: polynomial 0x8005 reflected, start 0xFFFF (MODBUS over Serial Line V1.02, 6.2.2).
func CRC16Modbus(b []byte) uint32 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc ^= uint16(c)
		for range 8 {
			if crc&1 != 0 {
				crc = crc>>1 ^ 0xA001
			} else {
				crc >>= 1
			}
		}
	}
	return uint32(crc)
}

// crc16CCITT is the variant called CRC-16/CCITT-FALSE or CRC-16/IBM-3740: polynomial 0x1021, start 0xFFFF.
func crc16CCITT(b []byte) uint32 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc ^= uint16(c) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return uint32(crc)
}

// VEDirect is what checksum is called then.
const VEDirect = "ve-direct"
