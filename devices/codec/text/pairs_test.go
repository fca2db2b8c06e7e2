package text

import (
	"fmt"
	"strings"
	"testing"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

func emonTx() mapping.DeviceConfig {
	return PairsDevice(Field("voltage", relay.TypeNumber, Key("Vrms"), Plausible(90, 280)), Field("power", relay.TypeNumber, Key("P1")),
		Field("energy", relay.TypeNumber, Key("E1")), Field("pulses", relay.TypeNumber, Key("pulse")), Field("t1", relay.TypeNumber, Key("T1"), Scaled(0.01, 0)))
}

func dht() mapping.DeviceConfig {
	d := PairsDevice(Field("humidity", relay.TypeNumber, Key("Humidity"), suffix("%")), Field("temperature", relay.TypeNumber, Key("Temperature"), suffix("°C")),
		Field("heat_index", relay.TypeNumber, Key("index"), suffix("°C")))
	return d
}

func TestPairs(t *testing.T) {
	plain := PairsDevice(Field("t", relay.TypeNumber, Key("T")), Field("h", relay.TypeNumber, Key("H")), Field("p", relay.TypeBool, Key("P")))
	glued := PairsDevice(Field("t", relay.TypeNumber, Key("T"), suffix("C")), Field("h", relay.TypeNumber, Key("H"), suffix("%")))
	words := PairsDevice(Field("soil", relay.TypeNumber, Key("soil moisture")), Field("mode", relay.TypeEnum, Options("auto", "by hand")))
	words.Separator = ",;"
	comma := PairsDevice(Field("t", relay.TypeNumber, Key("T")), Field("h", relay.TypeNumber, Key("H")))
	comma.DecimalComma = true
	arrow := PairsDevice(Field("t", relay.TypeNumber, Key("T")), Field("time", relay.TypeText))
	arrow.Assign = ">"
	kinds := PairsDevice(Field("t", relay.TypeNumber, Key("T"), Match("node", "3")), Field("u", relay.TypeNumber, Key("U")))
	for name, tt := range map[string]struct {
		device     mapping.DeviceConfig
		line, want string
	}{
		"mixed signs":         {plain, "T=21.5 H=40;P:1", "t=21.5 h=40 p=true"},
		"commas":              {plain, "T:21.5,H:40,P:0", "t=21.5 h=40 p=false"},
		"spaces around":       {plain, " T = 21.5  H :40 , P= 1 ", "t=21.5 h=40 p=true"},
		"stray words":         {plain, "[data] node 3 T=21.5 C H=40 % ok", "t=21.5 h=40"},
		"unknown keys":        {plain, "X=1 T=2 Y:3:4", "t=2"},
		"no key":              {plain, "booting v1.2", "! it contains no key of a field"},
		"only unknown keys":   {plain, "X=1 Y=2", "! it contains no key of a field"},
		"no value":            {plain, "T= H=40", "t=null h=40"},
		"no value at the end": {plain, "H=40 T=", "h=40 t=null"},
		"no value, commas":    {plain, "T=,H=40", "t=null h=40"},
		"not a number":        {plain, "T=21.5C H=40", `t=null h=40 ! t: "21.5C" is not a number`},
		"nan":                 {plain, "T=nan,H=--", "t=null h=null"},
		"twice":               {plain, "T=1 T=2", "t=null ! t: it occurs twice"},
		"key in another case": {plain, "t=1 H=2", "h=2"},
		"glued units":         {glued, "T=21.5C,H=40%", "t=21.5 h=40"},
		"unit left out":       {glued, "T=21.5,H=40 %", `t=null h=null ! t: "21.5" does not end in "C"; h: "40" does not end in "%"`},
		"another unit":        {glued, "T=70.7F,H=40%", `t=null h=40 ! t: "70.7F" does not end in "C"`},
		"keys of two words":   {words, "soil moisture: 31, mode=by hand;x=1", "soil=31 mode=by hand"},
		"decimal comma":       {comma, "T=21,5 H=40;", "t=21.5 h=40"},
		"no decimal point":    {comma, "T=21.5 H=40", `t=null h=40 ! t: "21.5" is not a number`},
		"another sign":        {arrow, "T>21.5 time>12:30=x", "t=21.5 time=12:30=x"},
		"in quotes":           {arrow, `time>"12:30, noon" T>1`, "time=12:30, noon t=1"},
		"quote not closed":    {arrow, `time>"12:30 T>1`, `time="12:30 t=1`},
		"kind":                {kinds, "node=3 T=21.5 U=3.3", "t=21.5 u=3.3"},
		"other kind":          {kinds, "T=21.5 U=3.3 node=4", "u=3.3"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := readLines(t, tt.device, strings.NewReader("\n"+tt.line+"\n")); got != tt.want+"\n" {
				t.Errorf("%s: %s", tt.line, got)
			}
		})
	}
}

// The law: pairs are found whatever signs stand between them, in any order.
func FuzzPairsAreFound(f *testing.F) {
	f.Add(21.5, 40.0, uint8(0), uint8(1), "x")
	f.Add(-1e-9, 1e9, uint8(7), uint8(200), "a b:c")
	f.Fuzz(func(t *testing.T, a, b float64, separator, assign uint8, stray string) {
		d := PairsDevice(Field("a", relay.TypeNumber), Field("b", relay.TypeNumber))
		sep := []string{" ", ";", ", ", "\t", " | ", "&"}[separator%6]
		sign := []string{"=", ":", " = ", ": ", "= "}[assign%5]
		codec, err := newCodec(d, new(wire.Tap))
		if err != nil {
			t.Fatal(err)
		}
		stray = strings.Map(func(r rune) rune {
			if strings.ContainsRune("=:\"\n", r) {
				return 'x'
			}
			return r
		}, stray)
		readings, ok := codec.Decode([]byte(fmt.Sprintf("%s;b%s%v%sa%s%v%s%s", stray, sign, b, sep, sign, a, sep, stray)))
		if !ok || len(readings) != 2 {
			t.Fatalf("%q %q: %v", sep, sign, readings)
		}
		if got := readings[0].Value; got != relay.NumberValue(b) {
			t.Errorf("b=%v came as %v", b, got)
		}
		if got := readings[1].Value; got != relay.NumberValue(a) {
			t.Errorf("a=%v came as %v", a, got)
		}
	})
}
