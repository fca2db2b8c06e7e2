package devicestest

import (
	"minirelay/devices/mapping"
)

func CsvDevice(fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.Codec = "csv"
	return d
}

func Column(n int) func(*mapping.FieldConfig) { return func(f *mapping.FieldConfig) { f.Column = n } }

func Headed(d mapping.DeviceConfig) mapping.DeviceConfig {
	d.Header = true
	return d
}
