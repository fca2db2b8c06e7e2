package devices

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// After some frames, each field that has never been good is named with the reason: once in the log, in the statistics, and to
// those who watch. A field that becomes good is named no more.
func TestMissedFields(t *testing.T) {
	temperature := Field("temperature", relay.TypeNumber, Plausible(0, 60))
	pump := Field("pump", relay.TypeBool, Key("p"))
	for name, tt := range map[string]struct {
		device mapping.DeviceConfig
		line   string
		want   string
	}{
		"a wrong key":       {Device(temperature, pump), `{"t":21,"p":1,"air":{"h":40}}`, "temperature has never been seen; the board says t, p, air.h"},
		"a range":           {Device(temperature, pump), `{"temperature":2150,"p":1}`, "temperature has never had a good value: 2150 is greater than its max = 60"},
		"another type":      {Device(temperature, pump), `{"temperature":"21","p":1}`, `temperature has never had a good value: "21" is not a number`},
		"always null":       {Device(temperature, pump), `{"temperature":null,"p":1}`, "temperature has never been seen; the board says temperature, p"},
		"two":               {Device(temperature, Field("pump", relay.TypeBool), Field("p", relay.TypeBool)), `{"t":21,"p":1}`, "temperature has never been seen; the board says t, p; pump has never been seen; the board says t, p"},
		"pairs":             {PairsDevice(temperature, pump), `t=21 p=1`, "temperature has never been seen; the board says t, p"},
		"nothing is missed": {Device(pump, Field("sum", relay.TypeBool, Computes("not pump"))), `{"p":1}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				r.apply(tt.device)
				b := r.board()
				var seen []string
				w, err := r.ports.Watch("uno")
				if err != nil {
					t.Fatal(err)
				}
				defer w.Close()
				go func() {
					for record := range w.Records {
						if record.Frame != nil {
							seen = append(seen, record.Frame.Why)
						}
					}
				}()
				for range 40 {
					b.say(tt.line)
					time.Sleep(time.Second)
				}
				synctest.Wait()
				var got []string
				for _, m := range r.ports.Stats()[0].Missed {
					got = append(got, m.Why)
				}
				if strings.Join(got, "; ") != tt.want {
					t.Errorf("the statistics say %q", got)
				}
				log := strings.ReplaceAll(r.log.String(), `\"`, `"`)
				if n := strings.Count(log, "fields are missing"); n > 1 || n == 1 != (tt.want != "") || !strings.Contains(log, tt.want) {
					t.Errorf("the log says it %d times", n)
				}
				if tt.want != "" && !strings.Contains(strings.Join(seen, "\n"), got[0]) {
					t.Errorf("who watches sees %q", seen)
				}
				b.say(`{"temperature":21,"pump":true,"p":true}`, `temperature=21 p=1`)
				synctest.Wait()
				if got := r.ports.Stats()[0].Missed; len(got) > 0 {
					t.Errorf("then %q", got)
				}
			})
		})
	}
}

// A field of a polled device is missed if its request is refused or never answered.
func TestMissedRegisters(t *testing.T) {
	d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")), Field("missing", relay.TypeNumber, At("holding:100", "")),
		Field("silent", relay.TypeNumber, At("input:0", "")), Field("high", relay.TypeNumber, At("holding:200", ""), Plausible(0, 5)))
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		var accepts atomic.Bool
		go r.board().replies(func(q []byte) []byte {
			switch {
			case q[1] == 4:
				return nil
			case q[3] == 100 && !accepts.Load():
				return RTU(1, 0x83, 2)
			}
			return RTU(1, 3, 2, 0, 7)
		})
		time.Sleep(90*time.Second + 500*ms)
		var got []string
		for _, m := range r.ports.Stats()[0].Missed {
			got = append(got, m.Why)
		}
		want := "missing has never had a good value: the unit has no such register (exception 2)|" +
			"silent has never had a good value: its request is not answered|high has never had a good value: 7 is greater than its max = 5"
		if strings.Join(got, "|") != want {
			t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
		}
		accepts.Store(true)
		time.Sleep(2 * time.Second)
		if n := len(r.ports.Stats()[0].Missed); n != 2 {
			t.Errorf("then %d are missed", n)
		}
	})
}
