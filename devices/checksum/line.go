package checksum

import (
	"hash/crc32"
	"slices"
)

// Line is the checksum at the end of a line of text: a '*' and the checksum of the bytes before it in hexadecimal digits,
// as NMEA 0183 made it popular: $GPTXT,01*55. The zero Line adds no checksum and requires none.
type Line struct {
	digits int // hexadecimal; 0: none
	sum    func([]byte) uint32
}

// Of returns the checksum of lines that a config calls name: none, xor8, sum8, crc16-modbus, crc16-ccitt or crc32. ok is
// false if the name is unknown.
func Of(name string) (c Line, ok bool) {
	switch name {
	case "none", "", VEDirect: // VE.Direct has a checksum of blocks, not of lines
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

// None says that lines have no checksum.
func (c Line) None() bool { return c.digits == 0 }

// Strip removes the checksum from a line. ok is false if it is missing or wrong.
func (c Line) Strip(line []byte) (text []byte, ok bool) {
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

// AddSum inserts the checksum of line[from:] before the line end. It may change line and returns the whole line.
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

// Xor8 returns the exclusive or of all bytes, 8 bits.
func Xor8(b []byte) uint32 {
	var x byte
	for _, c := range b {
		x ^= c
	}
	return uint32(x)
}

// Sum8 returns the sum of all bytes, 8 bits.
func Sum8(b []byte) uint32 {
	var s byte
	for _, c := range b {
		s += c
	}
	return uint32(s)
}

// CRC16Modbus returns the CRC with polynomial 0x8005 reflected and initial value 0xFFFF, 16 bits (MODBUS over Serial Line
// V1.02, 6.2.2).
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

// crc16CCITT is CRC-16/IBM-3740, also called CRC-16/CCITT-FALSE: polynomial 0x1021, initial value 0xFFFF.
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

// VEDirect is the name of the checksum of a VE.Direct block, which package text verifies: for lines it is none.
const VEDirect = "ve-direct"
