package devicestest

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"minirelay/devices/checksum"
)

// RTU is a Modbus RTU frame: unit, PDU, CRC with its low byte first.
func RTU(unit byte, pdu ...byte) []byte {
	b := append([]byte{unit}, pdu...)
	return binary.LittleEndian.AppendUint16(b, uint16(checksum.CRC16Modbus(b)))
}

// ASCII is a Modbus ASCII frame: a colon, unit, PDU and LRC in hexadecimal digits, CR LF.
func ASCII(unit byte, pdu ...byte) []byte {
	b := append([]byte{unit}, pdu...)
	var sum byte
	for _, c := range b {
		sum -= c
	}
	return fmt.Appendf(nil, ":%X%02X\r\n", b, sum)
}

// MeterFrame is a DL/T 645 frame of the meter with an address of twelve digits; data is given without the 33 that is
// added to each byte on the wire.
func MeterFrame(address string, control byte, data ...byte) []byte {
	a, err := hex.DecodeString(address)
	if err != nil || len(a) != 6 {
		panic("a meter's address has twelve digits")
	}
	b := []byte{0x68, a[5], a[4], a[3], a[2], a[1], a[0], 0x68, control, byte(len(data))}
	for _, c := range data {
		b = append(b, c+0x33)
	}
	return append(b, byte(checksum.Sum8(b)), 0x16)
}

// Sentence is an NMEA 0183 sentence with its checksum; body is what is between $ and *.
func Sentence(body string) string {
	return fmt.Sprintf("$%s*%02X", body, checksum.Xor8([]byte(body)))
}

// Summed is content with the named checksum behind it, in the order of bytes that is usual for it.
func Summed(sum string, content ...byte) []byte {
	s, ok := checksum.SumOf(sum)
	if !ok {
		panic("there is no checksum " + sum)
	}
	return s.Append(bytes.Clone(content), 0, s.Little)
}

// SLIP is content as RFC 1055 frames it.
func SLIP(content []byte) []byte {
	content = bytes.ReplaceAll(content, []byte{0xDB}, []byte{0xDB, 0xDD})
	content = bytes.ReplaceAll(content, []byte{0xC0}, []byte{0xDB, 0xDC})
	return append(append([]byte{0xC0}, content...), 0xC0)
}

// UnSLIP is the content of one SLIP frame.
func UnSLIP(frame []byte) []byte {
	content := bytes.ReplaceAll(frame, []byte{0xC0}, nil)
	content = bytes.ReplaceAll(content, []byte{0xDB, 0xDC}, []byte{0xC0})
	return bytes.ReplaceAll(content, []byte{0xDB, 0xDD}, []byte{0xDB})
}
