package devices

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"minirelay/devices/capture"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
)

// decoded returns the records that Decode shows, a record a line.
func decoded(t *testing.T, d mapping.DeviceConfig, text string) (string, wire.Counts) {
	t.Helper()
	_, recording, err := capture.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	counts, err := Decode(serial.Default(), d, recording, func(r wire.Record) {
		if r.At.Before(DecodeStart) || r.At.Sub(DecodeStart) > time.Hour {
			t.Errorf("at %v", r.At)
		}
		lines = append(lines, Describe(r))
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n"), counts
}

// A recording of a board that talks by itself, with a command in it.
func TestDecodeRecording(t *testing.T) {
	var text bytes.Buffer
	w, err := capture.NewWriter(&text, capture.Header{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Duration(0)
	for _, part := range []struct{ dir, data string }{
		{"<", `fan":3}` + "\n" + `{"fan":2`}, {"<", "0,\"p\":1}\r\n"}, {">", "PUMP 0 #42\n"}, {"<", "OK #42\n{\"p\":2}\n"}, {"<", "ERR #42 no\nboot\n\xff\n{\"p\":"},
	} {
		at += time.Second
		if err := w.Write(capture.Record{At: at, Out: part.dir == ">", Data: []byte(part.data)}); err != nil {
			t.Fatal(err)
		}
	}
	got, counts := decoded(t, PumpBoard(), text.String())
	want := `[fan":3}]  false: it may be half a frame: the recording begins here
[{"fan":20,"p":1}] board true fan=20 pump=true
> PUMP 0 #42·
[OK #42] board true (command pump)
[{"p":2}] board true pump=null: pump: 2 is not one of false or 0, true or 1
[ERR #42 no] board true (command pump)
[boot]  false: it is not a JSON object: unexpected 'b' at byte 1
[·]  false: it is not UTF-8, so it is not text: is the baud rate right?`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if counts.Frames != 4 || counts.Noise != 2 || counts.Implausible != 1 {
		t.Errorf("%+v", counts)
	}
}

// The first frame of a recording is taken if it makes sense: people cut recordings at the beginning of a line.
func TestDecodeWholeFirstFrame(t *testing.T) {
	if got, _ := decoded(t, PumpBoard(), `7b 22 70 22 3a 31 7d 0a`); got != `[{"p":1}] board true pump=true` {
		t.Error(got)
	}
}

func TestDecodeFaultyMapping(t *testing.T) {
	d := PumpBoard()
	d.Codec = "telepathy"
	if _, err := Decode(serial.Default(), d, nil, func(wire.Record) {}); err == nil {
		t.Error("a description with a fault was used")
	}
}

// A recording decodes alike, however its bytes were split.
func FuzzDecodePieces(f *testing.F) {
	f.Add([]byte("{\"p\":1}\n{\"fan\":2}\nOK #1\n\xff\nx"), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		d := PumpBoard()
		d.MaxFrame = 32
		decode := func(recording []capture.Record) string {
			var lines []string
			if _, err := Decode(serial.Default(), d, recording, func(r wire.Record) {
				if r.Frame.Why != "it is longer than max_frame" { // of which as much is shown as has come
					lines = append(lines, Describe(r))
				}
			}); err != nil {
				t.Fatal(err)
			}
			return strings.Join(lines, "\n")
		}
		var pieces []capture.Record
		for rest := data; len(rest) > 0; {
			n := min(len(rest), int(size)+1)
			pieces = append(pieces, capture.Record{Data: rest[:n]})
			rest = rest[n:]
		}
		if a, b := decode([]capture.Record{{Data: data}}), decode(pieces); len(data) > 0 && a != b {
			t.Errorf("%q in pieces of %d\n%s\n%s", data, size, a, b)
		}
	})
}
