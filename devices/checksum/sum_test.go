package checksum

import "testing"

// The check values of "123456789" stand in Greg Cook's catalogue of CRC algorithms; those of the plain sums are
// worked out by hand: the digits add up to 0x1DD, and their exclusive or is 0x31.
func TestByteSums(t *testing.T) {
	want := map[string]uint32{
		"sum8": 0xDD, "sum8-inverted": 0x22, "lrc": 0x23, "xor8": 0x31, "sum16": 0x1DD, "sum16-negated": 0xFE23, "crc16-axpert": 0x31C3, "sum32": 0x1DD,
		"crc8-smbus": 0xF4, "crc8-maxim": 0xA1, "crc8-nrsc5": 0xF7,
		"crc16-modbus": 0x4B37, "crc16-arc": 0xBB3D, "crc16-usb": 0xB4C8, "crc16-maxim": 0x44C2,
		"crc16-ccitt": 0x29B1, "crc16-ccitt-false": 0x29B1, "crc16-xmodem": 0x31C3, "crc16-kermit": 0x2189,
		"crc16-x25": 0x906E, "crc16-dnp": 0xEA82, "crc32": 0xCBF43926, "crc32-mpeg2": 0x0376E6E7,
	}
	names := SumNames()
	if len(names) != len(want) {
		t.Errorf("%d checksums, %d check values", len(names), len(want))
	}
	for _, name := range names {
		s, ok := SumOf(name)
		if !ok {
			t.Fatalf("no %s", name)
		}
		if got := s.Sum([]byte("123456789")); got != want[name] {
			t.Errorf("%s: %#x, want %#x", name, got, want[name])
		}
		for _, little := range []bool{false, true} {
			b := s.Append([]byte("ab"), 1, little)
			if !s.Matches(b[2:], s.Sum([]byte("b")), little) || len(b) != 2+s.Size {
				t.Errorf("%s: what is appended does not stand there: %x", name, b)
			}
		}
	}
	if _, ok := SumOf("crc17"); ok {
		t.Error("there is a crc17")
	}
}
