package modbus

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"minirelay/devices/checksum"
	"minirelay/devices/codec"
	"minirelay/devices/serial"
)

// framing puts PDUs on a wire: RTU or ASCII.
type framing interface {
	// wrap makes the frame of a request.
	wrap(unit byte, pdu []byte) []byte
	// find looks for an intact answer of unit to function, of size bytes or an exception, and returns its PDU. It may
	// follow noise and answers of other units. from is the position at which to continue if it is the wrong one.
	find(got []byte, unit, function byte, size int) (pdu []byte, from int, ok bool)
	// requests finds the requests of a master in got that read registers, but not own. pending says that no answer has come
	// behind the last one.
	requests(got, own []byte) (n int, pending bool)
	// length is the length of the frame of a PDU, in bytes.
	length(pdu int) int
	timing(serial.Config) codec.Timing
}

// rtuFraming is binary, with silence between frames and a CRC (MODBUS over Serial Line V1.02, 2.5.1).
type rtuFraming struct{}

func (rtuFraming) wrap(unit byte, pdu []byte) []byte {
	b := append(append(make([]byte, 0, len(pdu)+3), unit), pdu...)
	return binary.LittleEndian.AppendUint16(b, uint16(checksum.CRC16Modbus(b)))
}

func (rtuFraming) length(pdu int) int { return 1 + pdu + 2 }

// find recognises a frame by its unit, function, length and CRC, not by the silence around it: USB adapters and serial
// servers deliver bytes in pieces of their own.
func (rtuFraming) find(got []byte, unit, function byte, size int) (pdu []byte, from int, ok bool) {
	for i := 0; i+4 < len(got); i++ {
		if got[i] != unit || got[i+1]&^exceptionBit != function {
			continue
		}
		n := size
		if got[i+1]&exceptionBit != 0 {
			n = 2
		}
		end := i + 1 + n
		if end+2 <= len(got) && binary.LittleEndian.Uint16(got[end:]) == uint16(checksum.CRC16Modbus(got[i:end])) {
			return got[i+1 : end], end + 2, true
		}
	}
	return nil, 0, false
}

// timing is 3.5 characters of 11 bits, and 1.75 ms above 19200 bit/s (2.5.1.1). A serial server makes its own gaps.
func (rtuFraming) timing(c serial.Config) codec.Timing {
	switch {
	case c.ServerAddress() != "":
		return codec.Timing{Requests: rtuRequests}
	case c.Baud > 19200:
		return codec.Timing{Before: 1750 * time.Microsecond, Requests: rtuRequests}
	}
	return codec.Timing{Before: time.Duration(3.5 * 11 / float64(max(c.Baud, 1)) * float64(time.Second)), Requests: rtuRequests}
}

// asciiFraming is hexadecimal digits from ':' to the line end, with an LRC (2.5.2).
type asciiFraming struct{}

func (asciiFraming) wrap(unit byte, pdu []byte) []byte {
	b := append([]byte{unit}, pdu...)
	return fmt.Appendf(nil, ":%X%02X\r\n", b, lrc(b))
}

func (asciiFraming) length(pdu int) int { return 1 + 2*(1+pdu+1) + 2 }

func (asciiFraming) find(got []byte, unit, function byte, size int) (pdu []byte, from int, ok bool) {
	for from < len(got) {
		end := bytes.IndexByte(got[from:], '\n')
		if end < 0 {
			break
		}
		line := bytes.TrimRight(got[from:from+end], "\r")
		from += end + 1
		// A ':' in the middle begins a new frame: the one before it was half a frame, or noise.
		b, err := hex.AppendDecode(nil, line[bytes.LastIndexByte(line, ':')+1:])
		if err != nil || len(b) < 4 || lrc(b) != 0 || b[0] != unit || b[1]&^exceptionBit != function {
			continue
		}
		pdu = b[1 : len(b)-1]
		if pdu[0] == function && len(pdu) == size || pdu[0] != function && len(pdu) == 2 {
			return pdu, from, true
		}
	}
	return nil, 0, false
}

// timing: a silence of one second within a frame ends it (2.5.2.1).
func (asciiFraming) timing(serial.Config) codec.Timing {
	return codec.Timing{Ends: time.Second, Requests: asciiRequests}
}

// lrc returns the LRC (6.2.1), which makes the sum of all bytes 0: the lrc of a frame with its LRC is 0.
func lrc(b []byte) byte { return byte(-checksum.Sum8(b)) }
