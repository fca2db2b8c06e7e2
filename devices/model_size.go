package devices

import (
	"encoding/json"

	"minirelay/devices/mapping"
)

// ModelSize returns the length of the model of a device as clients get it, in bytes.
func ModelSize(c mapping.DeviceConfig) int {
	text, err := json.Marshal(modelOf(c))
	if err != nil {
		return 0 // a model always encodes
	}
	return len(text)
}
