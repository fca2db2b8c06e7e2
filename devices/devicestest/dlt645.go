package devicestest

import (
	"minirelay/devices/mapping"
)

// MeterDevice is a meter with these fields.
func MeterDevice(id, address string, fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.ID, d.Codec, d.Address = id, "dlt645", address
	return d
}
