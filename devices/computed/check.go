package computed

import (
	"fmt"
	"strings"

	"minirelay/devices/mapping"
)

// Check reports every computed field that cannot work.
func Check(k *mapping.Checker) {
	sound := true
	for _, f := range k.Device.Fields {
		if !f.Computed() {
			continue
		}
		k.At = mapping.Problem{Field: f.ID}
		if _, _, what, try := compileExpression(k.Device, f); what != "" {
			k.Add("expr", what, try)
			sound = false
		}
		for key, set := range map[string]bool{"scale": f.Scale != 1, "offset": f.Offset != 0, "key": f.Key != "", "values": f.Values != nil} {
			if set {
				k.Add(key, "it applies to a value on the wire, and this field is computed", "leave it out, and do the same in expr")
			}
		}
		if f.StaleAfter != 0 {
			k.Add("stale_after", "a computed value is as old as the fields it is computed from", "leave it out")
		}
	}
	if _, ring := dependencyOrder(k.Device); sound && ring != nil {
		k.At = mapping.Problem{Field: ring[0]}
		k.Add("expr", "it depends on itself: "+strings.Join(ring, " → "), "compute one of them without the others")
	}
	for _, c := range k.Device.Commands {
		if f := k.FieldNamed(c.Confirm); f != nil && f.Computed() {
			k.At = mapping.Problem{Command: c.ID}
			k.Add("confirm", fmt.Sprintf("the field %q is computed, not read from the device", f.ID), "use a field that the device itself reports")
		}
	}
}
