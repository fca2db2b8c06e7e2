package devices

import (
	"time"

	"minirelay/devices/mapping"

	"minirelay/devices/wire"

	"minirelay/relay"
)

// taken shows a frame of a device with its readings.
func taken(t *wire.Tap, at time.Time, c *mapping.DeviceConfig, request string, data []byte, readings []relay.Reading) {
	if !t.On.Load() {
		return
	}
	f := wire.Frame{Device: c.ID, Request: request, OK: true}
	for _, r := range readings {
		f.Values = append(f.Values, wire.Value{Field: c.Fields[r.Field].ID, Value: r.Value, Decimals: c.Fields[r.Field].Decimals})
	}
	t.Frame(at, f, data, "")
}
