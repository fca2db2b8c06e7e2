package devices

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"minirelay/devices/codec"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// reply is a board's reaction to a command: after a while it sends a line, or closes the port.
type reply struct {
	after time.Duration
	say   string // with {seq} for the number it was given, {next} for the one after; "" hangs up
}

const ms = time.Millisecond

// only leaves a command those of expect, refuse and confirm that keep names.
func only(keep string) func(*mapping.CommandConfig) {
	return func(c *mapping.CommandConfig) {
		if !strings.Contains(keep, "expect") {
			c.Expect = ""
		}
		if !strings.Contains(keep, "refuse") {
			c.Refuse = ""
		}
		if !strings.Contains(keep, "confirm") {
			c.Confirm = ""
		}
	}
}

// Every outcome of the contract, to the millisecond.
func TestOutcomes(t *testing.T) {
	retry := func(c *mapping.CommandConfig) { c.Idempotent, c.Retries = true, 2 }
	plain := func(c *mapping.CommandConfig) { c.Send, c.Expect, c.Refuse = "PUMP {value}\n", "^OK", "^ERR" }
	unanswered := "a unknown/no_answer after 2s: the hardware did not answer in time"

	for name, tt := range map[string]struct {
		change  func(*mapping.CommandConfig)
		replies [][]reply // of each write
		want    string
		late    uint64
	}{
		"acknowledged and read back":       {nil, [][]reply{{{5 * ms, "OK #{seq}"}, {5 * ms, `{"p":1}`}}}, "a done after 10ms", 0},
		"read back, then acknowledged":     {nil, [][]reply{{{5 * ms, `{"p":1}`}, {5 * ms, "OK #{seq}"}}}, "a done after 10ms", 0},
		"old value, then the new one":      {nil, [][]reply{{{1 * ms, `{"p":0}`}, {1 * ms, "OK #{seq}"}, {1 * ms, `{"p":0}`}, {1 * ms, `{"p":1}`}}}, "a done after 4ms", 0},
		"back again before acknowledged":   {nil, [][]reply{{{1 * ms, `{"p":1}`}, {1 * ms, `{"p":0}`}, {1 * ms, "OK #{seq}"}}}, "a failed/mismatch after 2s: the hardware reads back false instead of true", 0},
		"acknowledged, not read back":      {nil, [][]reply{{{1 * ms, "OK #{seq}"}}}, "a unknown/no_answer after 2s: it was acknowledged, but no reading has shown the effect", 0},
		"acknowledged, null read back":     {nil, [][]reply{{{1 * ms, "OK #{seq}"}, {1 * ms, `{"p":null}`}}}, "a unknown/no_answer after 2s: it was acknowledged, but no reading has shown the effect", 0},
		"acknowledged, other field":        {nil, [][]reply{{{1 * ms, "OK #{seq}"}, {1 * ms, `{"fan":1}`}}}, "a unknown/no_answer after 2s: it was acknowledged, but no reading has shown the effect", 0},
		"read back, not acknowledged":      {nil, [][]reply{{{1 * ms, `{"p":1}`}}}, unanswered, 0},
		"refused":                          {nil, [][]reply{{{7 * ms, "ERR #{seq} the tank is empty\x1b[31m"}}}, "a failed/refused after 7ms: the tank is empty[31m", 0},
		"refused without a word":           {nil, [][]reply{{{7 * ms, "ERR #{seq}"}}}, "a failed/refused after 7ms: the hardware refused it", 0},
		"refused after acknowledged":       {nil, [][]reply{{{1 * ms, "OK #{seq}"}, {1 * ms, "ERR #{seq} no"}, {1 * ms, `{"p":1}`}}}, "a done after 3ms", 1},
		"silent":                           {nil, [][]reply{{}}, unanswered, 0},
		"wrong number":                     {nil, [][]reply{{{1 * ms, "OK #{next}"}, {1 * ms, `{"p":1}`}}}, unanswered, 1},
		"wrong number, then the right one": {nil, [][]reply{{{1 * ms, "ERR #{next} x"}, {1 * ms, "OK #{seq}"}, {1 * ms, `{"p":1}`}}}, "a done after 3ms", 1},
		"twice":                            {nil, [][]reply{{{1 * ms, "OK #{seq}"}, {1 * ms, "OK #{seq}"}, {1 * ms, `{"p":1}`}}}, "a done after 3ms", 1},
		"too late":                         {nil, [][]reply{{{2001 * ms, "OK #{seq}"}, {1 * ms, `{"p":1}`}}}, unanswered, 1},
		"just in time":                     {nil, [][]reply{{{1998 * ms, "OK #{seq}"}, {1 * ms, `{"p":1}`}}}, "a done after 1.999s", 0},
		"reset in mid-command":             {nil, [][]reply{{{1 * ms, "rst cause:2"}, {1 * ms, `{"p":0}`}}}, unanswered, 0},
		"cable pulled":                     {nil, [][]reply{{{3 * ms, ""}}}, "a unknown/no_answer after 3ms: the connection broke before an answer came", 0},
		"cable pulled after the answer":    {nil, [][]reply{{{3 * ms, "OK #{seq}"}, {0, `{"p":1}`}, {0, ""}}}, "a done after 3ms", 0},
		"answer in JSON":                   {func(c *mapping.CommandConfig) { c.Expect = `"ack":{seq}\b` }, [][]reply{{{1 * ms, `{"ack":{seq}}`}, {1 * ms, `{"p":1}`}}}, "a done after 2ms", 0},
		"answer within a reading":          {func(c *mapping.CommandConfig) { c.Expect = `"ack":{seq}\b` }, [][]reply{{{1 * ms, `{"p":1,"ack":{seq}}`}}}, "a done after 1ms", 0},
		"value in the answer":              {func(c *mapping.CommandConfig) { c.Expect = `^PUMP={value}$` }, [][]reply{{{1 * ms, `PUMP=0`}, {1 * ms, `PUMP=1`}, {1 * ms, `{"p":1}`}}}, "a done after 3ms", 1},
		"no number in the protocol":        {plain, [][]reply{{{1 * ms, "OK"}, {1 * ms, `{"p":1}`}}}, "a done after 2ms", 0},

		"only expect: acknowledged":    {only("expect"), [][]reply{{{4 * ms, "OK #{seq}"}}}, "a done after 4ms", 0},
		"only expect: silent":          {only("expect"), [][]reply{{{4 * ms, `{"p":1}`}}}, unanswered, 0},
		"only confirm: read back":      {only("confirm"), [][]reply{{{4 * ms, `{"p":1}`}}}, "a done after 4ms", 0},
		"only confirm: otherwise":      {only("confirm"), [][]reply{{{4 * ms, `{"p":0}`}}}, "a failed/mismatch after 2s: the hardware reads back false instead of true", 0},
		"only confirm: no reading":     {only("confirm"), [][]reply{{}}, "a unknown/no_answer after 2s: no reading has shown the effect in time", 0},
		"only refuse: silent":          {only("refuse"), [][]reply{{}}, "a sent after 2s", 0},
		"only refuse: refused":         {only("refuse"), [][]reply{{{4 * ms, "ERR #{seq} no"}}}, "a failed/refused after 4ms: no", 0},
		"neither":                      {only(""), [][]reply{{}}, "a sent after 0s", 0},
		"retry: the second try":        {retry, [][]reply{{}, {{1 * ms, "OK #{seq}"}, {1 * ms, `{"p":1}`}}}, "a done after 2.002s", 0},
		"retry: in vain, then too old": {retry, [][]reply{{}, {}, {}}, "a unknown/no_answer after 6s: the hardware did not answer in time", 0},
		"retry: refused later":         {retry, [][]reply{{}, {{1 * ms, "ERR #{seq} busy"}}}, "a unknown/no_answer after 2.001s: an earlier try went unanswered, then: busy", 0},
		"retry: not when acknowledged": {retry, [][]reply{{{1 * ms, "OK #{seq}"}}}, "a unknown/no_answer after 2s: it was acknowledged, but no reading has shown the effect", 0},
		"retry: not when refused":      {retry, [][]reply{{{1 * ms, "ERR #{seq} no"}}}, "a failed/refused after 1ms: no", 0},
		"retry: not past its age":      {func(c *mapping.CommandConfig) { retry(c); c.MaxAge = 3 * time.Second }, [][]reply{{}, {}}, "a unknown/no_answer after 4s: the hardware did not answer in time", 0},
	} {
		t.Run(name, func(t *testing.T) {
			change := tt.change
			if change == nil {
				change = func(*mapping.CommandConfig) {}
			}
			inBubble(t, func(t *testing.T, r *rig) { outcome(t, r, PumpBoard(change), tt.replies, tt.want, tt.late) })
		})
	}
}

// outcome gives the pump of d a command, and compares its result and the number of late answers.
func outcome(t *testing.T, r *rig, d mapping.DeviceConfig, replies [][]reply, want string, late uint64) {
	r.apply(d)
	b := r.board()
	b.say("half", `{"p":0,"fan":0}`)
	writes := make(chan int, 1)
	go func() { writes <- b.answer(replies) }()
	r.ask(`{"id":"a","command":"pump","value":true}`)
	time.Sleep(10 * time.Second)
	if got := r.results(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := r.counts().Late; got != late {
		t.Errorf("%d late answers", got)
	}
	b.Close()
	if n := <-writes; n != len(replies) {
		t.Errorf("written %d times", n)
	}
}

// answer plays the replies to each command, and returns how many commands came until the port was closed.
func (b *board) answer(replies [][]reply) (writes int) {
	seen := map[int]bool{}
	for line := b.hear(); line != ""; line = b.hear() {
		if writes == len(replies) || strings.Contains(line, "#") && seen[seqOf(line)] {
			return -1 // written too often, or with a number used before
		}
		seq := seqOf(line)
		seen[seq] = true
		for _, re := range replies[writes] {
			time.Sleep(re.after)
			if re.say == "" {
				b.Close()
				continue
			}
			b.say(strings.NewReplacer("{seq}", fmt.Sprint(seq), "{next}", fmt.Sprint(seq%codec.MaxSeq+1)).Replace(re.say))
		}
		writes++
	}
	return writes
}

// A number is read back within half of the field's last digit, or within the tolerance.
func TestTolerance(t *testing.T) {
	for _, tt := range []struct {
		tolerance float64
		says      string
		done      bool
	}{
		{-1, "40", true}, {-1, "40.4", true}, {-1, "40.5", true}, {-1, "40.6", false},
		{0, "40", true}, {0, "40.1", false}, {2, "42", true}, {2, "42.1", false},
	} {
		inBubble(t, func(t *testing.T, r *rig) {
			r.apply(PumpBoard(func(c *mapping.CommandConfig) {
				c.Expect, c.Refuse = "", ""
				if c.Type == relay.TypeNumber {
					c.Tolerance = tt.tolerance
				}
			}))
			b := r.board()
			b.say("half", `{"p":0,"fan":0}`)
			go func() {
				if got := b.hear(); !strings.HasPrefix(got, "FAN 40 #") {
					t.Errorf("written %q", got)
				}
				b.say(`{"fan":` + tt.says + `}`)
			}()
			r.ask(`{"id":"a","command":"fan","value":40}`)
			time.Sleep(3 * time.Second)
			if got := strings.HasPrefix(r.results(), "a done"); got != tt.done {
				t.Errorf("tolerance %v, reads %s: %s", tt.tolerance, tt.says, r.results())
			}
		})
	}
}

// Commands run in order, one at a time; waiting ones are answered at once when the cable is pulled.
func TestOneAtATime(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(PumpBoard())
		b := r.board()
		b.say("half", `{"p":0,"fan":0}`)
		heard := make(chan string)
		go func() {
			for line := b.hear(); line != ""; line = b.hear() {
				heard <- line
			}
		}()
		r.ask(`{"id":"a","command":"pump","value":true}`)
		r.ask(`{"id":"b","command":"fan","value":5}`)
		first := <-heard
		synctest.Wait()
		select {
		case second := <-heard:
			t.Fatalf("%q came while %q was on the wire", second, first)
		default:
		}
		b.say(fmt.Sprintf("OK #%d", seqOf(first)), `{"p":1}`)
		if second := <-heard; seqOf(second) != seqOf(first)%codec.MaxSeq+1 {
			t.Errorf("%q came after %q", second, first)
		}
		r.ask(`{"id":"c","command":"pump","value":false}`)
		b.Close()
		want := "a done after 0s; b unknown/no_answer after 0s: the connection broke before an answer came; " +
			"c rejected/offline after 0s: the port was lost before the command was written"
		if got := r.results(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		r.ask(`{"id":"d","command":"pump","value":false}`)
		if got := r.results(); !strings.Contains(got, "d rejected/offline") {
			t.Error(got)
		}
	})
}
