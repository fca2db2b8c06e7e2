package devices

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"minirelay/devices/capture"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// judged returns what a watcher has seen until a second request was written: its bytes as a recording, and its frames,
// a line each.
func judged(w *wire.Watch) (recording []capture.Record, frames string) {
	synctest.Wait()
	var lines []string
	began := time.Now()
	for len(w.Records) > 0 {
		switch r := <-w.Records; {
		case r.Bytes != nil && r.Bytes.Out && len(recording) > 0:
			return recording, strings.Join(lines, "\n")
		case r.Bytes != nil:
			if len(recording) == 0 {
				began = r.At
			}
			recording = append(recording, capture.Record{At: r.At.Sub(began), Out: r.Bytes.Out, Data: r.Bytes.Data})
		case r.Frame != nil:
			lines = append(lines, Describe(r))
		}
	}
	return recording, strings.Join(lines, "\n")
}

// asDecode translates the reasons that only a line can give into those of Decode: where it began, how long it waited,
// and which command waits.
var asDecode = strings.NewReplacer("the port has just been opened", "the recording begins here",
	"no device on this port", "the device", " in 500ms", "",
	"false (command): it answers no waiting command: too late, repeated, or with another number", "true (command pump)")

// A recording is judged as the line that recorded it judged: the same frames, values, reasons and counts.
func TestDecodeJudgesAsTheLine(t *testing.T) {
	sealed := PumpBoard()
	sealed.Checksum = "xor8"
	scales := ATDevice(Field("weight", relay.TypeNumber, Asks("W")))
	scales.LineEnd, scales.Retries = "\n", 0
	gap := ByteDevice(func(f *mapping.FrameConfig) { f.Length, f.Checksum, f.Gap = 3, "sum8", 20*ms },
		Field("a", relay.TypeNumber, Lies(1, "uint8"), OfRequest("a")))
	gap.Match, gap.Retries = map[string]string{"0": "07"}, 0
	gap.Requests = []mapping.RequestConfig{{ID: "a", Send: "07 01 {sum}"}}
	lamp := Unit(1, Field("lamp", relay.TypeBool, At("coil:0", "")))

	for name, tt := range map[string]struct {
		device mapping.DeviceConfig
		echo   bool
		say    []string // lines of a board that talks by itself; pieces of an answer, 100 ms each, of a polled one
		want   string
	}{
		"a board that talks": {PumpBoard(), false,
			[]string{`n":2}`, `{"p":1,"fan":20}`, `{"p":2}`, "booting", "ERR #4711 no", "\xff", `{"x":1}`, strings.Repeat("x", 70)},
			`[n":2}]  false: it may be half a frame: the recording begins here
[{"p":1,"fan":20}] board true pump=true fan=20
[{"p":2}] board true pump=null: pump: 2 is not one of false or 0, true or 1
[booting]  false: it is not a JSON object: unexpected 'b' at byte 1
[ERR #4711 no] board true (command pump)
[·]  false: it is not UTF-8, so it is not text: is the baud rate right?
[{"x":1}] board true
[` + strings.Repeat("x", 70) + `]  false: it is longer than max_frame`},
		"with checksums": {sealed, false, []string{`{"p":1}`, `{"p":1}*00`, `{"p":1}*7D`, `boot*`},
			`[{"p":1}]  false: its checksum is wrong or missing
[{"p":1}*00]  false: its checksum is wrong or missing
[{"p":1}*7D] board true pump=true
[boot*]  false: its checksum is wrong or missing`},
		"an answer in pieces": {scales, false, []string{"boot\n", "12", ".5\n", "late\n"},
			"[boot·12.5·] board true weight=12.5 (W)\n" +
				"[late·]  false: no request was waiting when it came: too late, or from another device"},
		"no answer":         {scales, false, nil, "[] board false (W): no answer"},
		"what is no answer": {scales, false, []string{"warm\n"}, `[warm·] board true (W): the device refused: the answer "warm" contains no value`},
		"half an answer":    {lamp, false, []string{"\x01\x01"}, "[··] board false (coil:0): it can never become the answer\n[] board false (coil:0): no answer"},
		"a no":              {lamp, false, []string{string(RTU(1, 0x81, 2))}, "[·····] board true (coil:0): the device refused: the unit has no such register (exception 2)"},
		"spoilt behind its echo, then whole": {gap, true, []string{"\x07\x01\x08", "\x07\x11\x19", "\x07\x22\x29"},
			"[···] board false (a): it contains no intact frame that answers the request\n[·\")] board true a=34 (a)"},
		"nothing but the echo": {gap, true, []string{"\x07\x01\x08"}, "[] board false (a): no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) { judgeTwice(t, r, tt.device, tt.echo, tt.say, tt.want) })
		})
	}
}

// judgeTwice has a line judge what a board says, and Decode the recording of it; both must find what is wanted.
func judgeTwice(t *testing.T, r *rig, d mapping.DeviceConfig, echo bool, say []string, want string) {
	port := serial.Default()
	port.ID, port.Path, port.Echo = "uno", "/dev/uno", echo
	d.Poll, d.Timeout, d.OfflineAfter = 10*time.Second, 500*ms, time.Hour
	d.MaxFrame = 64
	r.ports.open = func(c serial.Config) (io.ReadWriteCloser, error) {
		time.Sleep(ms) // until the watch has begun
		return r.open(c)
	}
	if err := r.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{d}}); err != nil {
		t.Fatal(err)
	}
	w, err := r.ports.Watch("uno")
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * ms)
	b := r.board()
	if requests, err := Questions(d); err != nil {
		t.Fatal(err)
	} else if len(requests) == 0 {
		b.say(say...)
	} else {
		_, _ = b.Read(make([]byte, 100))
		for _, piece := range say {
			time.Sleep(100 * ms)
			_, _ = b.Write([]byte(piece))
		}
		go func() { _, _ = io.Copy(io.Discard, b) }()
	}
	time.Sleep(10100 * ms) // what comes unasked is dropped at the next request
	counts := r.counts()
	recording, live := judged(w)
	if live = asDecode.Replace(live); live != want {
		t.Errorf("the line says\n%s\nwant\n%s", live, want)
	}
	var frames []string
	decoded, err := Decode(port, d, recording, func(r wire.Record) {
		if r.Frame != nil {
			frames = append(frames, Describe(r))
		}
	})
	if got := strings.Join(frames, "\n"); err != nil || got != want {
		t.Errorf("Decode says\n%s\nwant\n%s (%v)", got, want, err)
	}
	for name, n := range map[string][2]uint64{"frames": {counts.Frames, decoded.Frames}, "noise": {counts.Noise, decoded.Noise},
		"damaged": {counts.Damaged, decoded.Damaged}, "overlong": {counts.Overlong, decoded.Overlong},
		"implausible": {counts.Implausible, decoded.Implausible}, "unanswered": {counts.Unanswered, decoded.Unanswered}} {
		if n[0] != n[1] {
			t.Errorf("%s: %d on the line, %d in its recording", name, n[0], n[1])
		}
	}
}
