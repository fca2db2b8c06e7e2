package text

import (
	"fmt"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// readings collects the readings of one frame that match allows.
type readings struct {
	codec.Readings
	match matcher
	tap   *wire.Tap
}

func newReadings(c mapping.DeviceConfig, tap *wire.Tap) readings {
	return readings{Readings: codec.NewReadings(c, tap), match: newMatcher(c), tap: tap}
}

// begin begins a frame.
func (g *readings) begin() {
	g.Begin()
	g.match.begin()
}

// end returns the readings of the frame. ok is false if the frame does not meet match. The readings are valid until the
// next begin.
func (g *readings) end() (readings []relay.Reading, ok bool) {
	if g.match.none() {
		return g.End()
	}
	if i := g.match.failed(); i >= 0 {
		if g.tap.Watched() {
			c := &g.match.conditions[i]
			g.tap.Because(fmt.Sprintf("%s is not %q", c.key, c.word.Text))
		}
		return nil, false
	}
	g.Keep(g.match.allows)
	return g.End()
}
