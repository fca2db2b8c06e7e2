package devices

import (
	"io"
	"sync/atomic"
	"testing"
	"time"

	"minirelay/devices/answers"
	"minirelay/devices/codec"
	"minirelay/devices/codec/text"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// The last of the expected late answers ends the waiting.
func TestLateAnswersAreTaken(t *testing.T) {
	text, _ := text.CompilePattern("^OK$", relay.TypeBool, nil)
	c := &codec.Command{CommandConfig: mapping.CommandConfig{Expect: "^OK$"}, Yes: text}
	l := answers.Late{Taken: make(chan struct{}, 1)}
	q, next := toCommand(new(relay.Task), c, "1"), toCommand(new(relay.Task), c, "1")
	until := time.Now().Add(time.Hour)
	l.Expect(q, true, until)
	l.Expect(q, false, until)
	l.Expect(q, true, until)
	for i, text := range []string{"ERR", "OK", "OK"} {
		if l.Wait(next) != until || len(l.Taken) > 0 {
			t.Errorf("%d: it waits no longer", i)
		}
		l.Take([]byte(text))
	}
	if !l.Wait(next).IsZero() || len(l.Taken) != 1 {
		t.Error("it waits for nothing")
	}
	l.Take([]byte("OK"))
}

// An answer that comes only after the port was lost and opened again is not taken for another's.
func TestLateAnswerBehindAnOpening(t *testing.T) {
	d := ByteDevice(func(f *mapping.FrameConfig) { f.Length, f.Checksum = 3, "sum8" },
		Field("a", relay.TypeNumber, Lies(1, "uint8"), OfRequest("a")), Field("b", relay.TypeNumber, Lies(1, "uint8"), OfRequest("b")))
	d.Match = map[string]string{"0": "07"}
	d.Requests = []mapping.RequestConfig{{ID: "a", Send: "07 01 {sum}"}, {ID: "b", Send: "07 02 {sum}"}}
	d.Timeout, d.Retries = 500*ms, 0
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		first := r.board()
		_, _ = first.Read(make([]byte, 3)) // a, which is answered far too late
		time.Sleep(600 * ms)
		first.Close()
		time.Sleep(2 * firstWait)
		b := r.board()
		var late atomic.Bool
		late.Store(true)
		go func() {
			request := make([]byte, 3)
			for {
				if _, err := io.ReadFull(b, request); err != nil {
					return
				}
				answer := map[byte]string{1: "\x07\x11\x18", 2: "\x07\x22\x29"}[request[1]]
				say := func() { _, _ = b.Write([]byte(answer)) }
				if request[1] == 1 && late.Swap(false) {
					time.AfterFunc(100*ms, say) // the late one, and then its own
				}
				time.AfterFunc(200*ms, say)
			}
		}()
		for range 30 {
			time.Sleep(100 * ms)
			if v := r.field("b"); v != nil && v != float64(0x22) {
				t.Fatalf("a was taken for b: %v", v)
			}
		}
		if r.field("b") != float64(0x22) {
			t.Error("b is asked no more")
		}
	})
}

// A short timeout of a command does not let the answer to it pass for that to the next.
func TestShortTimeoutOfACommand(t *testing.T) {
	d := twoSwitches()
	for i := range d.Commands {
		d.Commands[i].Timeout = 50 * ms
	}
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		b.say("half", `{"p":0}`)
		go func() { _ = b.answer([][]reply{{{150 * ms, "OK"}}, {{20 * ms, "ERR"}}}) }()
		r.ask(`{"id":"a","command":"pump","value":true}`)
		time.Sleep(60 * ms)
		r.ask(`{"id":"b","command":"fan","value":40}`)
		time.Sleep(time.Second)
		want := "a unknown/no_answer after 50ms: the hardware did not answer in time; b failed/refused after 110ms: the hardware refused it"
		if got := r.results(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}
