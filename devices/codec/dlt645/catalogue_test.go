package dlt645

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ofWhich is the end of a name that says of which phase or tariff.
var ofWhich = regexp.MustCompile(`_(tariff_\d|[abc])$`)

// The names of a meter's data are those that the documentation lists, each once.
func TestMeterNames(t *testing.T) {
	ids := map[uint32]string{}
	for _, d := range catalogue() {
		if other, ok := ids[d.id]; ok {
			t.Errorf("%s and %s are both %08X", d.key, other, d.id)
		}
		ids[d.id] = d.key
	}
	if len(names()) != len(ids) {
		t.Error("two have one name")
	}
	for _, file := range []string{"../../../docs/mappings.md", "../../../docs/mappings.zh-CN.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range slices.Sorted(maps.Values(ids)) {
			base := ofWhich.ReplaceAllString(name, "")
			if !strings.Contains(string(text), "`"+base+"`") && !strings.Contains(string(text), "`"+base+"_a`") {
				t.Errorf("%s does not mention %s", file, name)
			}
		}
	}
}
