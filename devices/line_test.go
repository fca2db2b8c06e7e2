package devices

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"minirelay/devices/checksum"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// A port that cannot be opened is tried after 0.1, 0.2, 0.4 … 5 s, and reported once.
func TestBackoff(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.set("", errNoPort)
		r.apply(PumpBoard())
		start := time.Now()
		var tries []time.Duration
		for n := r.times(); time.Since(start) < 20*time.Second; {
			time.Sleep(ms)
			if r.times() > n {
				n = r.times()
				tries = append(tries, time.Since(start).Round(10*ms))
			}
		}
		if got := fmt.Sprint(tries); got != "[100ms 300ms 700ms 1.5s 3.1s 6.3s 11.3s 16.3s]" {
			t.Error(got)
		}
		if n := strings.Count(r.log.String(), "/dev/uno does not exist"); n != 1 {
			t.Errorf("logged %d times", n)
		}
		if s := r.ports.Stats()[0]; s.Open || s.Trouble != "/dev/uno does not exist" || s.Path != "/dev/uno" {
			t.Errorf("%+v", s)
		}

		// What is plugged in is opened at once, however long the wait has become.
		r.set("another node", nil)
		time.Sleep(lookEvery)
		r.board().say("half", `{"p":1}`)
		if r.last("availability") != "online" || r.field("pump") != true {
			t.Error(r.last("availability"), r.last("state"))
		}
		if n := strings.Count(r.log.String(), "port is open"); n != 1 {
			t.Errorf("logged %d times", n)
		}
	})
}

// Every change of condition is one line in the log: the present fault is reported, not how often it occurred.
func TestTroubleIsLoggedOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.set("", errNoPort)
		r.apply(PumpBoard())
		time.Sleep(time.Minute)
		r.set("", &serial.Error{What: "/dev/uno is in use"})
		time.Sleep(time.Minute)
		r.set("", errNoPort)
		time.Sleep(time.Minute)
		if log := r.log.String(); strings.Count(log, "does not exist") != 2 || strings.Count(log, "in use") != 1 || !strings.Contains(log, `hint="plug it in"`) {
			t.Error(log)
		}
	})
}

// A wrong speed is not taken for a board that is not there: if bytes arrive and no frame is valid, that is logged, once. A
// board that says little is given its time.
func TestBytesWithoutSense(t *testing.T) {
	for what, test := range map[string]struct {
		says []string
		want int
	}{
		"garbage":          {[]string{"\xf8\x80\x00\xff", "\xf8\x80\x00\xff", "\xf8"}, 1},
		"nothing":          {nil, 0},
		"sense in the end": {[]string{"\xf8\x80\x00\xff", `{"p":1}`}, 0},
	} {
		t.Run(what, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				d := PumpBoard()
				r.apply(d)
				for _, s := range test.says {
					r.board().say(s)
				}
				time.Sleep(3 * d.OfflineAfter)
				synctest.Wait()
				if n := strings.Count(r.log.String(), "no device of this port understands them"); n != test.want {
					t.Errorf("logged %d times", n)
				}
			})
		})
	}
}

// A port that is lost as soon as it is opened neither spins nor fills the log.
func TestFlapping(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		done := make(chan struct{})
		defer close(done)
		go func() {
			for n := 0; ; {
				select {
				case <-done:
					return
				case <-time.After(ms):
				}
				r.mu.Lock()
				for ; n < len(r.boards); n++ {
					r.boards[n].Close()
				}
				r.mu.Unlock()
			}
		}()
		r.apply(PumpBoard())
		time.Sleep(time.Minute)
		if n := r.times(); n < 10 || n > 20 {
			t.Errorf("opened %d times in a minute", n)
		}
		log := r.log.String()
		if strings.Count(log, "port is open") != 1 || strings.Count(log, "lost as soon as it is opened") != 1 {
			t.Error(log)
		}
		if got := r.counts(); got.Reopened != uint64(r.times()-1) {
			t.Errorf("%+v", got)
		}
	})
}

// A pulled cable is offline at once; the board is back with its second line, and no earlier command is written to the
// board that is plugged in then.
func TestReplugged(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(PumpBoard())
		b := r.board()
		b.say("half", `{"p":1}`)
		synctest.Wait()
		r.set("", errNoPort)
		b.Close()
		if r.last("availability") != "offline" || r.field("pump") != nil {
			t.Error(r.last("availability"), r.last("state"))
		}
		time.Sleep(time.Minute)
		r.ask(`{"id":"a","command":"pump","value":true}`)
		r.set("again", nil)
		time.Sleep(lookEvery)
		b = r.board()
		b.say(`{"p":1}`) // may be glued together from two halves
		if r.last("availability") != "offline" {
			t.Error("the first line after opening counts")
		}
		b.say(`{"p":0}`)
		if r.last("availability") != "online" || r.field("pump") != false {
			t.Error(r.last("availability"), r.last("state"))
		}
		if !strings.Contains(r.results(), "a rejected/offline") {
			t.Error(r.results())
		}
	})
}

// With a checksum the first line counts, and a damaged one does not.
func TestSealedLines(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		d := PumpBoard()
		d.Checksum = "crc16-modbus"
		r.apply(d)
		b := r.board()
		sum, _ := checksum.Of(d.Checksum)
		seal := func(s string) string { return string(sum.AddSum([]byte(s), 0)) }
		b.say(strings.Replace(seal(`{"p":1}`), "1", "0", 1), `{"p":0}`, seal(`{"p":1}`))
		if r.field("pump") != true || r.counts().Damaged != 2 {
			t.Errorf("%s %+v", r.last("state"), r.counts())
		}
		go func() {
			line := b.hear()
			if text, ok := sum.Strip([]byte(line)); !ok || !strings.HasPrefix(string(text), "PUMP 0 #") {
				t.Errorf("written %q", line)
			}
			b.say(fmt.Sprintf("OK #%d", seqOf(line)), seal(fmt.Sprintf("OK #%d", seqOf(line))), seal(`{"p":0}`))
		}()
		r.ask(`{"id":"a","command":"pump","value":false}`)
		if got := r.results(); got != "a done after 0s" || r.counts().Damaged != 3 {
			t.Errorf("%s %+v", got, r.counts())
		}
	})
}

// A board that only takes commands is online as soon as its port is open, and stays so in silence.
func TestDeviceWithoutFields(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		d := PumpBoard(func(c *mapping.CommandConfig) { c.Confirm = "" })
		d.Fields = nil
		r.apply(d)
		b := r.board()
		time.Sleep(time.Hour)
		go func() { b.say(fmt.Sprintf("OK #%d", seqOf(b.hear()))) }() // the first line since it was opened
		r.ask(`{"id":"a","command":"pump","value":true}`)
		if got := r.results(); got != "a done after 0s" {
			t.Error(got)
		}
		d.OfflineAfter *= 2
		r.apply(d)
		if r.last("availability") != "online" {
			t.Error("offline after a change of the description")
		}
	})
}

func TestNoiseIsCounted(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(PumpBoard())
		b := r.board()
		b.say("half", "boot v1.2", "\x00\xff", `{"p":`, strings.Repeat("x", 5000), "OK #1", `{"p":"1","fan":1e999}`, `{"p":1,"fan":20}`, `{"x":1}`)
		want := wire.Counts{Frames: 4, Noise: 3, Overlong: 1, Implausible: 2, Late: 1}
		got := r.counts()
		got.Bytes = 0
		if got != want {
			t.Errorf("%+v", got)
		}
		if r.field("pump") != true || r.field("fan") != 20.0 {
			t.Error(r.last("state"))
		}
	})
}

// Closing lets the command in flight end, and answers the waiting ones.
func TestClose(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(PumpBoard())
		b := r.board()
		b.say("half", `{"p":0}`)
		go func() {
			line := b.hear()
			time.Sleep(time.Second)
			b.say(fmt.Sprintf("OK #%d", seqOf(line)), `{"p":1}`)
		}()
		r.ask(`{"id":"a","command":"pump","value":true}`)
		r.ask(`{"id":"b","command":"fan","value":1}`)
		if err := r.ports.Close(t.Context()); err != nil {
			t.Error(err)
		}
		r.ask(`{"id":"c","command":"fan","value":1}`)
		want := "b rejected/stopping after 0s: the gateway is stopping; a done after 1s; c rejected/"
		if got := r.results(); !strings.HasPrefix(got, want) {
			t.Error(got)
		}
		if err := r.ports.Apply(Config{}); err == nil {
			t.Error("closed ports take a config")
		}
		if err := r.ports.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// When the time is over, the outcome of the command in flight is unknown.
func TestCloseCutsOff(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(PumpBoard(func(c *mapping.CommandConfig) { c.Timeout = time.Minute }))
		b := r.board()
		b.say("half", `{"p":0}`)
		go b.hear()
		r.ask(`{"id":"a","command":"pump","value":true}`)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := r.ports.Close(ctx); err != context.DeadlineExceeded {
			t.Error(err)
		}
		if got := r.results(); got != "a unknown/no_answer after 3s: the gateway stopped before an answer came" {
			t.Error(got)
		}
	})
}

// brokenWriter is a stream that accepts only so many bytes of a command.
type brokenWriter struct {
	io.ReadWriteCloser
	take int
}

func (b *brokenWriter) Write(p []byte) (int, error) { return b.take, serial.ErrHungUp }

func TestWriteErrors(t *testing.T) {
	for take, want := range map[int]string{
		0: "a failed/io_error after 0s: nothing could be written to the port",
		3: "a unknown/no_answer after 0s: the connection broke while the command was being written",
	} {
		inBubble(t, func(t *testing.T, r *rig) {
			r.ports.open = func(c serial.Config) (io.ReadWriteCloser, error) {
				s, err := r.open(c)
				return &brokenWriter{s, take}, err
			}
			r.apply(PumpBoard())
			r.board().say("half", `{"p":0}`)
			r.ask(`{"id":"a","command":"pump","value":true}`)
			if got := r.results(); got != want {
				t.Error(got)
			}
			if r.last("availability") != "offline" {
				t.Error("the port is still in use")
			}
			time.Sleep(firstWait)
			synctest.Wait()
			if r.times() != 2 {
				t.Errorf("opened %d times", r.times())
			}
		})
	}
}

// A value that the relay accepts and the wire cannot carry is refused, and nothing is written.
func TestValueTooLargeForTheWire(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		d := PumpBoard()
		d.Commands[1].Min, d.Commands[1].Max = relay.Open.Min, relay.Open.Max
		r.apply(d)
		r.board().say("half", `{"p":0}`)
		r.ask(`{"id":"a","command":"fan","value":1e300}`)
		if got := r.results(); got != "a rejected/out_of_range after 0s: the value is too large for the wire" {
			t.Error(got)
		}
	})
}
