package modbus

import (
	"fmt"
	"strconv"
	"strings"

	"minirelay/devices/mapping"
)

// table is one of the four tables of a unit; its value is the function code that reads it.
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

// bits says whether the table contains bits and not registers of 16 bits.
func (t table) bits() bool { return t == coilTable || t == discreteTable }

// register is an address in a table, counted from 0.
type register struct {
	table table
	at    int
}

// parseRegister reads "holding:10". Its error says what to try.
func parseRegister(c mapping.RegisterConfig) (r register, err error) {
	name, address, ok := strings.Cut(c.Register, ":")
	if !ok {
		return r, fmt.Errorf("write table and address, for example %s", likeRegister(c.Register))
	}
	if r.table, ok = tables()[strings.TrimSpace(name)]; !ok {
		return r, fmt.Errorf("unknown table %q: use coil, discrete, input or holding", name)
	}
	at, err := strconv.ParseUint(strings.TrimSpace(address), 0, 16)
	if err != nil {
		return r, fmt.Errorf("%q is not an address: write a number of 0 to 65535, or 0x0 to 0xFFFF", address)
	}
	r.at = int(at)
	return r, nil
}

// likeRegister translates the numbers in many manuals: 40001 is the first holding register.
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

// wireNumber reads a number of values or write: 256, 0x100, 0b1, -1.
func wireNumber(text string) (float64, error) {
	n, err := strconv.ParseInt(text, 0, 64)
	return float64(n), err
}
