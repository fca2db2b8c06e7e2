package devices

import (
	"slices"
	"testing"

	. "minirelay/devices/devicestest"
	"minirelay/relay"
)

// A board that is reset by the opening of its port sends the names first, in the line that may be half of one. The
// names outlive a change of the description, and of the port.
func TestHeaderIsLearntOnce(t *testing.T) {
	d := Headed(CSVDevice(Field("t", relay.TypeNumber), Field("h", relay.TypeNumber)))
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		r.board().say("ms,h,t", "1,40,21.5")
		if got, h := r.field("t"), r.field("h"); got != 21.5 || h != 40.0 {
			t.Errorf("%v, %v", got, h)
		}
		d.Fields = slices.Clone(d.Fields)
		d.Fields[0].Unit = "°C"
		d.Fields[1].Key = "ms"
		r.apply(d)
		r.board().say("2,41,22")
		if got, h := r.field("t"), r.field("h"); got != 22.0 || h != 2.0 {
			t.Errorf("%v, %v after a change of the description", got, h)
		}
		r.board().say("t,h,ms", "23,42,7")
		if got, h := r.field("t"), r.field("h"); got != 23.0 || h != 7.0 {
			t.Errorf("%v, %v after other names", got, h)
		}
	})
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		r.board().say("s,h,t", "1,40,21.5") // half of "ms", which the field h wants
		if got := r.field("t"); got != nil {
			t.Errorf("half a header was believed: %v", got)
		}
	})
}
