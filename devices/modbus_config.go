package devices

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ModbusConfig is what a Modbus unit is like.
type ModbusConfig struct {
	ModbusUnit   int           `toml:"unit" doc:"the unit's Modbus address, 1 to 247; 0 writes to all units at once, and none answers" min:"0" max:"255"`
	Turnaround   time.Duration `toml:"turnaround" doc:"silence that the device wants behind its answer, before anybody is asked; behind a write to all Modbus units 100ms at least" min:"0s" max:"5s" codecs:"at,modbus-rtu,modbus-ascii"`
	MaxGap       int           `toml:"max_gap" doc:"so many registers between two fields are read along where that saves a request" min:"0" max:"124"`
	MaxRegisters int           `toml:"max_registers" doc:"most registers in one request; 16 coils count as one" min:"1" max:"125"`
	NoBatch      bool          `toml:"no_batch" doc:"each field is read by a request of its own"`
}

// DefaultModbus has no unit. A gap of 8 registers costs less time than a request does.
func DefaultModbus() ModbusConfig {
	return ModbusConfig{ModbusUnit: -1, MaxGap: 8, MaxRegisters: maxReadRegisters}
}

// RegisterConfig is where in a Modbus unit a value is.
type RegisterConfig struct {
	Register string `toml:"register" doc:"table and address counted from 0, decimal or hexadecimal: coil:0, discrete:0, input:0, holding:0x10"`
}

// WriteConfig is how a value gets into a Modbus unit.
type WriteConfig struct {
	Function int    `toml:"function" doc:"the Modbus function to write with, where the unit does not know the usual one" oneof:"5,6,15,16,22"`
	Write    string `toml:"write" doc:"for type none: the number to write, decimal or hexadecimal"`
}

// The most that the specification allows in one request (MODBUS Application Protocol V1.1b3, section 6).
const (
	maxReadRegisters  = 125
	maxWriteRegisters = 123
	maxReadBits       = 2000
	bitsPerRegister   = 16
)

// table is one of the four tables of a unit, known by the function that reads it.
type table byte

const (
	coilTable     table = 1
	discreteTable table = 2
	holdingTable  table = 3
	inputTable    table = 4
)

// tables lists them by name.
func tables() map[string]table {
	return map[string]table{"coil": coilTable, "discrete": discreteTable, "input": inputTable, "holding": holdingTable}
}

func (t table) String() string {
	for name, other := range tables() {
		if other == t {
			return name
		}
	}
	return ""
}

// bits says whether the table holds bits and not registers of 16.
func (t table) bits() bool { return t == coilTable || t == discreteTable }

// register is a place in a unit.
type register struct {
	table table
	at    int
}

// parse reads "holding:10". Its error says what to try.
func parseRegister(c RegisterConfig) (r register, err error) {
	name, address, ok := strings.Cut(c.Register, ":")
	if !ok {
		return r, fmt.Errorf("write table and address, as in %s", likeRegister(c.Register))
	}
	if r.table, ok = tables()[strings.TrimSpace(name)]; !ok {
		return r, fmt.Errorf("there is no table %q: use coil, discrete, input or holding", name)
	}
	at, err := strconv.ParseUint(strings.TrimSpace(address), 0, 16)
	if err != nil {
		return r, fmt.Errorf("%q is no address: write a number of 0 to 65535, or 0x0 to 0xFFFF", address)
	}
	r.at = int(at)
	return r, nil
}

// likeRegister translates the numbers of many manuals: 40001 is the first holding register.
func likeRegister(number string) string {
	if n, err := strconv.Atoi(number); err == nil && n%10000 > 0 {
		for name, base := range map[string]int{"coil": 0, "discrete": 1, "input": 3, "holding": 4} {
			if n/10000 == base && n < 50000 {
				return fmt.Sprintf("%s:%d for what a manual calls %s", name, n%10000-1, number)
			}
		}
	}
	return "holding:0"
}

// wireNumber reads a number as values and write hold it: 256, 0x100, 0b1, -1.
func wireNumber(text string) (float64, error) {
	n, err := strconv.ParseInt(text, 0, 64)
	return float64(n), err
}
