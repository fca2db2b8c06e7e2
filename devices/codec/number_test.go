package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"minirelay/devices/mapping"
)

// The orders by their usual names: the letters are the bytes of a number from the greatest on.
func TestOrders(t *testing.T) {
	for _, tt := range []struct {
		format, bytes, words, wire string
	}{
		{"uint16", "big", "", "AB"}, {"uint16", "little", "", "BA"},
		{"uint32", "", "", "ABCD"}, {"uint32", "big", "big", "ABCD"}, {"uint32", "big", "little", "CDAB"},
		{"uint32", "little", "big", "BADC"}, {"uint32", "little", "", "DCBA"}, {"uint32", "little", "little", "DCBA"},
		{"uint64", "big", "little", "GHEFCDAB"}, {"uint64", "little", "big", "BADCFEHG"}, {"uint64", "little", "", "HGFEDCBA"},
	} {
		f := NumberOf(mapping.FormatConfig{Format: tt.format, ByteOrder: tt.bytes, WordOrder: tt.words, Bit: -1}, "")
		want := uint64(0)
		for i := range f.Size {
			want = want<<8 | uint64('A'+i)
		}
		if got := f.Raw([]byte(tt.wire)); got != want {
			t.Errorf("%v: %x instead of %x", tt, got, want)
		}
	}
}

// Numbers as they lie on the wire, and back.
func TestFormats(t *testing.T) {
	for _, tt := range []struct {
		config mapping.FormatConfig
		wire   string // hexadecimal
		want   float64
	}{
		{mapping.FormatConfig{Format: "uint16", Bit: -1}, "ffff", 65535},
		{mapping.FormatConfig{Format: "int16", Bit: -1}, "ff38", -200},
		{mapping.FormatConfig{Format: "uint32", Bit: -1}, "00010000", 65536},
		{mapping.FormatConfig{Format: "int32", Bit: -1}, "fffffffe", -2},
		{mapping.FormatConfig{Format: "uint64", Bit: -1}, "0020000000000000", 1 << 53},
		{mapping.FormatConfig{Format: "int64", Bit: -1}, "ffffffffffffffff", -1},
		{mapping.FormatConfig{Format: "float32", Bit: -1}, "43664000", 230.25},
		{mapping.FormatConfig{Format: "float32", Bit: -1}, "41a8cccd", 21.1},
		{mapping.FormatConfig{Format: "float32", Bit: -1}, "4ceb79a3", 123456792},
		{mapping.FormatConfig{Format: "float64", Bit: -1}, "c06c200000000000", -225},
		{mapping.FormatConfig{Format: "uint16", Bit: 4, Bits: 4}, "0070", 7},
		{mapping.FormatConfig{Format: "uint16", Bit: 15}, "8000", 1},
		{mapping.FormatConfig{Format: "int16", Bit: 4, Bits: 12}, "fff0", -1},
		{mapping.FormatConfig{Format: "uint32", WordOrder: "little", Bit: 16, Bits: 16}, "00001234", 0x1234},
	} {
		f := NumberOf(tt.config, "")
		var wire []byte
		if _, err := fmt.Sscanf(tt.wire, "%x", &wire); err != nil {
			t.Fatal(err)
		}
		if got := f.Get(wire); got != tt.want {
			t.Errorf("%+v: %s reads as %v instead of %v", tt.config, tt.wire, got, tt.want)
		}
		if back, err := f.Append(nil, tt.want); err != nil || fmt.Sprintf("%x", back) != tt.wire {
			t.Errorf("%+v: %v is written as %x instead of %s: %v", tt.config, tt.want, back, tt.wire, err)
		}
	}
}

// What does not fit is refused, what lies between two numbers of the wire is rounded.
func TestFormatBounds(t *testing.T) {
	for name, bounds := range map[string][2]float64{
		"uint16": {0, 65535}, "int16": {-32768, 32767}, "uint32": {0, 1<<32 - 1}, "int32": {-1 << 31, 1<<31 - 1},
	} {
		f := NumberOf(mapping.FormatConfig{Format: name, Bit: -1}, "")
		for _, v := range bounds {
			b, err := f.Append(nil, v+0.25)
			if err != nil || f.Get(b) != v {
				t.Errorf("%s: %v is written as %x: %v", name, v, b, err)
			}
		}
		for _, v := range []float64{bounds[0] - 1, bounds[1] + 1, math.Inf(1), math.NaN()} {
			if _, err := f.Append(nil, v); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s holds %v: %v", name, v, err)
			}
		}
	}
}

// FuzzFormat: a number that was read is written as it lay on the wire, in each order.
func FuzzFormat(f *testing.F) {
	f.Add(uint64(0x4366400041a8cccd), uint8(0))
	f.Add(uint64(math.MaxUint64), uint8(255))
	f.Fuzz(func(t *testing.T, bits uint64, pick uint8) {
		names := []string{"uint16", "int16", "uint32", "int32", "float32", "float64"}
		orders := []string{"big", "little"}
		c := mapping.FormatConfig{Format: names[int(pick)%len(names)], ByteOrder: orders[pick>>6&1], WordOrder: orders[pick>>7], Bit: -1}
		f := NumberOf(c, "")
		wire := binary.BigEndian.AppendUint64(nil, bits)[:f.Size]
		v := f.Get(wire)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return
		}
		if back, err := f.Append(nil, v); err != nil || string(back) != string(wire) {
			t.Errorf("%+v: %x reads as %v and is written as %x: %v", c, wire, v, back, err)
		}
	})
}
