package devicestest

import (
	"minirelay/devices/mapping"
)

func PairsDevice(fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.Codec = "pairs"
	return d
}
