package modbus

import (
	"fmt"
	"strings"
	"testing"

	"minirelay/devices/codec"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

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
		var wire framing = rtuFraming{}
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
			t.Fatalf("% x is not part of % x", again, got)
		}
	})
}

// FuzzModbusBatches: whatever fields there are, each is in exactly one batch and lies in it whole, no batch is longer
// than allowed, and parting one loses nothing and ends.
func FuzzModbusBatches(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 2, 3, 9, 9, 9}, uint8(8), uint8(10))
	f.Add([]byte{0, 5, 1, 0, 5, 3, 0, 200, 3}, uint8(0), uint8(4))
	f.Fuzz(func(t *testing.T, places []byte, gap, limit uint8) {
		d := Unit(1)
		d.MaxGap, d.MaxRegisters = int(gap), max(4, int(limit)%126)
		for i := 0; i+3 <= len(places) && i < 300; i += 3 {
			name := []string{"coil", "discrete", "input", "holding"}[places[i]%4]
			format := []string{"uint16", "float32", "float64"}[places[i+2]%3]
			if name == "coil" || name == "discrete" {
				format = ""
			}
			d.Fields = append(d.Fields, Field(fmt.Sprintf("f%d", i), relay.TypeNumber, At(fmt.Sprintf("%s:%d", name, places[i+1]), format)))
		}
		m := NewRTU(d, new(wire.Tap)).(*poller)
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
			parts := b.split(m.fields)
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
