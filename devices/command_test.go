package devices

import (
	"testing"

	"minirelay/devices/codec"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

func TestSeqRunsFromOneToTheLast(t *testing.T) {
	l := &line{seq: codec.MaxSeq - 1}
	if a, b := l.nextSeq(), l.nextSeq(); a != codec.MaxSeq || b != 1 {
		t.Error(a, b)
	}
}

// An expression that a codec does not use, and does not check, matches nothing. It ends neither the start nor a
// command.
func TestExpressionThatNoCodecChecks(t *testing.T) {
	for _, k := range kinds() {
		d := Device()
		d.Codec = k.name
		c := mapping.DefaultCommand()
		c.ID, c.Type, c.Send, c.Expect = "pump", relay.TypeNone, "PUMP\n", "("
		d.Commands = []mapping.CommandConfig{c}
		if k.writes != nil {
			continue // its expect is bytes
		}
		m := compile(d, new(wire.Tap))
		if v, _ := codec.Matching(m.commands[0].Yes, []byte("("), 1, ""); v != codec.NoAnswer {
			t.Errorf("%s: %v", k.name, v)
		}
	}
}
