package devices

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
	"minirelay/softboard"
)

// seen returns the records that a watcher has been shown so far, one a line.
func seen(w *wire.Watch) string {
	synctest.Wait()
	var lines []string
	for {
		select {
		case r, ok := <-w.Records:
			if !ok {
				return strings.Join(append(lines, "end"), "\n")
			}
			lines = append(lines, Describe(r))
		default:
			return strings.Join(lines, "\n")
		}
	}
}

// A watcher of a port sees every byte, the result of each frame, and the reason why one was dropped.
func TestWatch(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		d := PumpBoard()
		d.Fields[1].Max = 100
		r.apply(d)
		if _, err := r.ports.Watch("due"); err != ErrNoPort {
			t.Errorf("%v", err)
		}
		w, err := r.ports.Watch("uno")
		if err != nil {
			t.Fatal(err)
		}
		b := r.board()
		expect := func(want ...string) {
			t.Helper()
			if got := seen(w); got != strings.Join(want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
			}
		}
		b.say(`1,"fan":2}`)
		expect(`open true`, `< 1,"fan":2}·`, `[1,"fan":2}]  false: it may be half a frame: the port has just been opened`)
		b.say(`{"p":1,"fan":20}`)
		expect(`< {"p":1,"fan":20}·`, `[{"p":1,"fan":20}] board true pump=true fan=20`)
		b.say(`{"p":7,"fan":101}`)
		expect(`< {"p":7,"fan":101}·`, `[{"p":7,"fan":101}] board true pump=null fan=null: pump: 7 is not one of false or 0, true or 1; fan: 101 is greater than its max = 100`)
		b.say(`{"p":1,"fan":2`)
		expect(`< {"p":1,"fan":2·`, `[{"p":1,"fan":2]  false: it is not a JSON object: it ends too early`)
		b.say("booting")
		expect(`< booting·`, `[booting]  false: it is not a JSON object: unexpected 'b' at byte 1`)
		b.say("\xff\x00")
		expect("< ···", "[··]  false: it contains a NUL, so it is not text")
		b.say(strings.Repeat("x", 5000))
		if got := seen(w); !strings.Contains(got, "false: it is longer than max_frame") {
			t.Errorf("%.200s", got)
		}

		r.ask(`{"id":"a","command":"pump","value":true}`)
		seq := seqOf(b.hear())
		b.say("OK #99999", fmt.Sprintf("OK #%d", seq))
		b.say(`{"p":1}`)
		expect(fmt.Sprintf("> PUMP 1 #%d·", seq), "< OK #99999·", "[OK #99999] board false (command): it answers no waiting command: too late, repeated, or with another number",
			fmt.Sprintf("< OK #%d·", seq), fmt.Sprintf("[OK #%d] board true (command)", seq), `< {"p":1}·`, `[{"p":1}] board true pump=true`)

		r.set("", errNoPort)
		b.Close()
		expect("open false EOF")
		time.Sleep(2 * firstWait)
		expect("open false /dev/uno does not exist")
		time.Sleep(2 * longWait)
		expect("")
		if err := r.ports.Apply(Config{}); err != nil {
			t.Fatal(err)
		}
		expect("end")
		w.Close()
	})
}

// A watcher that does not look misses records; the port and other watchers never notice. Nine are too many.
func TestSlowWatcher(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(PumpBoard())
		b := r.board()
		var all []*wire.Watch
		for {
			w, err := r.ports.Watch("uno")
			if err == wire.ErrManyWatchers {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, w)
		}
		if len(all) != wire.MaxWatchers {
			t.Errorf("%d watchers", len(all))
		}
		attentive := ""
		for i := range 1000 {
			b.say(fmt.Sprintf(`{"fan":%d}`, i%100))
			attentive += seen(all[0]) + "\n"
		}
		if n := strings.Count(attentive, " board true"); n != 999 || all[0].Missed() != 0 {
			t.Errorf("%d frames seen", n)
		}
		if r.counts().Frames != 999 || r.field("fan") != 99.0 {
			t.Errorf("%+v", r.counts())
		}
		if n := all[1].Missed(); n != 2001-wire.WatchBuffer || all[1].Missed() != 0 {
			t.Errorf("%d missed", n)
		}
		for _, w := range all {
			w.Close()
			w.Close()
		}
		if w, err := r.ports.Watch("uno"); err != nil || all[2].Counts().Frames != 999 {
			t.Error(err)
		} else {
			w.Close()
		}
		if r.ports.lines[0].tap.Watched() {
			t.Error("an ended watch is still shown records")
		}
	})
}

// Without a watcher, watching costs no memory.
func TestUnwatchedTap(t *testing.T) {
	var tap wire.Tap
	data, now, c := []byte("some bytes"), time.Now(), mapping.DeviceConfig{}
	if n := testing.AllocsPerRun(100, func() {
		tap.ShowBytes(now, true, data)
		taken(&tap, now, &c, "", data, nil)
		tap.Drop(&tap.Noise, data, "why")
		tap.Because("why")
		tap.Turn()
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// lingering is a port whose Write goes on for a while after the bytes have left.
type lingering struct{ io.ReadWriteCloser }

func (l lingering) Write(b []byte) (int, error) {
	n, err := l.ReadWriteCloser.Write(b)
	time.Sleep(10 * time.Millisecond)
	return n, err
}

// A request is shown before its answer, however fast that comes: recordings are read in their order.
func TestWatchShowsRequestsFirst(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.bus = &softboard.ModbusBus{Units: []*softboard.ModbusUnit{softboard.NewModbusUnit(1).Set(softboard.HoldingRegisters, 0, 7)}}
		r.ports.open = func(c serial.Config) (io.ReadWriteCloser, error) {
			s, err := r.open(c)
			return lingering{s}, err
		}
		r.apply(Unit(1, Field("a", relay.TypeNumber, At("holding:0", ""))))
		w, err := r.ports.Watch("uno")
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		time.Sleep(500 * time.Millisecond)
		seen(w) // perhaps only a part of the first request
		time.Sleep(2 * time.Second)
		got := seen(w)
		request := "> ········\n< ·······\n[·······] board true a=7 (holding:0)"
		if got != request+"\n"+request {
			t.Error(got)
		}
	})
}
