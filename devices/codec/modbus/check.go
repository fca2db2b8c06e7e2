package modbus

import (
	"fmt"
	"slices"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
)

// Check reports everything in the mapping of a Modbus unit that cannot work.
func Check(k *mapping.Checker) {
	c := k.Device
	k.At = mapping.Problem{}
	switch {
	case c.ModbusUnit < 0:
		k.Add("unit", "it is missing", "write unit = 1, or whatever address is set in the unit; minirelay scan finds it")
	case c.ModbusUnit > 255:
		k.Add("unit", fmt.Sprintf("%d is not the address of a unit", c.ModbusUnit), "use 1 to 247, or up to 255 for units outside the standard")
	case c.ModbusUnit == 0 && len(c.Fields) > 0:
		k.Add("unit", "unit 0 addresses all units, and none answers: it cannot have fields", "give it commands only, or use 1 to 247")
	}
	if c.MaxRegisters < 1 || c.MaxRegisters > mapping.MaxReadRegisters {
		k.Add("max_registers", fmt.Sprintf("a request reads 1 to %d registers", mapping.MaxReadRegisters), "leave it out for the maximum")
	}
	if c.MaxGap < 0 {
		k.Add("max_gap", "it must not be negative", "leave it out for 8")
	}
	k.Polls()
	for _, f := range c.Fields {
		k.At = mapping.Problem{Field: f.ID}
		r, ok := checkRegister(k, f.RegisterConfig)
		checkRegisterFormat(k, r, ok, f.Type, f.FormatConfig)
		checkRegisterWords(k, f.Type, f.Values, f.Options)
		if n := registersOf(r.table, f.Type, f.FormatConfig); ok && !r.table.bits() && n > c.MaxRegisters {
			k.Add("register", fmt.Sprintf("it takes %d registers, and max_registers is %d", n, c.MaxRegisters), "increase max_registers, or make it shorter")
		}
	}
	for _, cmd := range c.Commands {
		k.At = mapping.Problem{Command: cmd.ID}
		checkCommand(k, cmd)
	}
}

// Advise returns registers that are probably counted as manuals count them: 40001 for the first holding register.
func Advise(_ serial.Config, c mapping.DeviceConfig) []mapping.Problem {
	var all []mapping.Problem
	advise := func(p mapping.Problem, c mapping.RegisterConfig) {
		r, err := parseRegister(c)
		first := map[table]int{holdingTable: 40001, inputTable: 30001, discreteTable: 10001}[r.table]
		if err == nil && first > 0 && r.at >= first && r.at < first+9999 {
			p.Key = "register"
			p.What = fmt.Sprintf("manuals mean %v:%d by %d: they count from %d, and Modbus from 0", r.table, r.at-first, r.at, first)
			p.Try = fmt.Sprintf("write %v:%d, unless the unit really has register %d", r.table, r.at-first, r.at)
			all = append(all, p)
		}
	}
	for _, f := range c.Fields {
		advise(mapping.Problem{Field: f.ID}, f.RegisterConfig)
	}
	for _, cmd := range c.Commands {
		advise(mapping.Problem{Command: cmd.ID}, cmd.RegisterConfig)
	}
	return all
}

// checkRegister checks the register of a value.
func checkRegister(k *mapping.Checker, c mapping.RegisterConfig) (register, bool) {
	if c.Register == "" {
		k.Add("register", "it is missing", "write table and address counted from 0, for example holding:0")
		return register{}, false
	}
	r, err := parseRegister(c)
	if err != nil {
		k.Add("register", fmt.Sprintf("%q is not a register", c.Register), err.Error())
		return register{}, false
	}
	return r, true
}

// checkRegisterFormat checks the format of a value in registers.
func checkRegisterFormat(k *mapping.Checker, r register, known bool, t relay.Type, c mapping.FormatConfig) {
	switch {
	case known && r.table.bits():
		checkBitFormat(k, r, t, c)
		return
	case t == relay.TypeText:
		if c.Format != "" && c.Format != "string" {
			k.Add("format", "a text has no format "+c.Format, `leave it out, or use type = "number"`)
		}
		if c.Length < 1 || c.Length > mapping.MaxWriteRegisters {
			k.Add("length", "the number of registers of the text is missing or wrong", fmt.Sprintf("write 1 to %d; two characters fit into one", mapping.MaxWriteRegisters))
		}
		if c.Bit >= 0 {
			k.Add("bit", "it has no effect for type text", "leave it out")
		}
	default:
		codec.CheckFormat(k, c, "uint16")
		if c.Length != 0 {
			k.Add("length", "it has no effect for type "+string(t), "leave it out: the format determines the length")
		}
	}
	if known && r.at+registersOf(r.table, t, c) > 1<<16 {
		k.Add("register", "it ends after the last address, 65535", "use a lower one, or a shorter format")
	}
}

// checkBitFormat checks a value in the tables of bits.
func checkBitFormat(k *mapping.Checker, r register, t relay.Type, c mapping.FormatConfig) {
	usual := mapping.DefaultFormat()
	usual.Bits = c.Bits
	if c != usual {
		key := "format"
		switch {
		case c.Bit >= 0:
			key = "bit"
		case c.Length != 0:
			key = "length"
		case c.ByteOrder != usual.ByteOrder:
			key = "byte_order"
		case c.WordOrder != "":
			key = "word_order"
		}
		k.Add(key, fmt.Sprintf("a %v is one bit", r.table), "leave it out; bits is the number of bits in one value")
	}
	switch {
	case t == relay.TypeText:
		k.Add("register", fmt.Sprintf("a %v cannot hold a text", r.table), `use type = "bool"`)
	case t == relay.TypeBool && c.Bits > 1:
		k.Add("bits", "a bool is one bit", "leave it out")
	case c.Bits > 32:
		k.Add("bits", "a value has at most 32 bits", "use fewer")
	case r.at+max(c.Bits, 1) > 1<<16:
		k.Add("register", "it ends after the last address, 65535", "use a lower one")
	}
}

// checkRegisterWords checks that each value of a bool or an enum has its own number.
func checkRegisterWords(k *mapping.Checker, t relay.Type, values map[string]string, options []mapping.OptionConfig) {
	words, wrong := numberWords(t, values, options)
	if wrong != "" {
		k.Add("values", fmt.Sprintf("%q has no number", wrong), fmt.Sprintf("registers hold numbers, for example { %s = \"0\" }", wrong))
		return
	}
	for i, w := range words {
		if slices.ContainsFunc(words[:i], func(o codec.WireWord) bool { return o.Number == w.Number }) {
			k.Add("values", fmt.Sprintf("%v is the number of two values", w.Number), "give each its own number")
			return
		}
	}
}

func checkCommand(k *mapping.Checker, c mapping.CommandConfig) {
	r, ok := checkRegister(k, c.RegisterConfig)
	if ok && r.table != coilTable && r.table != holdingTable {
		k.Add("register", fmt.Sprintf("the table %v is read-only", r.table), "commands write coil: or holding:")
		return
	}
	checkRegisterFormat(k, r, ok, c.Type, c.FormatConfig)
	checkRegisterWords(k, c.Type, c.Values, c.Options)
	if c.Decimals >= 0 && c.Type == relay.TypeNumber {
		k.Add("decimals", "the format of the register determines its digits", "leave it out; scale = 0.1 writes one decimal place")
	}
	checkConstant(k, c)
	if ok {
		checkFunction(k, c, r)
	}
	if c.Confirm != "" && k.Device.ModbusUnit == 0 {
		k.Add("confirm", "no unit answers a write to all units", "leave it out")
	}
}

// checkConstant checks the number that a command without a value writes.
func checkConstant(k *mapping.Checker, c mapping.CommandConfig) {
	switch {
	case c.Type != relay.TypeNone && c.Write != "":
		k.Add("write", "the command already has a value", `leave it out, or use type = "none"`)
	case c.Type == relay.TypeNone && c.Write == "":
		k.Add("write", "it is missing", `a command without a value writes a number, for example write = "1"`)
	case c.Type == relay.TypeNone:
		if _, err := wireNumber(c.Write); err != nil {
			k.Add("write", fmt.Sprintf("%q is not a number", c.Write), "write it decimal or hexadecimal, for example 0x5A5A")
		} else if _, err := commandPDU(&c, relay.Value{}); err != nil {
			k.Add("write", err.Error(), "use a number that fits, or another format")
		}
	}
}

// checkFunction checks that the function can write the value.
func checkFunction(k *mapping.Checker, c mapping.CommandConfig, r register) {
	n := registersOf(r.table, c.Type, c.FormatConfig)
	allowed := []int{writeCoil, writeCoils}
	switch {
	case r.table == coilTable && n > 1:
		allowed = []int{writeCoils}
	case r.table == coilTable:
	case c.Bit >= 0:
		// To read the register and write it back with other bits would undo what the unit itself, or another master,
		// changed between the two.
		if c.Function != maskRegister {
			k.Add("bit", "changing some bits of a register would overwrite its other bits with old values",
				"write function = 22 if the unit supports it (mask write), or write the whole register, or a coil if it has one")
		} else if n != 1 || c.Format == "float32" {
			k.Add("format", "function 22 changes bits of one register", "use uint16")
		}
		return
	case n > 1 || c.Type == relay.TypeText:
		allowed = []int{writeRegisters}
	default:
		allowed = []int{writeRegister, writeRegisters}
	}
	if c.Function != 0 && !slices.Contains(allowed, c.Function) {
		k.Add("function", fmt.Sprintf("function %d cannot write this", c.Function), "leave it out, or use "+fmt.Sprint(allowed[len(allowed)-1]))
	}
	if limit := k.Device.MaxRegisters; r.table == holdingTable && n > min(limit, mapping.MaxWriteRegisters) && limit > 0 {
		k.Add("register", fmt.Sprintf("it takes %d registers; %d can be written at once", n, min(limit, mapping.MaxWriteRegisters)), "make it shorter, or raise max_registers")
	}
}
