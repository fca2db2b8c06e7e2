package mapping

import (
	"slices"

	"minirelay/relay"
)

// Nameless returns c without the names and questions that people read, for comparing two mappings.
func (c DeviceConfig) Nameless() DeviceConfig {
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
