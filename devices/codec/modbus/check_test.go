package modbus_test

import (
	"strings"
	"testing"
	"time"

	"minirelay/devices"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// Everything that is wrong with a unit is told, with what to try; and what only looks odd is let through.
func TestCheckModbus(t *testing.T) {
	f := func(kind relay.Type, register string, change ...func(*mapping.FieldConfig)) mapping.DeviceConfig {
		return Unit(1, Field("a", kind, append([]func(*mapping.FieldConfig){At(register, "")}, change...)...))
	}
	c := func(kind relay.Type, register string, change ...func(*mapping.CommandConfig)) mapping.DeviceConfig {
		d := Unit(1)
		d.Commands = []mapping.CommandConfig{Writes("a", kind, register, change...)}
		return d
	}
	format := func(change func(*mapping.FormatConfig)) func(*mapping.FieldConfig) {
		return func(f *mapping.FieldConfig) { change(&f.FormatConfig) }
	}
	with := func(d mapping.DeviceConfig, change func(*mapping.DeviceConfig)) mapping.DeviceConfig {
		change(&d)
		return d
	}
	const num, boolean, enum, text, none = relay.TypeNumber, relay.TypeBool, relay.TypeEnum, relay.TypeText, relay.TypeNone

	for name, tt := range map[string]struct {
		device mapping.DeviceConfig
		want   string
	}{
		"sound":                 {f(num, "holding:0x10"), ""},
		"hexadecimal":           {f(num, "input:0xFFFF"), ""},
		"no unit":               {with(f(num, "input:0"), func(d *mapping.DeviceConfig) { d.ModbusUnit = -1 }), "unit: it is missing; write unit = 1, or whatever address is set in the unit; minirelay scan finds it"},
		"too high a unit":       {with(f(num, "input:0"), func(d *mapping.DeviceConfig) { d.ModbusUnit = 256 }), "unit: 256 is not the address of a unit; use 1 to 247, or up to 255 for units outside the standard"},
		"all units with fields": {with(f(num, "input:0"), func(d *mapping.DeviceConfig) { d.ModbusUnit = 0 }), "unit: unit 0 addresses all units, and none answers: it cannot have fields; give it commands only, or use 1 to 247"},
		"all units confirmed": {with(f(num, "holding:0"), func(d *mapping.DeviceConfig) {
			d.ModbusUnit, d.Commands = 0, []mapping.CommandConfig{Writes("c", num, "holding:0", func(c *mapping.CommandConfig) { c.Confirm = "a" })}
		}), "unit: unit 0 addresses all units, and none answers: it cannot have fields; give it commands only, or use 1 to 247 | " +
			`command "c": confirm: no unit answers a write to all units; leave it out`},
		"long requests":        {with(f(num, "input:0"), func(d *mapping.DeviceConfig) { d.MaxRegisters = 126 }), "max_registers: a request reads 1 to 125 registers; leave it out for the maximum"},
		"a negative gap":       {with(f(num, "input:0"), func(d *mapping.DeviceConfig) { d.MaxGap = -1 }), "max_gap: it must not be negative; leave it out for 8"},
		"no register":          {f(num, ""), `field "a": register: it is missing; write table and address counted from 0, for example holding:0`},
		"a manual's number":    {f(num, "40001"), `field "a": register: "40001" is not a register; write table and address, for example holding:0 for what a manual calls 40001`},
		"another":              {f(num, "30011"), `field "a": register: "30011" is not a register; write table and address, for example input:10 for what a manual calls 30011`},
		"a word":               {f(num, "voltage"), `field "a": register: "voltage" is not a register; write table and address, for example holding:0`},
		"no such table":        {f(num, "coils:0"), `field "a": register: "coils:0" is not a register; unknown table "coils": use coil, discrete, input or holding`},
		"no address":           {f(num, "coil:x"), `field "a": register: "coil:x" is not a register; "x" is not an address: write a number of 0 to 65535, or 0x0 to 0xFFFF`},
		"too high an address":  {f(num, "input:65536"), `field "a": register: "input:65536" is not a register; "65536" is not an address: write a number of 0 to 65535, or 0x0 to 0xFFFF`},
		"beyond the end":       {f(num, "input:65535", format(func(c *mapping.FormatConfig) { c.Format = "float32" })), `field "a": register: it ends after the last address, 65535; use a lower one, or a shorter format`},
		"too long for one":     {with(f(num, "input:0", format(func(c *mapping.FormatConfig) { c.Format = "float64" })), func(d *mapping.DeviceConfig) { d.MaxRegisters = 2 }), `field "a": register: it takes 4 registers, and max_registers is 2; increase max_registers, or make it shorter`},
		"a number as string":   {f(num, "input:0", format(func(c *mapping.FormatConfig) { c.Format = "string" })), `field "a": format: a number cannot have the format "string"; use `},
		"a text as number":     {f(text, "input:0", format(func(c *mapping.FormatConfig) { c.Format, c.Length = "uint16", 1 })), `field "a": format: a text has no format uint16; leave it out, or use type = "number"`},
		"a text of no length":  {f(text, "input:0"), `field "a": length: the number of registers of the text is missing or wrong; write 1 to 123; two characters fit into one`},
		"a length of a number": {f(num, "input:0", format(func(c *mapping.FormatConfig) { c.Length = 2 })), `field "a": length: it has no effect for type number; leave it out: the format determines the length`},
		"bits without bit":     {f(num, "input:0", format(func(c *mapping.FormatConfig) { c.Bits = 2 })), `field "a": bits: bit is missing: bits counts from it; add bit = 0, or leave bits out`},
		"a bit too many":       {f(num, "input:0", format(func(c *mapping.FormatConfig) { c.Bit, c.Bits = 12, 5 })), `field "a": bit: a uint16 has the bits 0 to 15; use a lower one, or fewer bits, or a longer format`},
		"a bit of a float":     {f(boolean, "input:0", format(func(c *mapping.FormatConfig) { c.Format, c.Bit = "float32", 3 })), `field "a": bit: single bits of a float32 have no meaning; leave it out, or use format = "uint32"`},
		"an order of words":    {f(num, "input:0", format(func(c *mapping.FormatConfig) { c.WordOrder = "little" })), `field "a": word_order: a uint16 has no words of 16 bits; leave it out, or use byte_order`},
		"a coil with a format": {f(boolean, "coil:0", format(func(c *mapping.FormatConfig) { c.Format = "uint16" })), `field "a": format: a coil is one bit; leave it out; bits is the number of bits in one value`},
		"a coil with a bit":    {f(boolean, "coil:0", format(func(c *mapping.FormatConfig) { c.Bit = 1 })), `field "a": bit: a coil is one bit; leave it out; bits is the number of bits in one value`},
		"a bool of coils":      {f(boolean, "coil:0", format(func(c *mapping.FormatConfig) { c.Bits = 2 })), `field "a": bits: a bool is one bit; leave it out`},
		"a text of coils":      {f(text, "coil:0"), `field "a": register: a coil cannot hold a text; use type = "bool"`},
		"words, no numbers":    {f(enum, "input:0", Options("auto", "manual")), `field "a": values: "auto" has no number; registers hold numbers, for example { auto = "0" }`},
		"twice one number":     {f(enum, "input:0", Values("a", "1", "b", "0x01")), `field "a": values: 1 is the number of two values; give each its own number`},
		"staler than asked": {f(num, "input:0", func(f *mapping.FieldConfig) { f.Poll, f.StaleAfter = time.Minute, time.Minute }),
			`field "a": stale_after: it is polled every 1m0s: its value would be unknown before the next one arrives; write stale_after = "3m0s" or longer, or leave it out | ` +
				`offline_after: it is 30s, and the device is polled every 1m0s: it would be offline before the next answer; write offline_after = "3m0s" or longer`},
		"offline between polls": {with(f(num, "input:0"), func(d *mapping.DeviceConfig) { d.Poll = 30 * time.Second }),
			`offline_after: it is 30s, and the device is polled every 30s: it would be offline before the next answer; write offline_after = "1m30s" or longer`},

		"a sound command":        {c(num, "holding:0"), ""},
		"to be read only":        {c(num, "input:0"), `command "a": register: the table input is read-only; commands write coil: or holding:`},
		"a bit of a register":    {c(boolean, "holding:0", func(c *mapping.CommandConfig) { c.Bit = 1 }), `command "a": bit: changing some bits of a register would overwrite its other bits with old values; write function = 22 if the unit supports it (mask write), or write the whole register, or a coil if it has one`},
		"a bit by its function":  {c(boolean, "holding:0", func(c *mapping.CommandConfig) { c.Bit, c.Function = 1, 22 }), ""},
		"a bit of two registers": {c(num, "holding:0", func(c *mapping.CommandConfig) { c.Format, c.Bit, c.Function = "uint32", 1, 22 }), `command "a": format: function 22 changes bits of one register; use uint16`},
		"the wrong function":     {c(num, "holding:0", func(c *mapping.CommandConfig) { c.Function = 5 }), `command "a": function: function 5 cannot write this; leave it out, or use 16`},
		"six for a float":        {c(num, "holding:0", func(c *mapping.CommandConfig) { c.Format, c.Function = "float32", 6 }), `command "a": function: function 6 cannot write this; leave it out, or use 16`},
		"sixteen for a coil":     {c(boolean, "coil:0", func(c *mapping.CommandConfig) { c.Function = 16 }), `command "a": function: function 16 cannot write this; leave it out, or use 15`},
		"nothing to write":       {c(none, "holding:0"), `command "a": write: it is missing; a command without a value writes a number, for example write = "1"`},
		"two things to write":    {c(num, "holding:0", func(c *mapping.CommandConfig) { c.Write = "1" }), `command "a": write: the command already has a value; leave it out, or use type = "none"`},
		"no number to write":     {c(none, "holding:0", func(c *mapping.CommandConfig) { c.Write = "on" }), `command "a": write: "on" is not a number; write it decimal or hexadecimal, for example 0x5A5A`},
		"too great a number":     {c(none, "holding:0", func(c *mapping.CommandConfig) { c.Write = "65536" }), `command "a": write: the hardware cannot hold 65536: it does not fit into uint16; use a number that fits, or another format`},
		"decimals on the wire":   {c(num, "holding:0", func(c *mapping.CommandConfig) { c.Decimals = 1 }), `command "a": decimals: the format of the register determines its digits; leave it out; scale = 0.1 writes one decimal place`},
		"tries need no expect":   {c(num, "holding:0", func(c *mapping.CommandConfig) { c.Idempotent, c.Retries = true, 1 }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range devices.CheckDevice(tt.device) {
				got = append(got, p.String())
			}
			// The formats are listed behind the last one.
			if all := strings.Join(got, " | "); all != tt.want && !(strings.HasSuffix(tt.want, "use ") && strings.HasPrefix(all, tt.want)) {
				t.Errorf("got  %s\nwant %s", all, tt.want)
			}
		})
	}
}
