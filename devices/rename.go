package devices

import (
	"reflect"
	"slices"

	"minirelay/devices/mapping"
)

// renamed gives the mapping among before from which c differs in nothing but what people read; nil if there is none.
func renamed(before []*attached, c mapping.DeviceConfig) *attached {
	i := slices.IndexFunc(before, func(m *attached) bool { return m.config.ID == c.ID })
	if i < 0 || !reflect.DeepEqual(before[i].config.Nameless(), c.Nameless()) {
		return nil
	}
	return before[i]
}
