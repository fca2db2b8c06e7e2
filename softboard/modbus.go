package softboard

import (
	"encoding/binary"
	"sync"
	"time"
)

// ModbusTable is one of the four tables of a Modbus unit.
type ModbusTable int

// The tables, each with the function that reads it.
const (
	Coils            ModbusTable = 1
	DiscreteInputs   ModbusTable = 2
	HoldingRegisters ModbusTable = 3
	InputRegisters   ModbusTable = 4
)

// The exceptions that a unit gives by itself (MODBUS Application Protocol V1.1b3, section 7).
const (
	IllegalFunction = 1
	IllegalAddress  = 2
	IllegalValue    = 3
)

// ModbusUnit is one Modbus server with the registers that were Set: all other addresses are illegal. Its methods may be
// called from any goroutine, even while it is served.
type ModbusUnit struct {
	Address byte

	mu        sync.Mutex
	tables    map[ModbusTable]map[uint16]uint16
	deaf      bool
	slow      time.Duration
	exception byte
	longest   int // registers in one request; 0: as the specification allows
}

// NewModbusUnit makes a unit without registers at an address of 1 to 247.
func NewModbusUnit(address byte) *ModbusUnit {
	return &ModbusUnit{Address: address, tables: map[ModbusTable]map[uint16]uint16{
		Coils: {}, DiscreteInputs: {}, HoldingRegisters: {}, InputRegisters: {}}}
}

// Set writes registers, or coils as 0 and 1, from an address on. They exist from now on.
func (u *ModbusUnit) Set(t ModbusTable, from uint16, words ...uint16) *ModbusUnit {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, w := range words {
		u.tables[t][from+uint16(i)] = w
	}
	return u
}

// Get reads one register, or coil as 0 or 1.
func (u *ModbusUnit) Get(t ModbusTable, at uint16) (word uint16, exists bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	word, exists = u.tables[t][at]
	return word, exists
}

// Deafen makes the unit ignore every request, as without power, or answer again.
func (u *ModbusUnit) Deafen(deaf bool) {
	u.mu.Lock()
	u.deaf = deaf
	u.mu.Unlock()
}

// Slow makes the unit wait before each answer.
func (u *ModbusUnit) Slow(d time.Duration) {
	u.mu.Lock()
	u.slow = d
	u.mu.Unlock()
}

// Refuse makes the unit answer every request with an exception and do nothing; 0 ends that.
func (u *ModbusUnit) Refuse(exception byte) {
	u.mu.Lock()
	u.exception = exception
	u.mu.Unlock()
}

// Limit makes the unit refuse to read or write more registers in one request, as small units do.
func (u *ModbusUnit) Limit(registers int) {
	u.mu.Lock()
	u.longest = registers
	u.mu.Unlock()
}

// serve executes a request and returns the answer; nil for none.
func (u *ModbusUnit) serve(pdu []byte) (answer []byte, after time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.deaf {
		return nil, 0
	}
	answer, exception := []byte(nil), u.exception
	if exception == 0 {
		answer, exception = u.do(pdu)
	}
	if exception != 0 {
		answer = []byte{pdu[0] | 0x80, exception}
	}
	return answer, u.slow
}

// do executes one request and returns its answer, or an exception.
func (u *ModbusUnit) do(pdu []byte) (answer []byte, exception byte) {
	if len(pdu) < 5 {
		return nil, IllegalFunction
	}
	at, n := binary.BigEndian.Uint16(pdu[1:]), binary.BigEndian.Uint16(pdu[3:])
	switch f := pdu[0]; f {
	case 1, 2, 3, 4:
		return u.read(ModbusTable(f), at, int(n))
	case 5:
		if n != 0 && n != 0xFF00 {
			return nil, IllegalValue
		}
		return pdu[:5], u.write(Coils, at, n>>15)
	case 6:
		return pdu[:5], u.write(HoldingRegisters, at, n)
	case 15:
		bits := make([]uint16, n)
		if len(pdu) != 6+(len(bits)+7)/8 || n == 0 || n > 1968 {
			return nil, IllegalValue
		}
		for i := range bits {
			bits[i] = uint16(pdu[6+i/8]>>(i%8)) & 1
		}
		return pdu[:5], u.write(Coils, at, bits...)
	case 16:
		if len(pdu) != 6+2*int(n) || n == 0 || n > 123 || u.tooMany(int(n)) {
			return nil, IllegalValue
		}
		words := make([]uint16, n)
		for i := range words {
			words[i] = binary.BigEndian.Uint16(pdu[6+2*i:])
		}
		return pdu[:5], u.write(HoldingRegisters, at, words...)
	case 22:
		old, ok := u.tables[HoldingRegisters][at]
		if !ok || len(pdu) != 7 {
			return nil, IllegalAddress
		}
		return pdu, u.write(HoldingRegisters, at, old&n|binary.BigEndian.Uint16(pdu[5:])&^n)
	}
	return nil, IllegalFunction
}

func (u *ModbusUnit) tooMany(registers int) bool { return u.longest > 0 && registers > u.longest }

func (u *ModbusUnit) read(t ModbusTable, at uint16, n int) (answer []byte, exception byte) {
	bits := t == Coils || t == DiscreteInputs
	if n == 0 || bits && n > 2000 || !bits && (n > 125 || u.tooMany(n)) {
		return nil, IllegalValue
	}
	size := 2 * n
	if bits {
		size = (n + 7) / 8
	}
	answer = append(make([]byte, 0, 2+size), byte(t), byte(size))
	data := answer[2 : 2+size]
	for i := range n {
		w, ok := u.tables[t][at+uint16(i)]
		switch {
		case !ok || int(at)+i > 0xFFFF:
			return nil, IllegalAddress
		case bits:
			data[i/8] |= byte(w&1) << (i % 8)
		default:
			binary.BigEndian.PutUint16(data[2*i:], w)
		}
	}
	return answer[:2+size], 0
}

// write changes registers, all of them or none.
func (u *ModbusUnit) write(t ModbusTable, at uint16, words ...uint16) (exception byte) {
	for i := range words {
		if _, ok := u.tables[t][at+uint16(i)]; !ok {
			return IllegalAddress
		}
	}
	for i, w := range words {
		u.tables[t][at+uint16(i)] = w
	}
	return 0
}
