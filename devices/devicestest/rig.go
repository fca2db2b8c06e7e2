package devicestest

import (
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// PumpBoard has one pump and one fan.
func PumpBoard(change ...func(*mapping.CommandConfig)) mapping.DeviceConfig {
	d := Device(Field("pump", relay.TypeBool, Key("p")), Field("fan", relay.TypeNumber, func(f *mapping.FieldConfig) { f.Decimals = 0 }))
	pump := mapping.DefaultCommand()
	pump.ID, pump.Type = "pump", relay.TypeBool
	pump.Send, pump.Values = "PUMP {value} #{seq}\n", map[string]string{"true": "1", "false": "0"}
	pump.Expect, pump.Refuse, pump.Confirm = `^OK #{seq}$`, `^ERR #{seq} ?(?P<message>.*)`, "pump"
	fan := mapping.DefaultCommand()
	fan.ID, fan.Type, fan.Send, fan.Expect, fan.Confirm = "fan", relay.TypeNumber, "FAN {value} #{seq}\n", `^OK #{seq}$`, "fan"
	fan.Min, fan.Max = 0, 100
	for _, c := range change {
		c(&pump)
		c(&fan)
	}
	d.Commands = []mapping.CommandConfig{pump, fan}
	return d
}
