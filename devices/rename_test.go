package devices

import (
	"fmt"
	"strings"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/relay"
)

// A change of names for people affects nothing: the device stays online, and its values stay known.
func TestOtherNames(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		d := PumpBoard()
		r.apply(d)
		b := r.board()
		b.say(`{"p":0}`, `{"p":1,"fan":5}`)
		before := r.stateOf("board")
		d = PumpBoard()
		d.Name, d.Fields[0].Name, d.Commands[1].Name = relay.Name{Text: "大棚"}, relay.Name{Text: "水泵"}, relay.Name{Text: "风扇"}
		d.Commands[0].Ask = relay.Name{Text: "?"}
		r.apply(d)
		if got := r.last("model"); !strings.Contains(got, "大棚") || !strings.Contains(got, "水泵") || !strings.Contains(got, "风扇") {
			t.Error(got)
		}
		seen := func(leaf string) string {
			r.mu.Lock()
			defer r.mu.Unlock()
			return fmt.Sprint(r.published["minirelay/home/board/"+leaf])
		}
		if got := seen("availability"); got != "[offline online]" {
			t.Errorf("availability %s", got)
		}
		if got := r.stateOf("board"); got != before || strings.Count(seen("state"), "null") != 2 {
			t.Errorf("state %s, before %s, all %s", got, before, seen("state"))
		}
		go func() {
			for line := b.hear(); line != ""; line = b.hear() {
				b.say(fmt.Sprintf("OK #%d", seqOf(line)), `{"p":0,"fan":5}`)
			}
		}()
		r.ask(`{"id":"a","command":"pump","value":false}`)
		if got := r.results(); !strings.HasPrefix(got, "a done") {
			t.Error(got)
		}

		// The device still goes offline by itself, and a changed description still begins without values.
		time.Sleep(d.OfflineAfter + time.Second)
		if got := seen("availability"); got != "[offline online offline]" {
			t.Errorf("availability %s", got)
		}
		b.say(`{"p":1,"fan":5}`)
		d = PumpBoard()
		d.Fields[0].Key = "x"
		r.apply(d)
		if got := r.last("availability"); got != "offline" {
			t.Errorf("with another key it is %s", got)
		}
	})
}
