package devices

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"minirelay/devices/codec"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
)

// A port that accepts no bytes is not waited for beyond the time of the command, and no byte leaves later.
func TestNoByteAfterItsTime(t *testing.T) {
	line, c := ptyPort(t)
	p, err := serial.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	full := 0
	for err == nil {
		var n int
		n, err = p.(serial.DeadlineWriter).WriteBy(make([]byte, 1<<20), time.Now().Add(50*time.Millisecond))
		full += n
	}
	if n, err := p.(serial.DeadlineWriter).WriteBy([]byte("PUMP 1\n"), time.Now().Add(-time.Second)); n != 0 || err != serial.ErrStuck {
		t.Errorf("%d bytes of a command that is over, %v", n, err)
	}
	if _, err := io.CopyN(io.Discard, line, int64(full)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write([]byte("PUMP 2\n")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 7)
	if _, err := io.ReadFull(line, b); err != nil || string(b) != "PUMP 2\n" {
		t.Errorf("%q, %v", b, err)
	}
}

// slow is a port that accepts bytes only after a while.
type slow struct {
	io.ReadWriteCloser
	after time.Duration
}

func (s slow) WriteBy(b []byte, by time.Time) (int, error) {
	if wait := time.Until(by); wait < s.after {
		time.Sleep(wait)
		return 0, serial.ErrStuck
	}
	time.Sleep(s.after)
	return s.Write(b)
}

// A command that the port does not accept in time is expired, and the port stays open for the next.
func TestPortThatTakesTheCommandTooLate(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.ports.open = func(c serial.Config) (io.ReadWriteCloser, error) {
			s, err := r.open(c)
			return slow{s, 700 * ms}, err
		}
		r.apply(PumpBoard(func(c *mapping.CommandConfig) { c.MaxAge = 500 * ms }))
		b := r.board()
		b.say("half", `{"p":0}`)
		r.ask(`{"id":"a","command":"pump","value":true}`)
		time.Sleep(time.Second)
		if got := r.results(); got != "a rejected/expired after 500ms: it was not written in time and will not be" || r.last("availability") != "online" {
			t.Error(got, r.last("availability"))
		}
	})
}

// The same with polled devices.
func TestPortThatTakesTheRequestTooLate(t *testing.T) {
	d := Unit(1, Field("lamp", relay.TypeBool, At("coil:0", "")))
	d.Commands = []mapping.CommandConfig{Writes("lamp", relay.TypeBool, "coil:0", func(c *mapping.CommandConfig) { c.MaxAge = 500 * ms })}
	d.Poll, d.OfflineAfter = 10*time.Second, 30*time.Second
	inBubble(t, func(t *testing.T, r *rig) {
		r.ports.open = func(c serial.Config) (io.ReadWriteCloser, error) {
			s, err := r.open(c)
			return slow{s, 700 * ms}, err
		}
		r.apply(d)
		b := r.board()
		requests := make(chan int, 1)
		go func() {
			n := 0
			for request := make([]byte, 8); ; n++ {
				if _, err := io.ReadFull(b, request); err != nil {
					requests <- n
					return
				}
				_, _ = b.Write(RTU(1, 1, 1, 0))
			}
		}()
		time.Sleep(time.Second)
		r.ask(`{"id":"a","command":"lamp","value":true}`)
		time.Sleep(time.Second)
		if got := r.results(); got != "a rejected/expired after 500ms: it was not written in time and will not be" || r.last("availability") != "online" {
			t.Error(got, r.last("availability"))
		}
		b.Close()
		if n := <-requests; n != 1 {
			t.Errorf("%d requests, of which one is a reading", n)
		}
	})
}

// laggard is a codec that gives a command its checksum after a while: the steps between the lane and the wire may take
// their time on a busy machine.
type laggard struct {
	codec.Stream
	after time.Duration
}

func (l laggard) AddSum(b []byte) []byte {
	time.Sleep(l.after)
	return l.Stream.AddSum(b)
}

// The time is checked right before the write, also before a second one; a late second write is not reported as if
// nothing had been written.
func TestTimeIsLookedAtBeforeEachWrite(t *testing.T) {
	for name, tt := range map[string]struct {
		age    time.Duration
		want   string
		writes int
	}{
		"the first":  {500 * ms, "a rejected/expired after 500ms: it was not written in time and will not be", 0},
		"the second": {3 * time.Second, "a unknown/no_answer after 3.4s: the hardware did not answer in time", 1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				r.apply(PumpBoard(func(c *mapping.CommandConfig) { c.MaxAge, c.Idempotent, c.Retries = tt.age, true, 3 }))
				b := r.board()
				b.say("half", `{"p":0}`)
				synctest.Wait()
				l := r.ports.lines[0]
				l.mu.Lock()
				l.devices[0].stream = laggard{l.devices[0].stream, 700 * ms}
				l.mu.Unlock()
				writes := make(chan int, 1)
				go func() {
					n := 0
					for b.hear() != "" {
						n++
					}
					writes <- n
				}()
				r.ask(`{"id":"a","command":"pump","value":true}`)
				time.Sleep(5 * time.Second)
				if got := r.results(); got != tt.want {
					t.Error(got)
				}
				b.Close()
				if n := <-writes; n != tt.writes {
					t.Errorf("written %d times", n)
				}
			})
		})
	}
}
