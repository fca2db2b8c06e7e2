package modbus

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"

	"minirelay/devices/checksum"
	"minirelay/devices/mapping"
)

// A line has one master. Where there is another one, nothing shows which of two requests an answer belongs to: it names
// unit, function and length, and never the registers.

// rtuRequests is [rtuFraming.requests]: as a variable it is made once.
var rtuRequests = rtuFraming{}.requests

const rtuRequest = 8 // bytes of a request that reads

func (rtuFraming) requests(got, own []byte) (n int, pending bool) {
	for i := 0; i+rtuRequest <= len(got); i++ {
		f := got[i : i+rtuRequest]
		if !readsRegisters(f[1:6]) || binary.LittleEndian.Uint16(f[6:]) != uint16(checksum.CRC16Modbus(f[:6])) || bytes.Equal(f, own) {
			continue
		}
		n++
		i += rtuRequest - 1
		pending = len(got)-i-1 < rtuShortest
	}
	return n, pending
}

const rtuShortest = 5 // bytes of the shortest answer, an exception

// readsRegisters reports whether a PDU is a request to read. Three bytes of coils are as long, from a register 0x03….
func readsRegisters(pdu []byte) bool {
	n := int(binary.BigEndian.Uint16(pdu[3:]))
	switch table(pdu[0]) {
	case coilTable, discreteTable:
		return n > 0 && n <= mapping.MaxReadBits && pdu[1] != 3
	case holdingTable, inputTable:
		return n > 0 && n <= mapping.MaxReadRegisters
	}
	return false
}

// asciiRequests is [asciiFraming.requests].
var asciiRequests = asciiFraming{}.requests

func (asciiFraming) requests(got, own []byte) (n int, pending bool) {
	for line := range bytes.Lines(got) {
		if len(own) > 0 && bytes.HasSuffix(line, own) || !bytes.HasSuffix(line, []byte("\n")) {
			continue
		}
		b, err := hex.AppendDecode(nil, bytes.TrimSpace(line[bytes.LastIndexByte(line, ':')+1:]))
		if err != nil || len(b) < 4 || lrc(b) != 0 {
			continue
		}
		if pending = len(b) == 7 && readsRegisters(b[1:6]); pending {
			n++
		}
	}
	return n, pending
}
