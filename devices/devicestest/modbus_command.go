package devicestest

import (
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// Writes makes a command that writes one.
func Writes(id string, t relay.Type, register string, change ...func(*mapping.CommandConfig)) mapping.CommandConfig {
	c := mapping.DefaultCommand()
	c.ID, c.Type, c.Register = id, t, register
	for _, f := range change {
		f(&c)
	}
	return c
}
