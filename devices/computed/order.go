package computed

import (
	"slices"

	"minirelay/devices/mapping"
)

// dependencyOrder returns the indexes of the computed fields, each after those it uses. ring is the IDs of fields that
// depend on themselves, in order; nil if there are none.
func dependencyOrder(c mapping.DeviceConfig) (order []int, ring []string) {
	const visiting, done = 1, 2
	state := make([]int, len(c.Fields))
	var path []string
	var visit func(i int)
	visit = func(i int) {
		f := c.Fields[i]
		switch {
		case !f.Computed() || state[i] == done || ring != nil:
			return
		case state[i] == visiting:
			ring = append(slices.Clone(path[slices.Index(path, f.ID):]), f.ID)
			return
		}
		state[i] = visiting
		path = append(path, f.ID)
		if _, inputs, what, _ := compileExpression(c, f); what == "" {
			for _, id := range inputs {
				visit(c.FieldIndex(id))
			}
		}
		path = path[:len(path)-1]
		state[i] = done
		order = append(order, i)
	}
	for i := range c.Fields {
		visit(i)
	}
	return order, ring
}
