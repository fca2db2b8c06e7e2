package mapping_test

import (
	"fmt"

	"minirelay/devices/mapping"
	"minirelay/relay"
)

func ExampleChecker() {
	f := mapping.DefaultField()
	f.ID, f.Type, f.Scale = "temperature", relay.TypeNumber, 0
	k := mapping.Checker{At: mapping.Problem{Field: f.ID}}
	k.Field(f)
	for _, p := range k.Problems {
		fmt.Println(p)
	}
	// Output: field "temperature": scale: a number cannot be scaled by 0; leave it out for 1
}
