package devices

import (
	"errors"

	"minirelay/devices/mapping"

	"minirelay/devices/wire"
)

// Questions gives the requests of one round in which a device is asked; none if it talks by itself. They read, and
// change nothing. The error says that the mapping has a fault.
func Questions(d mapping.DeviceConfig) (requests [][]byte, err error) {
	if problems := CheckDevice(d); len(problems) > 0 {
		return nil, errors.New(problems[0].String())
	}
	m := compile(d, new(wire.Counters))
	if m.asker == nil {
		return nil, nil
	}
	for _, q := range m.asker.Queries() {
		requests = append(requests, q.Request)
	}
	return requests, nil
}
