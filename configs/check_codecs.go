package configs

import (
	"fmt"
	"slices"
	"strings"

	"minirelay/devices/mapping"
)

// checkCodecKeys reports keys that have no effect for the codec of a device. The struct tags list the codecs of each
// key.
func (k *checker) checkCodecKeys(d mapping.DeviceConfig) {
	if !k.has("devices", d.ID, "codec") {
		return
	}
	device, _ := documentShape().key("devices")
	k.foreignKeys(k.root.get("devices", d.ID), device.keys, d.Codec)
	for _, f := range d.Fields {
		if n := k.root.get("devices", d.ID, "fields", f.ID); f.Expr != "" && n != nil {
			k.wireKeys(n)
		}
	}
}

// computedKeys are the keys allowed in a field that is computed rather than read from the wire.
var computedKeys = []string{"expr", "name", "type", "unit", "decimals", "min", "max", "options", "topic", "stale_after"}

// wireKeys reports keys of a computed field that describe a value on the wire.
func (k *checker) wireKeys(n *node) {
	for _, child := range n.children {
		if !slices.Contains(computedKeys, child.name) && !k.spoilt(n, child.name) {
			k.spoil(n, child.name)
			k.fault(child.key, fmt.Sprintf("%s is about data on the wire, and this field is computed", child.name),
				"leave it out, and put the calculation into expr")
		}
	}
}

// foreignKeys reports keys of a table, and of the tables inside it, that belong to other codecs.
func (k *checker) foreignKeys(n *node, keys []key, codec string) {
	s := shape{keys: keys}
	for _, child := range n.children {
		key, ok := s.key(child.name)
		switch {
		case !ok || k.spoilt(n, child.name):
		case len(key.codecs) > 0 && !slices.Contains(key.codecs, codec):
			k.spoil(n, child.name)
			k.fault(child.key, fmt.Sprintf("%s has no effect for codec %s", child.name, codec),
				fmt.Sprintf("only codec %s uses it: leave it out", strings.Join(key.codecs, ", ")))
		case key.form == formTable:
			k.foreignKeys(child, key.keys, codec)
		case key.form == formByID || key.form == formTables:
			for _, table := range child.children {
				k.foreignKeys(table, key.keys, codec)
			}
		}
	}
}
