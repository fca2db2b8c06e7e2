package softboard

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"time"
)

// ModbusBus is an RS-485 line with units on it.
type ModbusBus struct {
	Units []*ModbusUnit
	ASCII bool // Modbus ASCII instead of RTU

	mu    sync.Mutex
	heard []ModbusRequest
}

// ModbusRequest is one request that was on the line, including those to units that do not exist.
type ModbusRequest struct {
	Unit byte
	PDU  []byte // function and its data
	At   time.Time
}

// String is the request for the messages of tests.
func (q ModbusRequest) String() string {
	return fmt.Sprintf("unit %d: function %d % x", q.Unit, q.PDU[0], q.PDU[1:])
}

// Requests lists every request so far.
func (b *ModbusBus) Requests() []ModbusRequest {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]ModbusRequest(nil), b.heard...)
}

// Serve lets the units answer the requests on wire until it breaks. The error is that of wire.
func (b *ModbusBus) Serve(wire io.ReadWriter) error {
	var got []byte
	var last time.Time
	buf := make([]byte, 512)
	for {
		n, err := wire.Read(buf)
		if err != nil {
			return err
		}
		if time.Since(last) > restartGap {
			got = got[:0]
		}
		last = time.Now()
		got = append(got, buf[:n]...)
		for {
			q, used := b.cut(got)
			got = got[used:]
			if q.PDU == nil {
				break
			}
			if err := b.serve(wire, q); err != nil {
				return err
			}
		}
	}
}

// restartGap is the silence that ends half a request. The specification requires 3.5 characters, which another program
// on a busy machine cannot guarantee.
const restartGap = 100 * time.Millisecond

func (b *ModbusBus) serve(wire io.Writer, q ModbusRequest) error {
	q.At = time.Now()
	b.mu.Lock()
	b.heard = append(b.heard, q)
	b.mu.Unlock()
	for _, u := range b.Units {
		if q.Unit != u.Address && q.Unit != 0 {
			continue
		}
		answer, after := u.serve(q.PDU)
		if answer == nil || q.Unit == 0 {
			continue // a broadcast is not answered
		}
		time.Sleep(after)
		frame := append([]byte{u.Address}, answer...)
		if b.ASCII {
			frame = appendASCII(nil, frame)
		} else {
			frame = binary.LittleEndian.AppendUint16(frame, modbusCRC(frame))
		}
		if _, err := wire.Write(frame); err != nil {
			return err
		}
	}
	return nil
}

// cut takes the first request from got: the number of bytes consumed, and the request if it is complete.
func (b *ModbusBus) cut(got []byte) (q ModbusRequest, used int) {
	if b.ASCII {
		return cutASCII(got)
	}
	for ; used < len(got); used++ {
		rest := got[used:]
		size, known := rtuLength(rest)
		switch {
		case len(rest) < 4 || known && len(rest) < size:
			return q, used // more must arrive
		case !known:
			size = goodPrefix(rest)
		case !goodRTU(rest[:size]):
			size = 0
		}
		if size > 0 {
			return ModbusRequest{Unit: rest[0], PDU: bytes.Clone(rest[1 : size-2])}, used + size
		}
	}
	return q, used
}

// rtuLength is the length of a request, as far as its function determines it.
func rtuLength(b []byte) (size int, known bool) {
	if len(b) < 2 {
		return 0, false
	}
	switch b[1] {
	case 1, 2, 3, 4, 5, 6:
		return 8, true
	case 15, 16:
		if len(b) < 7 {
			return 9, true
		}
		return 9 + int(b[6]), true
	case 22:
		return 10, true
	}
	return 0, false
}

// goodPrefix finds a request of a function that does not determine its length, by its checksum.
func goodPrefix(b []byte) int {
	for size := 4; size <= len(b); size++ {
		if goodRTU(b[:size]) {
			return size
		}
	}
	return 0
}

func goodRTU(frame []byte) bool {
	n := len(frame) - 2
	return binary.LittleEndian.Uint16(frame[n:]) == modbusCRC(frame[:n])
}

// modbusCRC is computed here instead of taken from the gateway, so that each checks the other.
func modbusCRC(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc ^= uint16(c)
		for range 8 {
			low := crc & 1
			crc = crc>>1 ^ low*0xA001
		}
	}
	return crc
}

func cutASCII(got []byte) (q ModbusRequest, used int) {
	for {
		start := bytes.IndexByte(got[used:], ':')
		if start < 0 {
			return q, len(got)
		}
		used += start
		end := bytes.IndexByte(got[used:], '\n')
		if end < 0 {
			return q, used
		}
		line := bytes.TrimRight(got[used+1:used+end], "\r\n")
		used += end + 1
		frame, err := hex.DecodeString(string(line))
		if err != nil || len(frame) < 3 || lrc(frame) != 0 {
			continue
		}
		return ModbusRequest{Unit: frame[0], PDU: frame[1 : len(frame)-1]}, used
	}
}

// lrc is the byte that makes the sum of all bytes zero.
func lrc(b []byte) (sum byte) {
	for _, c := range b {
		sum -= c
	}
	return sum
}

func appendASCII(b, frame []byte) []byte {
	return fmt.Appendf(b, ":%X%02X\r\n", frame, lrc(frame))
}
