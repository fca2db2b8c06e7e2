package mapping

import "slices"

// ComputedConfig describes a field that is computed from other fields instead of read from the wire.
type ComputedConfig struct {
	Expr string `toml:"expr" doc:"the expression that computes the value from other fields of the device, for example voltage * current / 1000"`
}

// Computed says whether the field is computed from others.
func (f FieldConfig) Computed() bool { return f.Expr != "" }

// OnTheWire returns the device without its computed fields, as its codec needs it, and the index in c of each remaining
// field; nil if no field is computed.
func (c DeviceConfig) OnTheWire() (wire DeviceConfig, places []int) {
	if !slices.ContainsFunc(c.Fields, FieldConfig.Computed) {
		return c, nil
	}
	fields := c.Fields
	c.Fields, places = nil, []int{}
	for i, f := range fields {
		if !f.Computed() {
			c.Fields = append(c.Fields, f)
			places = append(places, i)
		}
	}
	return c, places
}
