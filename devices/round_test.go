package devices

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
)

// registers is a unit whose registers are computed at the time of each request; drops says which requests are lost.
func registers(word func(address int) uint16, drops func(n int) bool) func(q []byte) []byte {
	n := 0
	return func(q []byte) []byte {
		if n++; drops != nil && drops(n) {
			return nil
		}
		pdu := []byte{q[1], q[5] * 2}
		for i := range int(q[5]) {
			w := word(int(q[2])<<8 | int(q[3]) + i)
			pdu = append(pdu, byte(w>>8), byte(w))
		}
		return RTU(q[0], pdu...)
	}
}

// statesOf returns the values of a field in all states of the board.
func (r *rig) statesOf(field string) (values []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, state := range r.published["minirelay/home/board/state"] {
		var got map[string]any
		_ = json.Unmarshal([]byte(state), &got)
		values = append(values, got[field])
	}
	return values
}

// A value of two words that lie far apart is never made of words from two times: they are read with one request.
func TestComputedFromOneRequest(t *testing.T) {
	power := func() int { return int(300 * math.Sin(2*math.Pi*float64(time.Now().UnixMilli())/20000)) }
	d := Unit(1, Field("grid", relay.TypeNumber, Computes("high * 65536 + low")), Field("low", relay.TypeNumber, At("holding:607", "")),
		Field("between", relay.TypeNumber, At("holding:650", "")), Field("high", relay.TypeNumber, At("holding:703", "int16")))
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		var requests atomic.Int64
		answer := registers(func(a int) uint16 {
			if a == 703 {
				return uint16(power() >> 16)
			}
			return uint16(power())
		}, nil)
		go r.board().replies(func(q []byte) []byte { requests.Add(1); return answer(q) })
		time.Sleep(10 * time.Minute)
		for _, v := range r.statesOf("grid") {
			if n, ok := v.(float64); ok && math.Abs(n) > 300 {
				t.Fatalf("%v W", n)
			}
		}
		if n := requests.Load(); n > 610 {
			t.Errorf("%d requests in ten minutes", n)
		}
	})
}

// Where two requests are needed, a computed value belongs to one round of them, also if some are lost. Alone, each field
// is shown as it comes.
func TestComputedFromOneRound(t *testing.T) {
	for name, tt := range map[string]struct {
		factor string
		drops  func(n int) bool
	}{
		"too far apart":      {"holding:300", nil},
		"another table":      {"input:84", nil},
		"some are lost":      {"holding:300", func(n int) bool { return n%7 == 3 }},
		"one is lost twice":  {"holding:300", func(n int) bool { return n%11 == 3 || n%11 == 4 }},
		"every third":        {"input:84", func(n int) bool { return n%3 == 0 }},
		"many after another": {"input:84", func(n int) bool { return n%20 > 14 }},
	} {
		t.Run(name, func(t *testing.T) {
			d := Unit(1, Field("watts", relay.TypeNumber, Computes("raw * 10 ** factor")), Field("raw", relay.TypeNumber, At("holding:83", "")),
				Field("factor", relay.TypeNumber, At(tt.factor, "int16")), Field("twice", relay.TypeNumber, Computes("watts * 2 + raw * 0")))
			d.Timeout, d.OfflineAfter = 100*ms, time.Minute
			inBubble(t, func(t *testing.T, r *rig) {
				r.apply(d)
				scaled := func() bool { return (time.Now().UnixMilli()-946684800000+30)/1000%2 == 1 } // changes right before each round
				go r.board().replies(registers(func(a int) uint16 {
					switch {
					case a == 83 && scaled():
						return 23450
					case a == 83:
						return 2345
					case scaled():
						return 0xFFFF
					}
					return 0
				}, tt.drops))
				time.Sleep(5 * time.Minute)
				good := 0
				for i, v := range r.statesOf("watts") {
					if v != nil && v != 2345.0 {
						t.Fatalf("state %d: %v W", i, v)
					} else if v != nil {
						good++
					}
				}
				for _, v := range r.statesOf("twice") {
					if v != nil && v != 4690.0 {
						t.Fatalf("twice %v W", v)
					}
				}
				if good < 100 {
					t.Errorf("in five minutes it was good %d times", good)
				}
			})
		})
	}
}

// A computed field over fields that are polled at different intervals is a warning; one with the same is none.
func TestAdviseMixedPolls(t *testing.T) {
	for _, poll := range []time.Duration{0, time.Second, time.Minute} {
		d := Unit(1, Field("watts", relay.TypeNumber, Computes("raw * 10 ** factor")), Field("raw", relay.TypeNumber, At("holding:83", "")),
			Field("factor", relay.TypeNumber, At("holding:84", ""), func(f *mapping.FieldConfig) { f.Poll = poll }))
		got := fmt.Sprint(Advise(serial.Default(), d))
		if strings.Contains(got, "different intervals") != (poll == time.Minute) {
			t.Errorf("%v: %s", poll, got)
		}
	}
}
