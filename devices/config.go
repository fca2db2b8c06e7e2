package devices

import (
	"minirelay/devices/mapping"

	"minirelay/devices/serial"
)

// The tags beside each key are read by package configs: `doc` explains it in the JSON Schema, `oneof`, `min`
// and `max` bound it, `required` marks it. Defaults are what the Default functions set before decoding.

// Config is everything package devices needs. Ports and Devices are in the order of the files.
type Config struct {
	Ports   []serial.Config
	Devices []mapping.DeviceConfig
}
