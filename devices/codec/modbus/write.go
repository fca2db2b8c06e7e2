package modbus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// commandPDU makes the PDU of a command. An error is a value that only the wire forbids, as a sentence for a person.
func commandPDU(c *mapping.CommandConfig, v relay.Value) ([]byte, error) {
	r, err := parseRegister(c.RegisterConfig)
	if err != nil {
		return nil, err
	}
	if c.Type == relay.TypeText {
		if n := len(v.Text()); n > 2*c.Length {
			return nil, fmt.Errorf("the text has %d bytes; at most %d are allowed", n, 2*c.Length)
		}
		if strings.ContainsFunc(v.Text(), mapping.IsControl) {
			return nil, errors.New("the text must not contain control characters")
		}
		return writeManyPDU(writeRegisters, r.at, c.Length, textBytes(v.Text(), c.Length, c.ByteOrder == "little")), nil
	}
	raw, err := rawValue(c, v)
	if err != nil {
		return nil, err
	}
	if r.table.bits() {
		return coilPDU(c, r, raw)
	}
	f := codec.NumberOf(c.FormatConfig, "uint16")
	data, err := f.Append(nil, raw)
	if err != nil {
		return nil, err
	}
	switch {
	case c.Bit >= 0:
		keep := ^uint16((1<<f.Width - 1) << f.Shift)
		return binary.BigEndian.AppendUint16(writePDU(maskRegister, r.at, keep), binary.BigEndian.Uint16(data)), nil
	case len(data) == 2 && c.Function != writeRegisters:
		return writePDU(writeRegister, r.at, binary.BigEndian.Uint16(data)), nil
	}
	return writeManyPDU(writeRegisters, r.at, len(data)/2, data), nil
}

// rawValue is the number to write for a value.
func rawValue(c *mapping.CommandConfig, v relay.Value) (float64, error) {
	switch c.Type {
	case relay.TypeNumber:
		return (v.Number() - c.Offset) / c.Scale, nil
	case relay.TypeNone:
		return wireNumber(c.Write)
	}
	words, _ := numberWords(c.Type, c.Values, c.Options)
	for _, w := range words {
		if w.Value == v {
			return w.Number, nil
		}
	}
	return 0, fmt.Errorf("%v is not one of its values", v)
}

func coilPDU(c *mapping.CommandConfig, r register, raw float64) ([]byte, error) {
	n := max(c.Bits, 1)
	if raw < 0 || raw >= math.Ldexp(1, n) || raw != math.Trunc(raw) {
		return nil, fmt.Errorf("the hardware cannot hold %v: it does not fit into %d coils", raw, n)
	}
	bits := uint64(raw)
	if n == 1 && c.Function != writeCoils {
		return writePDU(writeCoil, r.at, uint16(bits)*0xFF00), nil
	}
	data := binary.LittleEndian.AppendUint64(nil, bits)[:(n+7)/8]
	return writeManyPDU(writeCoils, r.at, n, data), nil
}
