package checksum

import "slices"

// Sum is the checksum in a frame of bytes. The zero Sum is none.
type Sum struct {
	Name   string
	Size   int                 // bytes
	Little bool                // its usual byte order is low byte first
	Sum    func([]byte) uint32 // the checksum of all bytes
}

// crcKind is a cyclic redundancy check in the terms of Ross Williams' "A Painless Guide to CRC Error Detection
// Algorithms"; the names and the check values of the test are those of Greg Cook's catalogue of CRC algorithms.
type crcKind struct {
	name         string
	width        int // bits
	poly         uint32
	init, xorOut uint32
	reflected    bool // of input and output
	little       bool // its usual byte order is low byte first
}

// crcKinds lists them in the order of the documentation.
func crcKinds() []crcKind {
	return []crcKind{
		{"crc8-smbus", 8, 0x07, 0, 0, false, false},
		{"crc8-maxim", 8, 0x31, 0, 0, true, false},
		{"crc8-nrsc5", 8, 0x31, 0xFF, 0, false, false},
		{"crc16-modbus", 16, 0x8005, 0xFFFF, 0, true, true},
		{"crc16-arc", 16, 0x8005, 0, 0, true, true},
		{"crc16-usb", 16, 0x8005, 0xFFFF, 0xFFFF, true, true},
		{"crc16-maxim", 16, 0x8005, 0, 0xFFFF, true, true},
		{"crc16-ccitt", 16, 0x1021, 0xFFFF, 0, false, false},
		{"crc16-ccitt-false", 16, 0x1021, 0xFFFF, 0, false, false},
		{"crc16-xmodem", 16, 0x1021, 0, 0, false, false},
		{"crc16-kermit", 16, 0x1021, 0, 0, true, true},
		{"crc16-x25", 16, 0x1021, 0xFFFF, 0xFFFF, true, true},
		{"crc16-dnp", 16, 0x3D65, 0, 0xFFFF, true, true},
		{"crc32", 32, 0x04C11DB7, 0xFFFFFFFF, 0xFFFFFFFF, true, true},
		{"crc32-mpeg2", 32, 0x04C11DB7, 0xFFFFFFFF, 0, false, false},
	}
}

// plainSums lists the checksums other than CRCs.
func plainSums() []Sum {
	return []Sum{
		{Name: "sum8", Size: 1, Sum: Sum8},
		{Name: "sum8-inverted", Size: 1, Sum: func(b []byte) uint32 { return Sum8(b) ^ 0xFF }},
		{Name: "lrc", Size: 1, Sum: func(b []byte) uint32 { return -Sum8(b) & 0xFF }},
		{Name: "xor8", Size: 1, Sum: Xor8},
		{Name: "sum16", Size: 2, Sum: func(b []byte) uint32 { return sum32(b) & 0xFFFF }},
		{Name: "sum16-negated", Size: 2, Sum: func(b []byte) uint32 { return -sum32(b) & 0xFFFF }},
		{Name: "sum32", Size: 4, Sum: sum32},
		{Name: "crc16-axpert", Size: 2, Sum: axpert},
	}
}

// SumNames lists the names that [SumOf] knows, in the order of the documentation.
func SumNames() []string {
	var names []string
	for _, s := range plainSums() {
		names = append(names, s.Name)
	}
	for _, k := range crcKinds() {
		names = append(names, k.name)
	}
	return names
}

// SumOf returns the checksum of frames that a config calls name. ok is false if the name is unknown.
func SumOf(name string) (s Sum, ok bool) {
	plain := plainSums()
	if i := slices.IndexFunc(plain, func(s Sum) bool { return s.Name == name }); i >= 0 {
		return plain[i], true
	}
	all := crcKinds()
	if i := slices.IndexFunc(all, func(k crcKind) bool { return k.name == name }); i >= 0 {
		k := all[i]
		return Sum{Name: name, Size: k.width / 8, Little: k.little, Sum: k.compile()}, true
	}
	return Sum{}, false
}

// axpert is the CRC of Voltronic's inverters (Axpert protocol): crc16-xmodem, of which each byte that has a meaning of its
// own on the line, '(' CR and LF, is one greater.
func axpert(b []byte) uint32 {
	var crc uint32
	for _, c := range b {
		crc ^= uint32(c) << 8
		for range 8 {
			if crc <<= 1; crc&0x10000 != 0 {
				crc ^= 0x11021
			}
		}
	}
	evade := func(c uint32) uint32 {
		switch c {
		case '(', '\r', '\n':
			c++
		}
		return c
	}
	return evade(crc>>8)<<8 | evade(crc&0xFF)
}

// sum32 returns the sum of all bytes, 32 bits.
func sum32(b []byte) uint32 {
	var s uint32
	for _, c := range b {
		s += uint32(c)
	}
	return s
}

// compile returns the function, with its own table.
func (k crcKind) compile() func([]byte) uint32 {
	table := k.table()
	if k.reflected {
		first, mask := reflect32(k.init)>>(32-k.width), uint32(1<<k.width-1)
		return func(b []byte) uint32 {
			crc := first
			for _, c := range b {
				crc = crc>>8 ^ table[byte(crc)^c]
			}
			return (crc ^ k.xorOut) & mask
		}
	}
	// The register is at the upper end of the 32 bits, whatever its width.
	up := 32 - k.width
	return func(b []byte) uint32 {
		crc := k.init << up
		for _, c := range b {
			crc = crc<<8 ^ table[byte(crc>>24)^c]
		}
		return crc>>up ^ k.xorOut
	}
}

func (k crcKind) table() *[256]uint32 {
	var table [256]uint32
	poly := k.poly << (32 - k.width)
	if k.reflected {
		poly = reflect32(poly)
	}
	for i := range table {
		crc := uint32(i)
		if !k.reflected {
			crc <<= 24
		}
		for range 8 {
			switch {
			case k.reflected && crc&1 != 0:
				crc = crc>>1 ^ poly
			case k.reflected:
				crc >>= 1
			case crc&(1<<31) != 0:
				crc = crc<<1 ^ poly
			default:
				crc <<= 1
			}
		}
		table[i] = crc
	}
	return &table
}

// reflect32 reverses the order of the bits.
func reflect32(v uint32) uint32 {
	var r uint32
	for range 32 {
		r = r<<1 | v&1
		v >>= 1
	}
	return r
}

// Append appends the checksum of b[from:]; little puts the low byte first.
func (s Sum) Append(b []byte, from int, little bool) []byte {
	sum := s.Sum(b[min(from, len(b)):])
	for i := range s.Size {
		shift := 8 * (s.Size - 1 - i)
		if little {
			shift = 8 * i
		}
		b = append(b, byte(sum>>shift))
	}
	return b
}

// Matches says whether b, of at least Size bytes, begins with the checksum sum; little means the low byte first.
func (s Sum) Matches(b []byte, sum uint32, little bool) bool {
	for i := range s.Size {
		shift := 8 * (s.Size - 1 - i)
		if little {
			shift = 8 * i
		}
		if b[i] != byte(sum>>shift) {
			return false
		}
	}
	return true
}
