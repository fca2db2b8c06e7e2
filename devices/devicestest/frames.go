package devicestest

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"minirelay/devices/checksum"
	"minirelay/devices/codec"
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
		panic("the address of a meter has twelve digits")
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

// Summed is content followed by the named checksum, in its usual byte order.
func Summed(sum string, content ...byte) []byte {
	s, ok := checksum.SumOf(sum)
	if !ok {
		panic("unknown checksum " + sum)
	}
	return s.Append(bytes.Clone(content), 0, s.Little)
}

// SLIP is content framed by RFC 1055.
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

// HexOf returns bytes as hexadecimal digits: AA 55.
func HexOf(b []byte) string {
	var parts []string
	for i := range b {
		parts = append(parts, string(codec.AppendHex(nil, b[i:i+1])))
	}
	return strings.Join(parts, " ")
}

// Unhex returns the bytes of a text such as AA 55.
func Unhex(t *testing.T, s string) []byte {
	t.Helper()
	m, err := codec.ParseBytes(s, false)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return m.Bytes
}

// Endless is a reader that repeats the same bytes without end.
type Endless struct {
	Line []byte
	at   int
}

func (e *Endless) Read(b []byte) (int, error) {
	n := copy(b, e.Line[e.at:])
	e.at = (e.at + n) % len(e.Line)
	return n, nil
}
