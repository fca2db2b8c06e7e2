package binary

import (
	"strings"
	"testing"

	"minirelay/devices/codec"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// Templates as they are filled in.
func TestFill(t *testing.T) {
	frame := newFrameRules(frameTable(func(f *mapping.FrameConfig) { f.Checksum, f.ChecksumFrom = "lrc", 1 }))
	little := mapping.FormatConfig{Format: "uint16", ByteOrder: "little", Bit: -1}
	high := mapping.FormatConfig{Format: "uint16", ByteOrder: "big", Bit: 4, Bits: 12}
	for _, tt := range []struct {
		format         mapping.FormatConfig
		template, text string
		want           string // or what the error says, behind "!"
	}{
		{little, "FF 01 86 00 00 00 00 00 {sum}", "", "FF 01 86 00 00 00 00 00 79"},
		{little, "AA {value}", "258", "AA 02 01"},
		{high, "{value}", "258", "10 20"},
		{high, "{value}", "4096", "! the hardware cannot hold 4096: it does not fit into 12 bits of a uint16"},
		{little, "{value:int8}", "-2", "FE"},
		{little, "{value:uint24be}", "66051", "01 02 03"},
		{little, "{value:uint24le}", "66051", "03 02 01"},
		{little, "{value:float32be}", "230.25", "43 66 40 00"},
		{little, "{value:bcd3}", "12345", "01 23 45"},
		{little, "{value:bcd3le}", "12345", "45 23 01"},
		{little, "{value:bcd1}", "100", "! the hardware cannot hold 100: it has 2 digits"},
		{little, "'R' {value:ascii4} 0D", "21.5", "52 32 31 2E 35 0D"},
		{little, "{value:ascii4}", "-5", "2D 30 30 35"},
		{little, "{value:ascii4}", "12345", "! the hardware cannot hold 12345: it has 4 digits"},
		{little, "{value:string4}", "ab", "61 62 00 00"},
		{little, "{value:string1}", "ab", "! the text has 2 bytes; the hardware accepts at most 1"},
		{little, "{value:uint8}", "true", "01"},
		{little, "{value:uint8}", "0x1F", "1F"},
		{little, "{value:uint8}", "auto", `! "auto" is not a number, and the hardware accepts only numbers`},
		{little, "{seq} {seq:uint16be} {seq:ascii1}", "", "58 01 58 34"},
		{little, "01 02 03 {sum:sum16:1} {sum:crc16-modbus:2:be}", "", "01 02 03 00 05 C3 41"},
	} {
		tpl, err := templateSyntax{value: codec.ValueIn(tt.format, relay.TypeNumber), frame: frame}.parse(tt.template)
		if err != nil {
			t.Errorf("%s: %v", tt.template, err)
			continue
		}
		b, err := tpl.Append(nil, tt.text, 344)
		got := HexOf(b)
		if err != nil {
			got = "! " + err.Error()
		}
		if got != tt.want {
			t.Errorf("%s with %s: %s, want %s", tt.template, tt.text, got, tt.want)
		}
	}
}

// The law of templates: what one writes it knows again, whatever follows; of another number it says so.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{"AA {value:uint16le} {seq} {sum}", "{value:bcd2}'x'{sum:crc16-xmodem:1:le}", "AA 5", "{value:ascii3} {seq:uint16be}", "? {"} {
		f.Add(seed, 7, uint16(42), []byte{1, 2})
	}
	frame := newFrameRules(frameTable(func(f *mapping.FrameConfig) { f.Checksum = "crc8-smbus" }))
	f.Fuzz(func(t *testing.T, template string, seq int, value uint16, rest []byte) {
		seq = 1 + (seq%codec.MaxSeq+codec.MaxSeq)%codec.MaxSeq
		k := templateSyntax{value: codec.ByteValue{Number: codec.ByteFormats()["uint8"], Length: 1}, frame: frame, wild: true}
		tpl, err := k.parse(template)
		if err != nil || strings.Contains(template, "?") {
			return
		}
		text := codec.FormatNumber(float64(value), 0)
		b, err := tpl.Append(nil, text, seq)
		if err != nil {
			return
		}
		if v := tpl.match(append(b, rest...), seq, text); v != codec.Fits {
			t.Fatalf("%q wrote % X and does not know it again: %v", template, b, v)
		}
		if len(b) > 0 && tpl.match(b[:len(b)-1], seq, text) == codec.Fits {
			t.Fatalf("%q takes half of % X", template, b)
		}
		if tpl.has(seqPart) && strings.Contains(template, "{seq:uint16be}") && tpl.match(b, seq%codec.MaxSeq+1, text) == codec.Fits {
			t.Fatalf("%q takes the answer to another number", template)
		}
	})
}
