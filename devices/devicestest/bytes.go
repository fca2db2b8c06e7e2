package devicestest

import (
	"strings"

	"minirelay/devices/mapping"
)

// ByteDevice is a device of frames of bytes.
func ByteDevice(frame func(*mapping.FrameConfig), fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.Codec = "binary"
	frame(&d.Frame)
	return d
}

// Lies says where in a frame a field lies, and how.
func Lies(at int, format string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) {
		f.At = at
		if base, little := strings.CutSuffix(format, "le"); little {
			format, f.ByteOrder = base, "little"
		}
		f.Format = format
	}
}

func Long(length int) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Length = length }
}

func Bit(bit, bits int) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Bit, f.Bits = bit, bits }
}

func OfRequest(id string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Request = id }
}
