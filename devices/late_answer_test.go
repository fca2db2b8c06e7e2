package devices

import (
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
)

// A refusal that comes too late is not taken for the answer to the next question, which reads another field.
func TestModbusLateNoToAQuestion(t *testing.T) {
	d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")), Field("b", relay.TypeNumber, At("holding:100", "float32")))
	d.Timeout, d.Retries = time.Second, 0
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		say := func(pdu ...byte) { _, _ = b.Write(RTU(1, pdu...)) }
		var late atomic.Bool
		go func() {
			request := make([]byte, 8)
			for {
				if _, err := io.ReadFull(b, request); err != nil {
					return
				}
				switch {
				case late.Load() && request[3] == 0:
					time.AfterFunc(1200*ms, func() { say(0x83, 2) })
				case late.Load():
					time.AfterFunc(500*ms, func() { say(3, 4, 0x43, 0x66, 0x40, 0) })
				case request[3] == 0:
					say(3, 2, 0, 1)
				default:
					say(3, 4, 0x43, 0x66, 0x40, 0)
				}
			}
		}()
		time.Sleep(100 * ms)
		late.Store(true)
		for range 300 {
			time.Sleep(100 * ms)
			if got := r.stateOf("board"); !strings.Contains(got, `"b":230.25`) {
				t.Fatalf("a's no was taken for b's: %s", got)
			}
		}
	})
}

// A refusal of one command that comes too late is not taken for the answer to the next.
func TestModbusLateNoToACommand(t *testing.T) {
	d := Unit(1)
	second := func(c *mapping.CommandConfig) { c.Timeout = time.Second }
	d.Commands = []mapping.CommandConfig{Writes("heater", relay.TypeBool, "coil:0", second), Writes("pump", relay.TypeBool, "coil:1", second)}
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		written := make(chan []byte, 9)
		go func() {
			for {
				request := make([]byte, 8)
				if _, err := io.ReadFull(b, request); err != nil {
					return
				}
				if request[1] == 5 { // a read before it shows whether the adapter has an echo
					written <- request
				}
			}
		}()
		r.ask(`{"id":"a","command":"heater","value":true}`)
		time.Sleep(time.Second)
		<-written
		time.Sleep(1200 * ms)
		r.ask(`{"id":"b","command":"pump","value":true}`)
		time.Sleep(100 * ms)
		if _, err := b.Write(RTU(1, 0x85, 4)); err != nil { // too late for the heater
			t.Fatal(err)
		}
		q := <-written
		if _, err := b.Write(q); err != nil { // the pump runs
			t.Fatal(err)
		}
		if got := elapsed.ReplaceAllString(r.results(), ""); got != "a unknown/no_answer: the hardware did not answer in time; b done" {
			t.Error(got)
		}
	})
}

// A late acknowledgement of one command is not taken for the answer to the next, if it does not show which command it
// answers.
func TestBinaryLateYes(t *testing.T) {
	d := relayBoard(func(d *mapping.DeviceConfig) {
		for i := range d.Commands {
			c := &d.Commands[i]
			c.Expect, c.Refuse, c.Confirm, c.Timeout = "AA 82", "", "", time.Second
		}
		d.Poll, d.OfflineAfter = 20*time.Second, time.Minute
	})
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.answers(t, map[string]string{"AA 01": "AA 81 00 00 2B"})
		time.Sleep(100 * ms)
		r.ask(`{"id":"a","command":"pump","value":true}`)
		time.Sleep(1200 * ms)
		r.ask(`{"id":"b","command":"speed","value":50}`)
		time.Sleep(100 * ms)
		if _, err := b.board.Write(Unhex(t, "AA 82 00 00 2C")); err != nil { // too late for the pump
			t.Fatal(err)
		}
		time.Sleep(4 * time.Second) // and nothing comes for the speed
		const want = "a unknown/no_answer: the hardware did not answer in time; b unknown/no_answer: the hardware did not answer in time"
		if got := elapsed.ReplaceAllString(r.results(), ""); got != want {
			t.Error(got)
		}
	})
}

// Answers of one device that all begin with its address do not show which query they answer.
func TestBinaryLateAnswerOfOneDevice(t *testing.T) {
	d := ByteDevice(func(f *mapping.FrameConfig) { f.Length, f.Checksum = 3, "sum8" },
		Field("a", relay.TypeNumber, Lies(1, "uint8"), OfRequest("a")), Field("b", relay.TypeNumber, Lies(1, "uint8"), OfRequest("b")))
	d.Match = map[string]string{"0": "07"}
	d.Requests = []mapping.RequestConfig{{ID: "a", Send: "07 01 {sum}"}, {ID: "b", Send: "07 02 {sum}"}}
	if problems := CheckDevice(d); len(problems) > 0 {
		t.Fatal(problems)
	}
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		var slow atomic.Bool
		go func() {
			request := make([]byte, 3)
			for {
				if _, err := io.ReadFull(b, request); err != nil {
					return
				}
				answer := Unhex(t, map[byte]string{1: "07 11 18", 2: "07 22 29"}[request[1]])
				takes := time.Duration(0)
				if slow.Load() {
					takes = map[byte]time.Duration{1: 700 * ms, 2: 300 * ms}[request[1]]
				}
				time.AfterFunc(takes, func() { _, _ = b.Write(answer) })
			}
		}()
		time.Sleep(100 * ms)
		slow.Store(true)
		for range 300 {
			time.Sleep(100 * ms)
			if v := r.field("b"); v != nil && v != float64(0x22) {
				t.Fatalf("a was taken for b: %v", v)
			}
		}
	})
}

// A line of text that comes too late from one device is not taken for the answer of another.
func TestLateAnswerOfANeighbour(t *testing.T) {
	two := func(id, request string) mapping.DeviceConfig {
		d := ATDevice(Field("weight", relay.TypeNumber, Asks(request)))
		d.ID, d.LineEnd, d.Retries = id, "\n", 0
		return d
	}
	inBubble(t, func(t *testing.T, r *rig) {
		port := serial.Default()
		port.ID, port.Path = "uno", "/dev/uno"
		if err := r.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{two("other", "1W"), two("board", "2W")}}); err != nil {
			t.Fatal(err)
		}
		b := r.board()
		var slow atomic.Bool
		go b.serve("\n", func(request string) string {
			reply := map[string]string{"1W": "111\n", "2W": "222\n"}[request]
			if slow.Load() && request == "1W" {
				time.AfterFunc(700*ms, func() { _, _ = b.Write([]byte(reply)) })
				return ""
			}
			if request == "2W" && slow.Load() {
				time.AfterFunc(300*ms, func() { _, _ = b.Write([]byte(reply)) })
				return ""
			}
			return reply
		})
		time.Sleep(100 * ms)
		slow.Store(true)
		for range 300 {
			time.Sleep(100 * ms)
			if v := r.field("weight"); v != nil && v != 222.0 {
				t.Fatalf("the neighbour's weight was taken: %v", v)
			}
		}
		if r.field("weight") != 222.0 {
			t.Error("it is asked no more")
		}
	})
}

// A timeout that is short does not let an answer that comes long after it pass for another.
func TestShortTimeoutAndLateAnswer(t *testing.T) {
	d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")), Field("b", relay.TypeNumber, At("holding:100", "")))
	d.Timeout, d.Retries = 50*ms, 0
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		var busy atomic.Bool
		go func() {
			request := make([]byte, 8)
			for {
				if _, err := io.ReadFull(b, request); err != nil {
					return
				}
				takes := 40 * ms
				if busy.Load() && request[3] == 0 {
					takes = 130 * ms
				}
				answer := RTU(1, 3, 2, 0, request[3]+1)
				time.AfterFunc(takes, func() { _, _ = b.Write(answer) })
			}
		}()
		time.Sleep(100 * ms)
		busy.Store(true)
		for range 300 {
			time.Sleep(100 * ms)
			if v := r.field("b"); v != nil && v != float64(101) {
				t.Fatalf("a was taken for b: %v", v)
			}
		}
	})
}
