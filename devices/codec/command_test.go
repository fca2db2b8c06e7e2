package codec_test

import (
	"testing"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

func TestWireValues(t *testing.T) {
	number := func(decimals int, scale, offset float64) mapping.CommandConfig {
		return mapping.CommandConfig{Type: relay.TypeNumber, Decimals: decimals, Scale: scale, Offset: offset}
	}
	onOff := mapping.CommandConfig{Type: relay.TypeBool, Values: map[string]string{"true": "ON", "false": "OFF"}}
	mode := mapping.CommandConfig{Type: relay.TypeEnum, Values: map[string]string{"auto": "A"}}
	text := mapping.CommandConfig{Type: relay.TypeText, MaxLength: 9}
	for _, tt := range []struct {
		c     mapping.CommandConfig
		value relay.Value
		want  string // "": refused
	}{
		{number(-1, 1, 0), relay.NumberValue(21.5), "21.5"},
		{number(-1, 1, 0), relay.NumberValue(40), "40"},
		{number(-1, 0.1, 0), relay.NumberValue(21.5), "215"},
		{number(-1, 0.1, 0), relay.NumberValue(0.3), "3"},
		{number(-1, 0.1, -40), relay.NumberValue(21.5), "615"},
		{number(2, 1, 0), relay.NumberValue(21.5), "21.50"},
		{number(0, 1, 0), relay.NumberValue(21.5), "22"},
		{number(1, 1, 0), relay.NumberValue(-0.04), "0.0"},
		{number(-1, -1, 0), relay.NumberValue(0), "0"},
		{number(-1, 1, 0), relay.NumberValue(-0.5), "-0.5"},
		{number(-1, 1, 0), relay.NumberValue(1e-7), "0.0000001"},
		{number(-1, 1, 0), relay.NumberValue(1e15), ""},
		{onOff, relay.BoolValue(true), "ON"},
		{onOff, relay.BoolValue(false), "OFF"},
		{mapping.CommandConfig{Type: relay.TypeBool}, relay.BoolValue(true), "true"},
		{mode, relay.TextValue("auto"), "A"},
		{mode, relay.TextValue("manual"), "manual"},
		{text, relay.TextValue("温室 1"), "温室 1"},
		{text, relay.TextValue("0123456789"), ""},
		{text, relay.TextValue("a\nb"), ""},
		{text, relay.TextValue("a\u0085b"), ""},
		{text, relay.TextValue("a\u2028b"), ""},
		{text, relay.TextValue("\xff"), ""},
	} {
		c := codec.Command{CommandConfig: tt.c}
		if got, err := c.Wire(tt.value); got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%v as %s: %q, %v", tt.value, tt.c.Type, got, err)
		}
	}
}
