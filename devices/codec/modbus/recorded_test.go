package modbus_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"minirelay/devices"
	"minirelay/devices/capture"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// A recording of another program, whose requests are not those that the mapping would make.
func TestModbusDecodesOthersRequests(t *testing.T) {
	d := Unit(1, Field("a", relay.TypeNumber, At("holding:1", "")), Field("b", relay.TypeNumber, At("holding:2", "")),
		Field("c", relay.TypeNumber, At("input:1", "")))
	d.Fields = append([]mapping.FieldConfig{Field("sum", relay.TypeNumber, Computes("a + b"))}, d.Fields...)
	got, _ := decoded(t, d, recordingOf(t, []byte{3, 0, 2, 0, 2}, []byte{3, 4, 0, 8, 0, 9}, // one more than the mapping wants, and one fewer
		[]byte{4, 0, 0, 0, 9}, []byte{0x84, 2},
		[]byte{1, 0, 0, 0, 9}, []byte{1, 2, 0, 0})) // nothing that it wants
	var frames []string
	for line := range strings.Lines(got) {
		if _, frame, ok := strings.Cut(line, "] "); ok {
			frames = append(frames, strings.TrimSpace(frame))
		}
	}
	want := "board true b=8 (holding:2-3); board true (input:0-8): the device refused: the unit has no such register (exception 2)"
	if got := strings.Join(frames, "; "); !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A view of the wire shows why a value is invalid.
func TestModbusTellsWhy(t *testing.T) {
	d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", ""), Scaled(0.1, 0), Plausible(0, 60)),
		Field("b", relay.TypeBool, At("holding:1", ""), Values("true", "0x0100", "false", "0x0200")),
		Field("c", relay.TypeNumber, At("holding:2", "float32")),
		Field("d", relay.TypeText, At("holding:4", "", func(c *mapping.FormatConfig) { c.Length = 1 })))
	got, counts := decoded(t, d, recordingOf(t, []byte{3, 0, 0, 0, 5},
		[]byte{3, 10, 2, 0x59, 0, 7, 0x7f, 0xc0, 0, 0, 0xff, 0xfe}))
	const want = `a: 60.1 is greater than its max = 60; b: 7 is not one of "0x0200", "0x0100"; c: NaN is not a usable number; d: FF FE is not a text`
	if !strings.Contains(got, want) || counts.Implausible != 4 {
		t.Errorf("%d implausible values: %s\nwant %s", counts.Implausible, got, want)
	}
}

// recordingOf is a recording of requests and answers of unit 1, in turn.
func recordingOf(t *testing.T, pdus ...[]byte) string {
	t.Helper()
	var text bytes.Buffer
	w, err := capture.NewWriter(&text, capture.Header{})
	if err != nil {
		t.Fatal(err)
	}
	for i, pdu := range pdus {
		if err := w.Write(capture.Record{At: time.Duration(i) * time.Second, Out: i%2 == 0, Data: RTU(1, pdu...)}); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

// decoded returns what a recording becomes, a record a line.
func decoded(t *testing.T, d mapping.DeviceConfig, text string) (string, wire.Counts) {
	t.Helper()
	_, recording, err := capture.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	counts, err := devices.Decode(serial.Default(), d, recording, func(r wire.Record) {
		if r.At.Before(devices.DecodeStart) || r.At.Sub(devices.DecodeStart) > time.Hour {
			t.Errorf("at %v", r.At)
		}
		lines = append(lines, Describe(r))
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n"), counts
}
