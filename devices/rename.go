package devices

import (
	"reflect"
	"slices"

	"minirelay/relay"
)

// renamed gives the mapping among before from which c differs in nothing but what people read; nil if there is none.
func renamed(before []*mapping, c DeviceConfig) *mapping {
	i := slices.IndexFunc(before, func(m *mapping) bool { return m.config.ID == c.ID })
	if i < 0 || !reflect.DeepEqual(before[i].config.nameless(), c.nameless()) {
		return nil
	}
	return before[i]
}

// nameless is c without what people read.
func (c DeviceConfig) nameless() DeviceConfig {
	c.Name = relay.Name{}
	c.Fields, c.Commands = slices.Clone(c.Fields), slices.Clone(c.Commands)
	for i := range c.Fields {
		f := &c.Fields[i]
		f.Name, f.Options = relay.Name{}, namelessOptions(f.Options)
	}
	for i := range c.Commands {
		cmd := &c.Commands[i]
		cmd.Name, cmd.Ask, cmd.Options = relay.Name{}, relay.Name{}, namelessOptions(cmd.Options)
	}
	return c
}

func namelessOptions(options []OptionConfig) []OptionConfig {
	options = slices.Clone(options)
	for i := range options {
		options[i].Name = relay.Name{}
	}
	return options
}
