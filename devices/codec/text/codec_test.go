package text

import (
	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
)

// newCodec makes the codec that a mapping names; the mapping has no faults.
func newCodec(d mapping.DeviceConfig, count *wire.Tap) (codec.Stream, error) {
	return map[string]func(mapping.DeviceConfig, *wire.Tap) codec.Stream{
		"json": NewJSON, "csv": NewCSV, "pairs": NewPairs, "regex": NewRegex, "nmea": NewNMEA,
	}[d.Codec](d, count), nil
}
