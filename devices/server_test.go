package devices

import (
	"testing"
	"testing/synctest"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
)

// A serial server that never answers once it is asked too early is asked after the pause, and without one over a new
// connection after a minute. One behind which nothing answers fills no log.
func TestAskedTooEarly(t *testing.T) {
	for name, tt := range map[string]struct {
		pause, within time.Duration
		connections   int
		dead          bool
	}{
		"with a pause": {1500 * ms, 2 * time.Second, 1, false},
		"without":      {0, 150 * time.Second, 2, false}, // the second connection is asked late enough
		"nobody":       {0, time.Hour, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				port := serial.Default()
				port.ID, port.Path, port.Pause = "uno", "tcp://192.0.2.1:4001", tt.pause
				d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")))
				if err := r.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{d}}); err != nil {
					t.Fatal(err)
				}
				served := 0
				serve := func() {
					b := r.board()
					served = r.times()
					opened, wedged := time.Now(), false
					first := served == 1
					go b.replies(func([]byte) []byte {
						wedged = wedged || tt.dead || first && time.Since(opened) < time.Second
						if wedged {
							return nil
						}
						return RTU(1, 3, 2, 0, 7)
					})
				}
				serve()
				for end := time.Now().Add(tt.within); time.Now().Before(end); {
					time.Sleep(100 * ms)
					if r.times() > served {
						serve()
					}
				}
				synctest.Wait()
				if tt.dead {
					if n := len(r.log.String()); n > 2000 || served < 50 {
						t.Errorf("%d bytes in the log after %d connections", n, served)
					}
					return
				}
				if r.last("availability") != "online" || served != tt.connections {
					t.Errorf("%s after %d connections", r.last("availability"), served)
				}
			})
		})
	}
}
