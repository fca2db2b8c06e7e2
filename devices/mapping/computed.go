package mapping

import "slices"

// ComputedConfig makes a field of other fields instead of what is on the wire.
type ComputedConfig struct {
	Expr string `toml:"expr" doc:"the expression that computes the value from other fields of the device, as in voltage * current / 1000"`
}

// Computed says whether the field is worked out.
func (f FieldConfig) Computed() bool { return f.Expr != "" }

// OnTheWire is the device without its computed fields, as its codec sees it, and the place of each field that is left;
// nil if all are.
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
