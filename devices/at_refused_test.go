package devices

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// What a device says instead of a value ends the last value at once, and the log says why.
func TestRefusedValue(t *testing.T) {
	weight := func(change ...func(*mapping.DeviceConfig)) mapping.DeviceConfig {
		d := ATDevice(Field("x", relay.TypeNumber, Asks("SI"), Says(`^S [SD] +(-?[0-9.]+) g$`)))
		for _, c := range change {
			c(&d)
		}
		return d
	}
	modem := ATDevice(Field("x", relay.TypeNumber, Asks("AT+CSQ"), Says(`^\+CSQ: (\d+),`)))
	modem.LineEnd, modem.Until = "\r", "^OK$"
	meter := MeterDevice("board", mapping.AnyMeter, Field("x", relay.TypeNumber, Key("voltage_a")))
	for name, tt := range map[string]struct {
		device          mapping.DeviceConfig
		value, no, told string
	}{
		"overload, error named":  {weight(func(d *mapping.DeviceConfig) { d.Error = `^(ES|S [+I-])$` }), "S S     7.00 g\r\n", "S +\r\n", "the device reports: S +"},
		"overload":               {weight(), "S S     7.00 g\r\n", "S +\r\n", "contains no value"},
		"another unit":           {weight(), "S S     7.00 g\r\n", "S S     7.00 kg\r\n", "contains no value"},
		"a modem":                {modem, "\r\n+CSQ: 7,99\r\n\r\nOK\r\n", "\r\n+CME ERROR: SIM busy\r\n", "SIM busy"},
		"a modem without a line": {modem, "\r\n+CSQ: 7,99\r\n\r\nOK\r\n", "\r\nOK\r\n", ""},
		"a meter":                {meter, string(MeterFrame("000010604867", 0x91, 0, 1, 1, 2, 0x70, 0)), string(MeterFrame("000010604867", 0xD1, 2)), "it has no such data"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				r.apply(tt.device)
				var no atomic.Bool
				go r.board().replies(func([]byte) []byte {
					if no.Load() {
						return []byte(tt.no)
					}
					return []byte(tt.value)
				})
				time.Sleep(1500 * ms)
				if got := r.field("x"); got != 7.0 {
					t.Fatalf("at first it is %v", got)
				}
				no.Store(true)
				time.Sleep(2 * time.Second)
				if got := r.field("x"); got != nil || r.last("availability") != "online" || !strings.Contains(r.log.String(), tt.told) {
					t.Errorf("then %v, %s", got, r.last("availability"))
				}
			})
		})
	}
}

// The OK behind a slow query is not taken for the acknowledgement of the command behind it, which is refused: whether the
// modem repeats each line before its answer, at once, or not at all, and whether the late answer shows what it answers.
func TestLateOK(t *testing.T) {
	for _, slow := range []time.Duration{1200 * ms, 2500 * ms, 4500 * ms, 7 * time.Second} {
		for _, echo := range []string{"before the answer", "at once", "none"} {
			for _, bare := range []bool{false, true} {
				t.Run(fmt.Sprintf("slow %v, echo %s, bare %v", slow, echo, bare), func(t *testing.T) {
					d := ATDevice(Field("signal", relay.TypeNumber, Asks("AT+CSQ"), Says(`^\+CSQ: (\d+),`)),
						Field("operator", relay.TypeText, Asks("AT+COPS?"), Says(`^\+COPS: \d,\d,"(.*?)"`)))
					d.LineEnd, d.Until, d.Retries, d.Timeout, d.Poll, d.OfflineAfter = "\r", "^OK$", 0, time.Second, 6*time.Second, time.Minute
					c := mapping.DefaultCommand()
					c.ID, c.Type, c.Send, c.Timeout = "out", relay.TypeBool, "AT+OUT={value}", 3*time.Second
					c.Values = map[string]string{"true": "1", "false": "0"}
					d.Commands = []mapping.CommandConfig{c}
					inBubble(t, func(t *testing.T, r *rig) {
						r.apply(d)
						b := r.board()
						lines, stop := make(chan string, 99), make(chan struct{})
						defer close(stop)
						var mu sync.Mutex
						say := func(s string) { mu.Lock(); defer mu.Unlock(); _, _ = b.Write([]byte(s)) }
						go func() { // one command after the other, as modems do
							for {
								var line string
								select {
								case line = <-lines:
								case <-stop:
									return
								}
								answer := "\r\nERROR\r\n"
								switch line {
								case "AT+COPS?":
									select {
									case <-time.After(slow):
									case <-stop:
										return
									}
									answer = "\r\n+COPS: 0,0,\"CMCC\",7\r\n\r\nOK\r\n"
									if bare {
										answer = "\r\nOK\r\n"
									}
								case "AT+CSQ":
									answer = "\r\n+CSQ: 28,99\r\n\r\nOK\r\n"
								}
								if echo == "before the answer" {
									answer = line + "\r" + answer
								}
								say(answer)
							}
						}()
						go b.serve("\r", func(line string) string {
							lines <- line
							if echo == "at once" {
								return line + "\r"
							}
							return ""
						})
						time.Sleep(5 * time.Second)
						for i := range 20 {
							r.ask(fmt.Sprintf(`{"id":"%d","command":"out","value":%v}`, i, i%2 == 0))
							time.Sleep(2300 * ms)
						}
						time.Sleep(20 * time.Second)
						if got := r.results(); strings.Contains(got, "done") || strings.Count(got, ";") != 19 {
							t.Error(got)
						}
					})
				})
			}
		}
	}
}
