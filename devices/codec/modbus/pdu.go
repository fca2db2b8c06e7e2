package modbus

import (
	"encoding/binary"
	"fmt"
)

// A PDU is a Modbus request or answer without address and checksum: a function code and its data. The few that are
// needed are made here: the libraries for them come with clients that wait 30 ms for each answer, and that handle
// neither noise before an answer, nor ASCII framing, nor a batch with missing registers.

// The function codes (MODBUS Application Protocol V1.1b3, section 6). Those that read are the tables.
const (
	writeCoil      = 5
	writeRegister  = 6
	writeCoils     = 15
	writeRegisters = 16
	maskRegister   = 22 // changes some bits of a register in the unit itself
)

const exceptionBit = 0x80 // of the function code, in an answer that refuses

func readPDU(t table, at, n int) []byte {
	b := binary.BigEndian.AppendUint16([]byte{byte(t)}, uint16(at))
	return binary.BigEndian.AppendUint16(b, uint16(n))
}

func writePDU(function byte, at int, word uint16) []byte {
	b := binary.BigEndian.AppendUint16([]byte{function}, uint16(at))
	return binary.BigEndian.AppendUint16(b, word)
}

// writeManyPDU writes n coils or registers from data.
func writeManyPDU(function byte, at, n int, data []byte) []byte {
	return append(append(writePDU(function, at, uint16(n)), byte(len(data))), data...)
}

// The exception codes (section 7).
const (
	illegalFunction = 1
	illegalAddress  = 2
	illegalValue    = 3
	deviceFailure   = 4
	acknowledged    = 5
	deviceBusy      = 6
	noPath          = 10
	noTarget        = 11
)

// exception is the exception code of an answer.
type exception byte

// words explains the exception to a person.
func (e exception) words() (why, try string) {
	switch e {
	case illegalFunction:
		return "the unit does not support this function", "check the table of the register: many units have only holding registers"
	case illegalAddress:
		return "the unit has no such register", "addresses count from 0, so what a manual calls 40011 is holding:10; check table, address and format"
	case illegalValue:
		return "the unit does not accept this value or length", "check format and values; a small unit may need a lower max_registers"
	case deviceFailure:
		return "the unit failed to carry it out", "its manual may say when it answers this"
	case acknowledged:
		return "the unit needs more time", "increase timeout, or poll less often"
	case deviceBusy:
		return "the unit is busy with something else", "poll less often"
	case 7:
		return "the unit cannot do this in its present state", "its manual may say when it does"
	case 8:
		return "the unit's memory has a parity error", "check the unit"
	case noPath, noTarget:
		return "the Modbus gateway gets no answer from the unit", "check the unit's address, power and wiring"
	}
	return fmt.Sprintf("the unit refuses with exception %d", byte(e)), "its manual may say what that means"
}

func (e exception) String() string {
	why, _ := e.words()
	return fmt.Sprintf("%s (exception %d)", why, byte(e))
}

// inPart says whether a part of the request might be answered.
func (e exception) inPart() bool {
	return e == illegalAddress || e == illegalValue
}

// passing says that the same request may be answered later.
func (e exception) passing() bool { return e == acknowledged || e == deviceBusy }

// unreached says that a gateway answers, not the unit.
func (e exception) unreached() bool { return e == noPath || e == noTarget }
