package devices

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
)

// A command ends alike on a board that talks by itself and on a polled device.
func TestCommandsEndAlike(t *testing.T) {
	retry := func(c *mapping.CommandConfig) { c.Idempotent, c.Retries = true, 2 }
	for name, tt := range map[string]struct {
		change  func(*mapping.CommandConfig)
		replies [][]reply // of each write
		stop    time.Duration
		want    string
	}{
		"acknowledged":          {nil, [][]reply{{{5 * ms, "OK"}}}, 0, "a done"},
		"refused":               {nil, [][]reply{{{5 * ms, "ERR busy"}}}, 0, "a failed/refused: busy"},
		"refused without words": {nil, [][]reply{{{5 * ms, "ERR"}}}, 0, "a failed/refused: the hardware refused it"},
		"silent":                {nil, [][]reply{{}}, 0, "a unknown/no_answer: the hardware did not answer in time"},
		"the second try":        {retry, [][]reply{{}, {{5 * ms, "OK"}}}, 0, "a done"},
		"in vain":               {retry, [][]reply{{}, {}, {}}, 0, "a unknown/no_answer: the hardware did not answer in time"},
		"refused later":         {retry, [][]reply{{}, {{5 * ms, "ERR busy"}}}, 0, "a unknown/no_answer: an earlier try went unanswered, then: busy"},
		"not past its age": {func(c *mapping.CommandConfig) { retry(c); c.MaxAge = 3 * time.Second }, [][]reply{{}, {}}, 0,
			"a unknown/no_answer: the hardware did not answer in time"},
		"cable pulled":       {retry, [][]reply{{{5 * ms, ""}}}, 0, "a unknown/no_answer: the connection broke before an answer came"},
		"cable pulled later": {retry, [][]reply{{}, {{5 * ms, ""}}}, 0, "a unknown/no_answer: the connection broke before an answer came"},
		"the gateway stops":  {retry, [][]reply{{}}, 5 * ms, "a unknown/no_answer: the gateway stopped before an answer came"},
	} {
		stream, polled := Device(), ATDevice()
		polled.LineEnd = "\n"
		for road, d := range map[string]mapping.DeviceConfig{"stream": stream, "polled": polled} {
			t.Run(name+"/"+road, func(t *testing.T) {
				inBubble(t, func(t *testing.T, r *rig) {
					c := mapping.DefaultCommand()
					c.ID, c.Type, c.Send, c.Expect, c.Refuse = "pump", relay.TypeBool, "PUMP {value}\n", "^OK$", "^ERR ?(?P<message>.*)"
					if tt.change != nil {
						tt.change(&c)
					}
					d.Commands = []mapping.CommandConfig{c}
					r.apply(d)
					b := r.board()
					writes := make(chan int, 1)
					go func() { writes <- b.answer(tt.replies) }()
					r.ask(`{"id":"a","command":"pump","value":true}`)
					if tt.stop > 0 {
						time.Sleep(tt.stop)
						over, cancel := context.WithCancel(t.Context())
						cancel()
						_ = r.ports.Close(over)
					}
					time.Sleep(10 * time.Second)
					if got := elapsed.ReplaceAllString(r.results(), ""); got != tt.want {
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
}

// The two also do not differ where a command cannot be written, or only a part of it.
func TestWritesFailAlike(t *testing.T) {
	stream, polled := Device(), ATDevice()
	polled.LineEnd = "\n"
	for road, d := range map[string]mapping.DeviceConfig{"stream": stream, "polled": polled} {
		for take, want := range []string{"a failed/io_error: nothing could be written to the port",
			"a unknown/no_answer: the connection broke while the command was being written"} {
			t.Run(fmt.Sprint(road, take), func(t *testing.T) {
				inBubble(t, func(t *testing.T, r *rig) {
					r.ports.open = func(c serial.Config) (io.ReadWriteCloser, error) {
						s, err := r.open(c)
						return &brokenWriter{s, take}, err
					}
					c := mapping.DefaultCommand()
					c.ID, c.Type, c.Send, c.Expect = "pump", relay.TypeBool, "PUMP {value}\n", "^OK$"
					d.Commands = []mapping.CommandConfig{c}
					r.apply(d)
					r.ask(`{"id":"a","command":"pump","value":true}`)
					if got := elapsed.ReplaceAllString(r.results(), ""); got != want {
						t.Errorf("got  %s\nwant %s", got, want)
					}
				})
			})
		}
	}
}
