package mapping

import "time"

// ModbusConfig is the keys of a Modbus unit.
type ModbusConfig struct {
	ModbusUnit   int           `toml:"unit" doc:"the unit's Modbus address, 1 to 247, or up to 255 for units outside the standard; 0 writes to all units at once, and none answers" min:"0" max:"255"`
	Turnaround   time.Duration `toml:"turnaround" doc:"silence that the device needs after its answer, before the next request; at least 100ms after a write to all Modbus units" min:"0s" max:"5s" codecs:"at,modbus-rtu,modbus-ascii"`
	MaxGap       int           `toml:"max_gap" doc:"up to this many registers between two fields are read along if that saves a request" min:"0" max:"124"`
	MaxRegisters int           `toml:"max_registers" doc:"maximum number of registers in one request; 16 coils count as one" min:"1" max:"125"`
	NoBatch      bool          `toml:"no_batch" doc:"each field is read with a request of its own"`
}

// DefaultModbus is what the keys of [ModbusConfig] start from: no unit, and a gap of 8 registers, which takes less time
// than a request.
func DefaultModbus() ModbusConfig {
	return ModbusConfig{ModbusUnit: -1, MaxGap: 8, MaxRegisters: MaxReadRegisters}
}

// RegisterConfig describes where a value is in a Modbus unit.
type RegisterConfig struct {
	Register string `toml:"register" doc:"table and address counted from 0, decimal or hexadecimal: coil:0, discrete:0, input:0, holding:0x10"`
}

// WriteConfig describes how a value is written to a Modbus unit.
type WriteConfig struct {
	Function int    `toml:"function" doc:"the Modbus function to write with, if the unit does not support the usual one" oneof:"5,6,15,16,22"`
	Write    string `toml:"write" doc:"for type none: the number to write, decimal or hexadecimal"`
}

// The limits of one request, in registers and bits (MODBUS Application Protocol V1.1b3, section 6).
const (
	MaxReadRegisters  = 125
	MaxWriteRegisters = 123
	MaxReadBits       = 2000
	BitsPerRegister   = 16
)
