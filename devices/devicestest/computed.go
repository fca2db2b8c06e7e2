package devicestest

import (
	"minirelay/devices/mapping"
)

func Computes(expression string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Expr = expression }
}
