package devicestest

import (
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// Device is a device of codec json, named board, on port uno.
func Device(fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := mapping.DefaultDevice()
	d.ID, d.Port, d.Codec, d.Fields = "board", "uno", "json", fields
	return d
}

// CSVDevice is a device of codec csv.
func CSVDevice(fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.Codec = "csv"
	return d
}

// Headed returns d with a line of column names.
func Headed(d mapping.DeviceConfig) mapping.DeviceConfig {
	d.Header = true
	return d
}

// PairsDevice is a device of codec pairs.
func PairsDevice(fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.Codec = "pairs"
	return d
}

// RegexDevice is a device of codec regex.
func RegexDevice(patterns []string, fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.Codec, d.Patterns = "regex", patterns
	return d
}

// NMEADevice is a device of codec nmea.
func NMEADevice(fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.Codec = "nmea"
	return d
}

// ATDevice is a device of codec at.
func ATDevice(fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.Codec = "at"
	return d
}

// ByteDevice is a device of codec binary.
func ByteDevice(frame func(*mapping.FrameConfig), fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.Codec = "binary"
	frame(&d.Frame)
	return d
}

// MeterDevice is a DL/T 645 meter.
func MeterDevice(id, address string, fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.ID, d.Codec, d.Address = id, "dlt645", address
	return d
}

// Unit is a Modbus RTU unit with an address.
func Unit(address int, fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.Codec, d.ModbusUnit = "modbus-rtu", address
	return d
}

// Writes is a command that writes a register.
func Writes(id string, t relay.Type, register string, change ...func(*mapping.CommandConfig)) mapping.CommandConfig {
	c := mapping.DefaultCommand()
	c.ID, c.Type, c.Register = id, t, register
	for _, f := range change {
		f(&c)
	}
	return c
}
