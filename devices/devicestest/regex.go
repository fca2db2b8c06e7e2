package devicestest

import (
	"minirelay/devices/mapping"
	"minirelay/relay"
)

func RegexDevice(patterns []string, fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.Codec, d.Patterns = "regex", patterns
	return d
}

// Balance is an A&D balance in its standard format.
func Balance() mapping.DeviceConfig {
	return RegexDevice([]string{`^(?P<stable>ST|US),(?P<weight>[-+][0-9.]+) +g$`, `^(?P<overload>OL),`},
		Field("weight", relay.TypeNumber), Field("stable", relay.TypeBool, Values("true", "ST", "false", "US")),
		Field("overload", relay.TypeBool, Values("true", "OL", "false", "")))
}
