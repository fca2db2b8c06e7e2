package devices

import (
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
)

// twoSwitches is a board whose answers do not show which command they answer.
func twoSwitches() mapping.DeviceConfig {
	return PumpBoard(func(c *mapping.CommandConfig) {
		c.Send = map[string]string{"pump": "PUMP {value}\n", "fan": "FAN {value}\n"}[c.ID]
		c.Expect, c.Refuse, c.Confirm = "^OK$", "^ERR$", ""
	})
}

// An answer that comes too late is not taken for the answer to the next command, which waits for it; but no longer than
// it may be expected.
func TestLateAnswerToAnotherCommand(t *testing.T) {
	for name, tt := range map[string]struct {
		change  func(*mapping.DeviceConfig)
		replies [][]reply // of each write, after which the next one comes
		want    string
	}{
		"it comes": {nil, [][]reply{{{2500 * ms, "OK"}}, {{100 * ms, "ERR"}}},
			"a unknown/no_answer after 2s: the hardware did not answer in time; b failed/refused after 600ms: the hardware refused it"},
		"it does not come": {nil, [][]reply{{}, {{100 * ms, "OK"}}},
			"a unknown/no_answer after 2s: the hardware did not answer in time; b done after 2.1s"},
		"the command becomes too old meanwhile": {func(d *mapping.DeviceConfig) { d.Commands[1].MaxAge = time.Second }, [][]reply{{}},
			"a unknown/no_answer after 2s: the hardware did not answer in time; b rejected/expired after 1s: it was not written in time and will not be"},
		"it was written twice, and answered twice": {func(d *mapping.DeviceConfig) { d.Commands[0].Idempotent, d.Commands[0].Retries = true, 1 },
			[][]reply{{{2100 * ms, "OK"}}, {{1000 * ms, "OK"}}, {{100 * ms, "ERR"}}},
			"a done after 2.1s; b failed/refused after 1.1s: the hardware refused it"},
		"answers are numbered": {func(d *mapping.DeviceConfig) {
			for i := range d.Commands {
				d.Commands[i].Send, d.Commands[i].Expect, d.Commands[i].Refuse = "X {value} #{seq}\n", "^OK #{seq}$", ""
			}
		}, [][]reply{{}, {{100 * ms, "OK #{seq}"}}},
			"a unknown/no_answer after 2s: the hardware did not answer in time; b done after 100ms"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				d := twoSwitches()
				if tt.change != nil {
					tt.change(&d)
				}
				r.apply(d)
				b := r.board()
				b.say("half", `{"p":0}`)
				writes := make(chan int, 1)
				go func() { writes <- b.answer(tt.replies) }()
				r.ask(`{"id":"a","command":"pump","value":true}`)
				for r.results() == "" {
					time.Sleep(ms)
				}
				r.ask(`{"id":"b","command":"fan","value":40}`)
				time.Sleep(6 * time.Second)
				if got := r.results(); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
				b.Close()
				if n := <-writes; n != len(tt.replies) {
					t.Errorf("written %d times", n)
				}
			})
		})
	}
}
