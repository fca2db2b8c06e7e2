package devices

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"minirelay/devices/codec"

	"minirelay/devices/mapping"

	"minirelay/devices/wire"

	"minirelay/devices/capture"
	"minirelay/relay"
)

// documented is a block of testdata/modbus: what is read or written, and what goes over the wire.
type documented struct {
	reads   []mapping.FieldConfig
	write   *mapping.CommandConfig
	value   relay.Value // to write
	request []byte
	answer  []byte
	want    []float64
	refusal string
}

// documentedExchanges reads the blocks of a file.
func documentedExchanges(t *testing.T, file string) (all []documented) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var d documented
	for line := range strings.Lines(string(text) + "\n") {
		line = strings.TrimSpace(line)
		mark, rest, _ := strings.Cut(line, " ")
		switch mark {
		case "read":
			f := field(fmt.Sprintf("f%d", len(d.reads)), relay.TypeNumber)
			putAt(t, rest, &f.RegisterConfig, &f.FormatConfig, &f.Scale)
			d.reads = append(d.reads, f)
		case "write":
			where, value, _ := strings.Cut(rest, " = ")
			c := writes("c", relay.TypeNumber, "")
			putAt(t, where, &c.RegisterConfig, &c.FormatConfig, &c.Scale)
			d.write, d.value = &c, relay.NumberValue(number(t, value))
		case ">":
			d.request = unhex(t, rest)
		case "<":
			d.answer = unhex(t, rest)
		case "!":
			d.refusal = rest
		case "=":
			for _, word := range strings.Fields(rest) {
				d.want = append(d.want, number(t, word))
			}
		case "":
			if d.request != nil {
				all = append(all, d)
			}
			d = documented{}
		}
	}
	return all
}

// putAt reads "input:1 int16 scale=0.1".
func putAt(t *testing.T, text string, r *mapping.RegisterConfig, f *mapping.FormatConfig, scale *float64) {
	t.Helper()
	for i, word := range strings.Fields(text) {
		switch key, value, ok := strings.Cut(word, "="); {
		case i == 0:
			r.Register = word
		case key == "bits":
			f.Bits = int(number(t, value))
		case key == "scale":
			*scale = number(t, value)
		case !ok:
			f.Format = word
		}
	}
}

func number(t *testing.T, word string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(word, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// What documents print is what is sent, and what is made of what they print as the answer: once all of it is there,
// and not before.
func TestModbusDocumented(t *testing.T) {
	exchanges := documentedExchanges(t, "testdata/modbus/documented.txt")
	if len(exchanges) < 12 {
		t.Fatalf("%d exchanges", len(exchanges))
	}
	for _, d := range exchanges {
		t.Run(fmt.Sprintf("% x", d.request), func(t *testing.T) {
			c := unit(int(d.request[0]), d.reads...)
			if d.write != nil {
				c.Commands = []mapping.CommandConfig{*d.write}
			}
			if problems := CheckDevice(c); len(problems) > 0 {
				t.Fatal(problems)
			}
			m := newModbusRTU(c, new(wire.Counters))
			queries := m.Queries()
			if d.write != nil {
				q, err := m.Write(compile(c, new(wire.Counters)).commands[0], d.value)
				if err != nil {
					t.Fatal(err)
				}
				queries = []*codec.Query{q}
			}
			if len(queries) != 1 || string(queries[0].Request) != string(d.request) {
				t.Fatalf("the request is % x", queries[0].Request)
			}
			if n := queries[0].Length; n < len(d.answer) {
				t.Errorf("time is given for %d bytes, the answer has %d", n, len(d.answer))
			}
			for n := range d.answer {
				if r, v := queries[0].Answer(d.answer[:n], false); v != codec.NoAnswer {
					t.Fatalf("%d of %d bytes are taken for an answer: %+v", n, len(d.answer), r)
				}
			}
			r, v := queries[0].Answer(d.answer, false)
			if v == codec.NoAnswer || r.Refusal != d.refusal || len(r.Readings) != len(d.want) && r.Refusal == "" {
				t.Fatalf("the answer means %v: %+v", v, r)
			}
			for i, want := range d.want { // as many digits as a float32 has
				if got := r.Readings[i].Value.Number(); math.Abs(got-want) > 1e-7*want {
					t.Errorf("%s is %v instead of %v", d.reads[i].Register, got, want)
				}
			}
		})
	}
}

// A recording of another program, whose requests are not those that the mapping would make.
func TestModbusDecodesOthersRequests(t *testing.T) {
	d := unit(1, field("a", relay.TypeNumber, at("holding:1", "")), field("b", relay.TypeNumber, at("holding:2", "")),
		field("c", relay.TypeNumber, at("input:1", "")))
	d.Fields = append([]mapping.FieldConfig{field("sum", relay.TypeNumber, computes("a + b"))}, d.Fields...)
	got, _ := decoded(t, d, recordingOf(t, rtuFraming{},
		[]byte{3, 0, 2, 0, 2}, []byte{3, 4, 0, 8, 0, 9}, // one more than the mapping wants, and one fewer
		[]byte{4, 0, 0, 0, 9}, []byte{0x84, 2},
		[]byte{1, 0, 0, 0, 9}, []byte{1, 2, 0, 0})) // nothing that it wants
	var frames []string
	for line := range strings.Lines(got) {
		if _, frame, ok := strings.Cut(line, "] "); ok {
			frames = append(frames, strings.TrimSpace(frame))
		}
	}
	want := "board true b=8 (holding:2-3); board true (input:0-8): the answer is no: the unit has no such register (exception 2)"
	if got := strings.Join(frames, "; "); !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Who watches sees why a value is no good reading.
func TestModbusTellsWhy(t *testing.T) {
	d := unit(1, field("a", relay.TypeNumber, at("holding:0", ""), scaled(0.1, 0), plausible(0, 60)),
		field("b", relay.TypeBool, at("holding:1", ""), values("true", "0x0100", "false", "0x0200")),
		field("c", relay.TypeNumber, at("holding:2", "float32")),
		field("d", relay.TypeText, at("holding:4", "", func(c *mapping.FormatConfig) { c.Length = 1 })))
	got, counts := decoded(t, d, recordingOf(t, rtuFraming{}, []byte{3, 0, 0, 0, 5},
		[]byte{3, 10, 2, 0x59, 0, 7, 0x7f, 0xc0, 0, 0, 0xff, 0xfe}))
	const want = `a: 60.1 is more than its max of 60; b: 7 is none of "0x0200", "0x0100"; c: NaN is no number that a sensor can mean; d: FF FE is no text`
	if !strings.Contains(got, want) || counts.Implausible != 4 {
		t.Errorf("%d implausible values: %s\nwant %s", counts.Implausible, got, want)
	}
}

// recordingOf is a recording of requests and answers of unit 1, in turn.
func recordingOf(t *testing.T, wire modbusFraming, pdus ...[]byte) string {
	t.Helper()
	var text bytes.Buffer
	w, err := capture.NewWriter(&text, capture.Header{})
	if err != nil {
		t.Fatal(err)
	}
	for i, pdu := range pdus {
		if err := w.Write(capture.Record{At: time.Duration(i) * time.Second, Out: i%2 == 0, Data: wire.wrap(1, pdu)}); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

// FuzzModbusAnswer: what is found in any bytes is a whole frame of them, of the unit and function that were asked, and
// one that lies behind anything is found.
func FuzzModbusAnswer(f *testing.F) {
	f.Add([]byte{}, []byte{0x02, 0x2B}, byte(1), false)
	f.Add([]byte("\x01\x03\x02\x00\x07\xf9\x86"), []byte{0, 7}, byte(1), false)
	f.Add([]byte(":010302\r\n:0103"), []byte{0, 7}, byte(1), true)
	f.Fuzz(func(t *testing.T, noise, data []byte, unit byte, ascii bool) {
		if len(data) > 2*mapping.MaxReadRegisters || len(noise) > codec.MaxInbox {
			return
		}
		var wire modbusFraming = rtuFraming{}
		if ascii {
			wire = asciiFraming{}
		}
		pdu := append([]byte{3, byte(len(data))}, data...)
		frame := wire.wrap(unit, pdu)
		got := append(append([]byte{}, noise...), frame...)
		found, from, ok := wire.find(got, unit, 3, len(pdu))
		if !ok {
			t.Fatalf("% x is not found in % x", frame, got)
		}
		if from > len(got) || found[0]&^exceptionBit != 3 {
			t.Fatalf("found % x up to %d in % x", found, from, got)
		}
		again := string(wire.wrap(unit, found))
		if ascii {
			got, again = []byte(strings.ToUpper(string(got))), strings.TrimRight(again, "\r\n")
		}
		if !strings.Contains(string(got), again) {
			t.Fatalf("% x is no part of % x", again, got)
		}
	})
}

// FuzzModbusBatches: whatever fields there are, each is in exactly one batch and lies in it whole, no batch is longer
// than allowed, and parting one loses nothing and ends.
func FuzzModbusBatches(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 2, 3, 9, 9, 9}, uint8(8), uint8(10))
	f.Add([]byte{0, 5, 1, 0, 5, 3, 0, 200, 3}, uint8(0), uint8(4))
	f.Fuzz(func(t *testing.T, places []byte, gap, limit uint8) {
		d := unit(1)
		d.MaxGap, d.MaxRegisters = int(gap), max(4, int(limit)%126)
		for i := 0; i+3 <= len(places) && i < 300; i += 3 {
			name := []string{"coil", "discrete", "input", "holding"}[places[i]%4]
			format := []string{"uint16", "float32", "float64"}[places[i+2]%3]
			if name == "coil" || name == "discrete" {
				format = ""
			}
			d.Fields = append(d.Fields, field(fmt.Sprintf("f%d", i), relay.TypeNumber, at(fmt.Sprintf("%s:%d", name, places[i+1]), format)))
		}
		m := newModbusRTU(d, new(wire.Counters)).(*modbus)
		seen := map[int]bool{}
		var check func(b batch)
		check = func(b batch) {
			n := b.to - b.from
			if b.table.bits() && n > d.MaxRegisters*mapping.BitsPerRegister || !b.table.bits() && n > d.MaxRegisters {
				t.Fatalf("%v is longer than %d", b, d.MaxRegisters)
			}
			data := make([]byte, b.bytes())
			for _, i := range b.fields {
				if f := m.fields[i]; f.table != b.table || f.at < b.from || f.at+f.n > b.to {
					t.Fatalf("field %d at %v is not in %v", i, f.register, b)
				}
			}
			if readings := m.decode(b, data); len(readings) != len(b.fields) {
				t.Fatalf("%d readings of %d fields", len(readings), len(b.fields))
			}
			parts := b.part(m.fields)
			if parts == nil {
				for _, i := range b.fields {
					seen[i] = true
				}
				return
			}
			if len(parts[0].fields)+len(parts[1].fields) != len(b.fields) || len(parts[0].fields) == 0 || len(parts[1].fields) == 0 {
				t.Fatalf("%v is parted into %v", b, parts)
			}
			check(parts[0])
			check(parts[1])
		}
		total := 0
		for _, b := range m.batches() {
			total += len(b.fields)
			check(b)
		}
		if total != len(d.Fields) || len(seen) != len(d.Fields) {
			t.Fatalf("%d fields, %d in batches, %d in parts", len(d.Fields), total, len(seen))
		}
	})
}
