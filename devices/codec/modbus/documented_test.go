package modbus_test

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"minirelay/devices"
	"minirelay/devices/codec"
	"minirelay/devices/codec/modbus"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
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
			f := Field(fmt.Sprintf("f%d", len(d.reads)), relay.TypeNumber)
			putAt(t, rest, &f.RegisterConfig, &f.FormatConfig, &f.Scale)
			d.reads = append(d.reads, f)
		case "write":
			where, value, _ := strings.Cut(rest, " = ")
			c := Writes("c", relay.TypeNumber, "")
			putAt(t, where, &c.RegisterConfig, &c.FormatConfig, &c.Scale)
			d.write, d.value = &c, relay.NumberValue(number(t, value))
		case ">":
			d.request = Unhex(t, rest)
		case "<":
			d.answer = Unhex(t, rest)
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
			c := Unit(int(d.request[0]), d.reads...)
			if d.write != nil {
				c.Commands = []mapping.CommandConfig{*d.write}
			}
			if problems := devices.CheckDevice(c); len(problems) > 0 {
				t.Fatal(problems)
			}
			m := modbus.NewRTU(c, new(wire.Tap))
			queries := m.Queries()
			if d.write != nil {
				q, err := m.Write(&codec.Command{CommandConfig: *d.write, ConfirmField: -1}, d.value)
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
