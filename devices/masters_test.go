package devices

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/relay"
)

// With another master on the line, no answer to it is taken for one to us, whether the unit drops what comes while it is
// busy or answers one request after the other. It is counted, told once, and the values come nevertheless.
func TestTwoMasters(t *testing.T) {
	for _, drops := range []bool{false, true} {
		for _, takes := range []time.Duration{5 * ms, 40 * ms, 150 * ms} {
			for _, ascii := range []bool{false, true} {
				t.Run(fmt.Sprintf("drops %v, takes %v, ASCII %v", drops, takes, ascii), func(t *testing.T) {
					d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")), Field("b", relay.TypeNumber, At("holding:50", "")))
					d.Poll = 200 * ms
					frame := RTU
					if ascii {
						d.Codec, frame = "modbus-ascii", ASCII
					}
					inBubble(t, func(t *testing.T, r *rig) {
						r.apply(d)
						b := r.board()
						var mu sync.Mutex // the unit, which does one thing after the other
						var free time.Time
						ask := func(register byte) {
							mu.Lock()
							defer mu.Unlock()
							now := time.Now()
							if drops && now.Before(free) {
								return
							}
							free = later(free, now).Add(takes)
							time.AfterFunc(time.Until(free), func() { _, _ = b.Write(frame(1, 3, 2, 0, register)) })
						}
						go b.replies(func(q []byte) []byte {
							if ascii {
								q = []byte{1, 3, 0, map[string]byte{":01030000": 0, ":01030032": 50}[string(q[:9])]}
							}
							ask(q[3])
							return nil
						})
						stop := make(chan struct{})
						defer close(stop)
						go func() {
							random := rand.New(rand.NewPCG(5, 5))
							for {
								select {
								case <-stop:
									return
								case <-time.After(300*ms + time.Duration(random.Int64N(int64(400*ms)))):
								}
								register := byte(100 + random.IntN(50))
								if _, err := b.Write(frame(1, 3, 0, register, 0, 1)); err != nil {
									return
								}
								time.Sleep(8 * ms)
								ask(register)
							}
						}()
						time.Sleep(5 * time.Minute)
						good := 0
						r.mu.Lock()
						states := r.published["minirelay/home/board/state"]
						r.mu.Unlock()
						for _, state := range states {
							var got map[string]any
							_ = json.Unmarshal([]byte(state), &got)
							if a, b := got["a"], got["b"]; a != nil && a != 0.0 || b != nil && b != 50.0 {
								t.Fatalf("shown: %s", state)
							} else if a != nil && b != nil {
								good++
							}
						}
						if good < 100 {
							t.Errorf("in five minutes the values were good %d times", good)
						}
						if n := r.counts().Foreign; n < 100 || strings.Count(r.log.String(), "another master") != 1 {
							t.Errorf("the other master was counted %d times", n)
						}
					})
				})
			}
		}
	}
}
