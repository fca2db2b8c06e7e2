package devices

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// byteBoard answers what is written to it, and keeps it.
type byteBoard struct {
	board *board
	mu    sync.Mutex
	heard []string
}

// answers makes the newest board answer: each request that begins with a key gets its answer, in hexadecimal.
func (r *rig) answers(t *testing.T, table map[string]string) *byteBoard {
	b := &byteBoard{board: r.board()}
	go func() {
		buf := make([]byte, 256)
		for {
			n, err := b.board.Read(buf)
			if err != nil {
				return
			}
			request := HexOf(buf[:n])
			b.mu.Lock()
			b.heard = append(b.heard, request)
			b.mu.Unlock()
			for begins, answer := range table {
				if strings.HasPrefix(request, begins) && answer != "" {
					_, _ = b.board.Write(Unhex(t, answer))
				}
			}
		}
	}()
	return b
}

// count returns how often something that begins so was written.
func (b *byteBoard) count(begins string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range b.heard {
		if strings.HasPrefix(h, begins) {
			n++
		}
	}
	return n
}

// relayBoard has two relays and a speed: AA, command, value, sum8. Its state is polled with 01.
func relayBoard(change ...func(*mapping.DeviceConfig)) mapping.DeviceConfig {
	d := ByteDevice(func(f *mapping.FrameConfig) { f.Start, f.Length, f.Checksum = "AA", 5, "sum8" },
		Field("pump", relay.TypeBool, Lies(2, "uint8"), Bit(0, 1)), Field("speed", relay.TypeNumber, Lies(3, "uint8")))
	d.Requests = []mapping.RequestConfig{{ID: "state", Send: "AA 01 {sum}", Match: map[string]string{"1": "81"}}}
	pump := mapping.DefaultCommand()
	pump.ID, pump.Type, pump.Send, pump.Expect, pump.Refuse = "pump", relay.TypeBool, "AA 02 {value} {sum}", "AA 82 {value}", "AA C2"
	speed := mapping.DefaultCommand()
	speed.ID, speed.Type, speed.Send, speed.Confirm = "speed", relay.TypeNumber, "AA 03 {value:uint16be} {sum}", "speed"
	speed.Max, speed.Min, speed.Scale = 1000, 0, 0.1
	d.Commands = []mapping.CommandConfig{pump, speed}
	for _, c := range change {
		c(&d)
	}
	return d
}

// A polled device: its values, and the results of commands.
func TestAskedBytes(t *testing.T) {
	for name, tt := range map[string]struct {
		answers map[string]string
		command string
		want    string
		written string
	}{
		"done":    {map[string]string{"AA 02": "AA 82 01 00 2D"}, `{"id":"1","command":"pump","value":true}`, "1 done", "AA 02 01 AD"},
		"refused": {map[string]string{"AA 02": "AA C2 00 00 6C"}, `{"id":"1","command":"pump","value":false}`, "1 failed/refused: the hardware refused it", "AA 02 00 AC"},
		"of another value": {map[string]string{"AA 02": "AA 82 00 00 2C"}, `{"id":"1","command":"pump","value":true}`,
			"1 unknown/no_answer: the hardware did not answer in time", "AA 02 01 AD"},
		"damaged": {map[string]string{"AA 02": "AA 82 01 00 2E"}, `{"id":"1","command":"pump","value":true}`,
			"1 unknown/no_answer: the hardware did not answer in time", "AA 02 01 AD"},
		"noise before": {map[string]string{"AA 02": "AA FF 00 AA 82 01 00 2D"}, `{"id":"1","command":"pump","value":true}`, "1 done", "AA 02 01 AD"},
		"read back":    {nil, `{"id":"1","command":"speed","value":2}`, "1 done", "AA 03 00 14 C1"},
		"otherwise": {nil, `{"id":"1","command":"speed","value":3}`,
			"1 failed/mismatch: the hardware reads back 2 instead of 3", "AA 03 00 1E CB"},
		"out of range": {nil, `{"id":"1","command":"speed","value":1001}`, "1 rejected/out_of_range: the value must be from 0 to 1000", ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				r.apply(relayBoard())
				answers := map[string]string{"AA 01": "AA 81 01 02 2E"}
				for begins, answer := range tt.answers {
					answers[begins] = answer
				}
				b := r.answers(t, answers)
				time.Sleep(3 * time.Second)
				if r.field("pump") != true || r.field("speed") != 2.0 {
					t.Fatalf("the state is %s", r.last("state"))
				}
				r.ask(tt.command)
				time.Sleep(10 * time.Second)
				got := r.results()
				if i := strings.Index(got, " after "); i >= 0 {
					_, rest, _ := strings.Cut(got[i+7:], ":")
					if got = got[:i]; rest != "" {
						got += ":" + rest
					}
				}
				if got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				if tt.written != "" && b.count(tt.written) != 1 {
					t.Errorf("%s was written %d times: %v", tt.written, b.count(tt.written), b.heard[max(0, len(b.heard)-4):])
				}
			})
		})
	}
}

// A device that talks by itself and takes commands, with a number in both directions and byte stuffing.
func TestTalkedBytes(t *testing.T) {
	d := ByteDevice(func(f *mapping.FrameConfig) { f.Stuffing, f.Checksum = "slip", "crc16-xmodem" },
		Field("level", relay.TypeNumber, Lies(1, "uint16"), Match("0", "01")))
	set := mapping.DefaultCommand()
	set.ID, set.Type, set.Send, set.Expect, set.Refuse = "set", relay.TypeNumber, "10 {seq} {value:int16le} {sum}", "11 {seq}", "12 {seq}"
	d.Commands = []mapping.CommandConfig{set}
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		say := func(content ...byte) { _, _ = b.Write(SLIP(Summed("crc16-xmodem", content...))) }
		hear := func() []byte {
			buf := make([]byte, 64)
			n, _ := b.Read(buf)
			content := UnSLIP(buf[:n])
			if len(content) < 2 || !bytes.Equal(Summed("crc16-xmodem", content[:len(content)-2]...), content) {
				t.Fatalf("%X is no frame", buf[:n])
			}
			return content[:len(content)-2]
		}
		say(1, 0xC0, 0xDB)
		if r.field("level") != float64(0xC0DB) {
			t.Fatalf("the state is %s", r.last("state"))
		}
		r.ask(`{"id":"a","command":"set","value":-2}`)
		got := hear()
		if got[0] != 0x10 || got[2] != 0xFE || got[3] != 0xFF {
			t.Errorf("written: % X", got)
		}
		say(0x11, got[1]+1) // of another one
		say(1, 0, 5)
		say(0x11, got[1])
		if got := r.results(); got != "a done after 0s" {
			t.Errorf("got %q", got)
		}
		r.ask(`{"id":"b","command":"set","value":7}`)
		got = hear()
		say(0x12, got[1])
		if got := r.results(); got != "a done after 0s; b failed/refused after 0s: the hardware refused it" {
			t.Errorf("got %q", got)
		}
		if r.field("level") != 5.0 || r.counts().Late != 1 {
			t.Errorf("the state is %s, %+v", r.last("state"), r.counts())
		}
	})
}

// A value that the wire cannot carry is never written.
func TestTooLargeForTheWire(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(relayBoard(func(d *mapping.DeviceConfig) { d.Commands[1].Max = relay.Open.Max }))
		b := r.answers(t, map[string]string{"AA 01": "AA 81 01 02 2E"})
		time.Sleep(2 * time.Second)
		r.ask(`{"id":"1","command":"speed","value":7000}`)
		time.Sleep(time.Second)
		if got := r.results(); !strings.HasPrefix(got, "1 rejected/out_of_range") || !strings.Contains(got, "does not fit into uint16") || b.count("AA 03") != 0 {
			t.Errorf("%q, written %d times", got, b.count("AA 03"))
		}
	})
}

// Silence ends a frame where nothing in it does, at once and not with the next frame.
func TestGap(t *testing.T) {
	d := ByteDevice(func(f *mapping.FrameConfig) { f.Gap, f.Checksum = 20*time.Millisecond, "crc16-modbus" },
		Field("level", relay.TypeNumber, Lies(0, "uint16")))
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		frame := Summed("crc16-modbus", 0, 7)
		_, _ = b.Write(frame[:2])
		time.Sleep(15 * time.Millisecond)
		_, _ = b.Write(frame[2:])
		time.Sleep(19 * time.Millisecond)
		if r.last("state") != "" && r.field("level") != nil {
			t.Errorf("too early: %s", r.last("state"))
		}
		time.Sleep(2 * time.Millisecond)
		if r.field("level") != 7.0 {
			t.Errorf("the state is %s", r.last("state"))
		}
		_, _ = b.Write(frame[:2])
		time.Sleep(time.Second)
		if r.counts().Damaged != 1 {
			t.Errorf("%+v", r.counts())
		}
	})
}

// The frames of an incomplete answer are used nevertheless.
func TestAnswerOfSeveralFrames(t *testing.T) {
	d := relayBoard(func(d *mapping.DeviceConfig) {
		d.Commands, d.Requests[0].Frames = nil, 2
		d.Fields[0].Match, d.Fields[1].Match = map[string]string{"2": "01"}, map[string]string{"2": "02"}
	})
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		r.answers(t, map[string]string{"AA 01": "AA 81 01 02 2E FF AA"})
		time.Sleep(5 * time.Second)
		if r.field("pump") != true || r.field("speed") != nil {
			t.Errorf("the state is %s", r.last("state"))
		}
	})
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		r.answers(t, map[string]string{"AA 01": "AA 81 01 02 2E FF AA 81 02 07 34"})
		time.Sleep(5 * time.Second)
		if r.field("pump") != true || r.field("speed") != 7.0 || r.counts().Unanswered != 0 {
			t.Errorf("the state is %s", r.last("state"))
		}
	})
}

// New frames of a running device: the port is opened again, and the bytes are cut by the new description.
func TestFrameIsChanged(t *testing.T) {
	d := ByteDevice(func(f *mapping.FrameConfig) { f.Start, f.Length, f.Checksum = "AA", 3, "sum8" }, Field("v", relay.TypeNumber, Lies(1, "")))
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		_, _ = r.board().Write([]byte{0xAA, 1, 0xAB})
		if r.field("v") != 1.0 {
			t.Fatalf("the state is %s", r.last("state"))
		}
		d.Frame.Start = "BB"
		r.apply(d)
		_, _ = r.board().Write([]byte{0xAA, 1, 0xAB, 0xBB, 2, 0xBD})
		if r.field("v") != 2.0 || r.times() != 2 {
			t.Errorf("the state is %s, opened %d times", r.last("state"), r.times())
		}
	})
}
