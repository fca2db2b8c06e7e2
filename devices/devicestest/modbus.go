package devicestest

import (
	"minirelay/devices/mapping"
)

// At puts a field at a register, in a format.
func At(register, format string, change ...func(*mapping.FormatConfig)) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) {
		f.Register, f.Format = register, format
		for _, c := range change {
			c(&f.FormatConfig)
		}
	}
}

// Unit is a Modbus device at an address.
func Unit(address int, fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.Codec, d.ModbusUnit = "modbus-rtu", address
	return d
}
