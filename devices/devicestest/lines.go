package devicestest

import (
	"minirelay/devices/mapping"
)

func Match(pairs ...string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) {
		f.Match = map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			f.Match[pairs[i]] = pairs[i+1]
		}
	}
}
