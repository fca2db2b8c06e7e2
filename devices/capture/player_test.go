package capture

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const ms = time.Millisecond

func in(at time.Duration, data string) Record  { return Record{At: at, Data: []byte(data)} }
func out(at time.Duration, data string) Record { return Record{At: at, Out: true, Data: []byte(data)} }

func TestSplit(t *testing.T) {
	for name, test := range map[string]struct {
		recording []Record
		said      []Record
		exchanges []exchange
	}{
		"a board that talks": {
			[]Record{in(0, "a"), in(1000*ms, "b"), out(1500*ms, "PUMP\n"), in(1510*ms, "O"), in(1520*ms, "K\n"), in(2000*ms, "c")},
			[]Record{in(0, "a"), in(1000*ms, "b"), in(2000*ms, "c")},
			[]exchange{{[]byte("PUMP\n"), [][]Record{{in(10*ms, "O"), in(20*ms, "K\n")}}}},
		},
		"a device that is asked": {
			[]Record{out(0, "x"), in(900*ms, "1"), out(1000*ms, "y"), out(2000*ms, "x"), in(2010*ms, "2")},
			nil,
			[]exchange{{[]byte("x"), [][]Record{{in(900*ms, "1")}, {in(10*ms, "2")}}}, {[]byte("y"), [][]Record{nil}}},
		},
		"a long answer": {
			[]Record{in(0, "noise"), out(1000*ms, "x"), in(1200*ms, "1"), in(1249*ms, "2"), in(1298*ms, "3"), in(1400*ms, "4")},
			[]Record{in(0, "noise"), in(1400*ms, "4")},
			[]exchange{{[]byte("x"), [][]Record{{in(200*ms, "1"), in(249*ms, "2"), in(298*ms, "3")}}}},
		},
	} {
		said, exchanges := split(test.recording)
		if !reflect.DeepEqual(said, test.said) || !reflect.DeepEqual(exchanges, test.exchanges) {
			t.Errorf("%s:\n%v\n%v", name, said, exchanges)
		}
	}
}

// played runs a player in a bubble. hear returns the next bytes and their time since the beginning.
type played struct {
	net.Conn
	start   time.Time
	ended   chan error
	unknown bytes.Buffer
}

func play(t *testing.T, p *Player, do func(l *played)) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		l := &played{Conn: ours, start: time.Now(), ended: make(chan error, 1)}
		p.Unknown = func(b []byte) { fmt.Fprintf(&l.unknown, "[%s]", b) }
		ctx, cancel := context.WithCancel(t.Context())
		go func() { l.ended <- p.Run(ctx, theirs); theirs.Close() }()
		do(l)
		cancel()
		ours.Close()
		synctest.Wait()
	})
}

func (l *played) hear(t *testing.T) string {
	t.Helper()
	b := make([]byte, 100)
	n, err := l.Read(b)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%v %s", time.Since(l.start), b[:n])
}

// Lines that a board sent by itself are sent again, at the same distances, and once more with Loop.
func TestPlaySaid(t *testing.T) {
	recording := []Record{in(500*ms, "a"), in(750*ms, "b")}
	play(t, NewPlayer(recording), func(l *played) {
		for _, want := range []string{"0s a", "250ms b", "EOF"} {
			if got := l.hear(t); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		if err := <-l.ended; err != nil {
			t.Error(err)
		}
	})
	p := NewPlayer(recording)
	p.Loop, p.Speed = true, 2
	play(t, p, func(l *played) {
		for _, want := range []string{"0s a", "125ms b", "625ms a", "750ms b", "1.25s a"} {
			if got := l.hear(t); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
	})
}

// Requests get the recorded answers in turn, however their bytes come, with the numbers of the commands.
func TestPlayAnswers(t *testing.T) {
	p := NewPlayer([]Record{
		out(0, "\x01\x03\x00"), in(20*ms, "1st"), out(1000*ms, "\x01\x03\x00"), in(1010*ms, "2nd"),
		out(2000*ms, "PUMP 1 #42\n"), in(2005*ms, "OK #42 of #7\n"), out(3000*ms, "MUTE\n"),
	})
	if p.Requests() != 3 {
		t.Errorf("%d requests", p.Requests())
	}
	play(t, p, func(l *played) {
		step := func(say, want string) {
			t.Helper()
			l.start = time.Now()
			for _, b := range []byte(say) {
				_, _ = l.Write([]byte{b})
			}
			if got := l.hear(t); got != want {
				t.Errorf("%q: %s, want %s", say, got, want)
			}
		}
		step("\x01\x03\x00", "20ms 1st")
		step("\x01\x03\x00", "10ms 2nd")
		step("\x07\x01\x03\x00", "20ms 1st")
		step("PUMP 1 #42\n", "5ms OK #42 of #7\n")
		step("PUMP 1 #9\n", "5ms OK #9 of #7\n")
		step("PUMP 2 #9\nMUTE\nPUMP 1 #10\n", "5ms OK #10 of #7\n")
		_, _ = io.WriteString(l, "\x01\x03")
		time.Sleep(2 * forgetIt) // half a request is forgotten
		step("\x00\x01\x03\x00", "10ms 2nd")
		if got := l.unknown.String(); got != "[\x07][PUMP 2 #9\n][\x01\x03][\x00]" {
			t.Errorf("%q", got)
		}
	})
}

// A board does not wait for a reader: bytes that nobody reads are lost, and those after them are in time.
func TestPlayToNobody(t *testing.T) {
	var recording []Record
	for i := range 2000 {
		recording = append(recording, in(time.Duration(i)*ms, fmt.Sprintln(i)))
	}
	play(t, NewPlayer(recording), func(l *played) {
		time.Sleep(1500*ms + ms/2)
		lines := bufio.NewScanner(l)
		var last string
		for n := 0; n < 300 && lines.Scan(); n++ {
			last = lines.Text()
		}
		if !strings.HasPrefix(last, "15") {
			t.Errorf("after a while nobody read, the 300th line is %s", last)
		}
	})
}
