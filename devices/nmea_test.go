package devices

import (
	"testing"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// A sentence of an unknown type is counted; a known one that no field uses is not. Both show that the device is online.
func TestUnknownSentences(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		d := NMEADevice(Field("lat", relay.TypeNumber, Key("latitude")), Field("own", relay.TypeNumber, Key("PXYZ.1")))
		r.apply(d)
		r.board().say(Sentence("PABC,1"), Sentence("GPGSV,1,1,00"), Sentence("PXYZ,7"), Sentence("PABC,2"), Sentence("ABXXX,1"))
		if c := r.counts(); c.Unknown != 3 || c.Frames != 5 || c.Noise != 0 {
			t.Errorf("%+v", c)
		}
		if r.last("availability") != "online" || r.field("own") != 7.0 {
			t.Error(r.last("availability"), r.last("state"))
		}
	})
}

// The first line after the port was opened is used too: its checksum shows that it is whole. Commands get theirs.
func TestCommandToAReceiver(t *testing.T) {
	d := NMEADevice(Field("lat", relay.TypeNumber, Key("latitude")))
	rate := mapping.DefaultCommand()
	rate.ID, rate.Type, rate.Min, rate.Max = "rate", relay.TypeNumber, 100, 10000
	rate.Send, rate.Expect, rate.Refuse = "$PMTK220,{value}\r\n", `^\$PMTK001,220,3$`, `^\$PMTK001,220,[0-2]$`
	d.Commands = []mapping.CommandConfig{rate}
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		b.say(Sentence("GPGLL,4717.0,N,00833.0,E,092321.00,A,A"))
		if r.field("lat") == nil {
			t.Error("the first sentence was lost")
		}
		r.ask(`{"id":"a","command":"rate","value":1000}`)
		if got := b.hear(); got != "$PMTK220,1000*1F" {
			t.Error(got)
		}
		b.say("$PMTK001,220,3*30")
		r.ask(`{"id":"b","command":"rate","value":200}`)
		b.hear()
		b.say(Sentence("PMTK001,220,1"))
		if got := r.results(); got != "a done after 0s; b failed/refused after 0s: the hardware refused it" {
			t.Error(got)
		}
	})
}
