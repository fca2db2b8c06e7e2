package devices

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// slowWay is a unit behind a slow network: it answers at once, and the answer takes the time that delay returns for the
// n-th request, from 1. In order, no answer overtakes another.
type slowWay struct {
	inOrder bool
	usual   time.Duration // the usual delay: with a shorter timeout there are no values
	delay   func(n int) time.Duration
	answer  func(request []byte) []byte
}

// serve answers until the port is closed.
func (w slowWay) serve(b *board) {
	n, last := 0, time.Now()
	b.replies(func(request []byte) []byte {
		n++
		at := time.Now().Add(w.delay(n))
		if w.inOrder && at.Before(last) {
			at = last.Add(time.Millisecond)
		}
		last = at
		if answer := w.answer(request); answer != nil {
			time.AfterFunc(time.Until(at), func() { _, _ = b.Write(answer) })
		}
		return nil
	})
}

// threeRegisters are three values that look alike on the wire.
func threeRegisters(poll, timeout time.Duration) mapping.DeviceConfig {
	d := Unit(1, Field("power", relay.TypeNumber, At("holding:12", "uint32")), Field("energy", relay.TypeNumber, At("holding:72", "uint32")),
		Field("third", relay.TypeNumber, At("holding:128", "uint32")))
	d.Poll, d.Timeout, d.OfflineAfter = poll, timeout, time.Minute
	return d
}

// registerItself answers a read of uint32 with the number of its register.
func registerItself(q []byte) []byte { return RTU(q[0], 3, 4, 0, 0, q[2], q[3]) }

// Whatever an answer is late by, it is never taken for the answer to another request, and the values come nevertheless.
func TestLateAnswerNeverSwapped(t *testing.T) {
	some := func(share float64, fast, slow, slowest time.Duration) func(int) time.Duration {
		random := rand.New(rand.NewPCG(7, 7))
		return func(n int) time.Duration {
			if n == 1 {
				random = rand.New(rand.NewPCG(7, 7))
			}
			if random.Float64() < share {
				return slow + time.Duration(random.Int64N(int64(slowest-slow)+1))
			}
			return fast
		}
	}
	every := func(k int, slow time.Duration) func(int) time.Duration {
		return func(n int) time.Duration {
			if n%k == 0 {
				return slow
			}
			return 50 * ms
		}
	}
	ways := map[string]slowWay{
		"a mobile network":      {inOrder: true, usual: 300 * ms, delay: some(1./8, 300*ms, 1100*ms, 2*time.Second)},
		"a bad one":             {inOrder: true, usual: 300 * ms, delay: some(1./3, 300*ms, 500*ms, 6*time.Second)},
		"a slow unit":           {delay: some(0.35, 20*ms, 1020*ms, 1700*ms)},
		"always a bit too late": {inOrder: true, usual: 900 * ms, delay: every(1, 900*ms)},
		"always far too late":   {inOrder: true, usual: 3 * time.Second, delay: every(1, 3*time.Second)},
	}
	for _, late := range []time.Duration{600 * ms, 1100 * ms, 1600 * ms, 2400 * ms, 3 * time.Second, 5 * time.Second, 8 * time.Second} {
		for _, k := range []int{4, 5, 11} {
			ways[fmt.Sprintf("each %dth by %v", k, late)] = slowWay{inOrder: true, usual: 50 * ms, delay: every(k, late)}
		}
	}
	for name, way := range ways {
		for _, timeout := range []time.Duration{200 * ms, 500 * ms, time.Second} {
			t.Run(fmt.Sprintf("%s, timeout %v", name, timeout), func(t *testing.T) {
				inBubble(t, func(t *testing.T, r *rig) {
					r.apply(threeRegisters(time.Second, timeout))
					way.answer = registerItself
					go way.serve(r.board())
					time.Sleep(4 * time.Minute)
					good := map[string]int{}
					r.mu.Lock()
					defer r.mu.Unlock()
					for _, state := range r.published["minirelay/home/board/state"] {
						var got map[string]any
						if err := json.Unmarshal([]byte(state), &got); err != nil {
							t.Fatal(err)
						}
						for id, want := range map[string]float64{"power": 12, "energy": 72, "third": 128} {
							if v := got[id]; v != nil && v != want {
								t.Fatalf("%s is shown as %v", id, v)
							} else if v != nil {
								good[id]++
							}
						}
					}
					if way.usual < timeout && (good["power"] < 5 || good["energy"] < 5 || good["third"] < 5) {
						t.Errorf("in four minutes the fields were good %v times", good)
					}
				})
			})
		}
	}
}

// A command is not done by a late answer that carries another register's value.
func TestCommandAndLateAnswers(t *testing.T) {
	for _, late := range []time.Duration{600 * ms, 1200 * ms, 1700 * ms, 2400 * ms, 3 * time.Second} {
		for _, k := range []int{3, 4, 7} {
			t.Run(fmt.Sprintf("each %dth by %v", k, late), func(t *testing.T) {
				d := Unit(1, Field("other", relay.TypeNumber, At("holding:60", "")), Field("valve", relay.TypeBool, At("holding:5", "")))
				d.Commands = []mapping.CommandConfig{Writes("valve", relay.TypeBool, "holding:5", func(c *mapping.CommandConfig) { c.Confirm, c.Timeout = "valve", 4*time.Second })}
				d.Poll, d.OfflineAfter = 700*ms, time.Minute
				inBubble(t, func(t *testing.T, r *rig) {
					r.apply(d)
					go slowWay{true, 0, func(n int) time.Duration {
						if n%k == 0 {
							return late
						}
						return 50 * ms
					}, func(q []byte) []byte {
						switch {
						case q[1] == 6: // it is acknowledged, and the valve is stuck
							return bytes.Clone(q)
						case q[3] == 60:
							return RTU(1, 3, 2, 0, 1)
						}
						return RTU(1, 3, 2, 0, 0)
					}}.serve(r.board())
					time.Sleep(3 * time.Second)
					for i := range 20 {
						r.ask(fmt.Sprintf(`{"id":"c%d","command":"valve","value":true}`, i))
						time.Sleep(6 * time.Second)
					}
					if got := r.results(); strings.Contains(got, "done") || strings.Count(got, ";") != 19 {
						t.Error(got)
					}
					r.mu.Lock()
					defer r.mu.Unlock()
					if all := strings.Join(r.published["minirelay/home/board/state"], "\n"); strings.Contains(all, `"valve":true`) {
						t.Error("the valve was shown open")
					}
				})
			})
		}
	}
}
