package devices

import (
	"fmt"
	"testing"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
)

// Several boards on one line are distinguished by match, and each gets the answers to its own commands.
func TestBoardsThatShareALine(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		port := serial.Default()
		port.ID, port.Path = "uno", "/dev/uno"
		board, other := PumpBoard(), PumpBoard()
		other.ID = "other"
		board.Match, other.Match = map[string]string{"id": "1"}, map[string]string{"id": "2"}
		if why := CannotShare(board, other); why != "" {
			t.Fatal(why)
		}
		if err := r.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{other, board}}); err != nil {
			t.Fatal(err)
		}
		b := r.board()
		b.say("", `{"id":1,"p":0,"fan":7}`, `{"p":1,"id":2,"fan":9}`, `{"p":1,"fan":8}`, `{"id":3,"p":1,"fan":8}`, `{"id":1,"id":1,"fan":8}`)
		if pump, fan := r.field("pump"), r.field("fan"); pump != false || fan != 7.0 {
			t.Errorf("pump %v, fan %v", pump, fan)
		}
		if c := r.counts(); c.Frames != 2 || c.Noise != 3 {
			t.Errorf("%+v", c)
		}
		r.ask(`{"id":"a","command":"pump","value":true}`)
		seq := seqOf(b.hear())
		b.say(fmt.Sprintf("OK #%d", seq), `{"id":2,"p":1}`, `{"id":1,"p":1}`)
		if got := r.results(); got != "a done after 0s" {
			t.Error(got)
		}
	})
}
