package text

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// decode returns the readings as "temperature=21.5 pump=true", or "noise".
func decode(t *testing.T, d mapping.DeviceConfig, line string) (string, wire.Counts) {
	t.Helper()
	var tap wire.Tap
	c, err := newCodec(d, &tap)
	if err != nil {
		t.Fatal(err)
	}
	readings, ok := c.Decode([]byte(line))
	if !ok {
		return "noise", tap.Counts()
	}
	var out []string
	for _, r := range readings {
		out = append(out, d.Fields[r.Field].ID+"="+r.Value.String())
	}
	return strings.Join(out, " "), tap.Counts()
}

func TestDecode(t *testing.T) {
	number := Device(Field("n", relay.TypeNumber))
	for name, tt := range map[string]struct {
		device      mapping.DeviceConfig
		line, want  string
		implausible uint64
	}{
		"all":               {Device(GreenhouseFields()...), Telemetry, "temperature=21.53 humidity=41.2 soil=33.1 light=812 fan=0 pump=false mode=manual", 0},
		"other order":       {Device(GreenhouseFields()...), `{ "p" : 1 , "x":[1,{"t":9}], "t" : -3e0 }`, "pump=true temperature=-3", 0},
		"nested":            {Device(Field("n", relay.TypeNumber, Key("air.t")), Field("m", relay.TypeNumber, Key("air.in.t"))), `{"air":{"x":{},"t":1,"in":{"t":2}},"t":3}`, "n=1 m=2", 0},
		"nested, no object": {Device(Field("n", relay.TypeNumber, Key("air.t"))), `{"air":7}`, "", 0},
		"object, not value": {Device(Field("n", relay.TypeNumber, Key("a")), Field("m", relay.TypeNumber, Key("a.b"))), `{"a":{"b":1}}`, "n=null m=1", 1},
		"one key twice":     {Device(Field("n", relay.TypeNumber, Key("a")), Field("m", relay.TypeNumber, Key("a"), Scaled(10, 1))), `{"a":2}`, "n=2 m=21", 0},
		"absent":            {number, `{}`, "", 0},
		"null":              {number, `{"n":null}`, "n=null", 0},
		"escaped key":       {number, `{"\u006e":5}`, "n=5", 0},
		"scale":             {Device(Field("n", relay.TypeNumber, Scaled(0.1, -40))), `{"n":615}`, "n=21.5", 0},
		"least":             {Device(Field("n", relay.TypeNumber, Plausible(-40, 85))), `{"n":-40}`, "n=-40", 0},
		"too low":           {Device(Field("n", relay.TypeNumber, Plausible(-40, 85))), `{"n":-127}`, "n=null", 1},
		"too high, scaled":  {Device(Field("n", relay.TypeNumber, Plausible(-40, 85), Scaled(0.1, 0))), `{"n":851}`, "n=null", 1},
		"number in quotes":  {number, `{"n":"21.5"}`, "n=null", 1},
		"NaN":               {Device(Field("n", relay.TypeNumber), Field("m", relay.TypeNumber)), `{"n":NaN,"m":1}`, "n=null m=1", 1},
		"Arduino's nan":     {number, `{"n":nan}`, "n=null", 1},
		"-inf":              {number, `{"n":-inf}`, "n=null", 1},
		"1e999":             {number, `{"n":1e999}`, "n=null", 1},
		"-1e999":            {number, `{"n":-1e999}`, "n=null", 1},
		"1e-999":            {number, `{"n":1e-999}`, "n=0", 0},
		"overflow by scale": {Device(Field("n", relay.TypeNumber, Scaled(1e300, 0))), `{"n":1e300}`, "n=null", 1},
		"long number":       {number, `{"n":0.1000000000000000055511151231257827}`, "n=0.1", 0},
		"bool for number":   {number, `{"n":true}`, "n=null", 1},
		"array for number":  {number, `{"n":[1]}`, "n=null", 1},
		"key doubled":       {number, `{"n":1,"n":1}`, "n=null", 1},
		"bool":              {Device(Field("b", relay.TypeBool), Field("c", relay.TypeBool)), `{"b":true,"c":1.0}`, "b=true c=true", 0},
		"bool 2":            {Device(Field("b", relay.TypeBool)), `{"b":2}`, "b=null", 1},
		"bool in quotes":    {Device(Field("b", relay.TypeBool)), `{"b":"1"}`, "b=null", 1},
		"bool by words":     {Device(Field("b", relay.TypeBool, Values("true", "ON", "false", "OFF"))), `{"b":"ON"}`, "b=true", 0},
		"bool by no word":   {Device(Field("b", relay.TypeBool, Values("true", "ON", "false", "OFF"))), `{"b":true}`, "b=null", 1},
		"bool upside down":  {Device(Field("b", relay.TypeBool, Values("true", "0", "false", "1"))), `{"b":0}`, "b=true", 0},
		"enum":              {Device(Field("e", relay.TypeEnum, Options("auto", "off"))), `{"e":"off"}`, "e=off", 0},
		"enum by number":    {Device(Field("e", relay.TypeEnum, Options("auto", "off"), Values("auto", "0", "off", "1"))), `{"e":1}`, "e=off", 0},
		"enum by literal":   {Device(Field("e", relay.TypeEnum, Values("on", "true", "off", "false"))), `{"e":false}`, "e=off", 0},
		"enum, other word":  {Device(Field("e", relay.TypeEnum, Options("auto", "off"))), `{"e":"eco"}`, "e=null", 1},
		"text":              {Device(Field("s", relay.TypeText)), `{"s":"a\"\\\/\b\f\n\r\t\u6e29\ud83d\ude00\ud83d"}`, "s=a\"\\/\b\f\n\r\t温😀\ufffd", 0},
		"empty text":        {Device(Field("s", relay.TypeText)), `{"s":""}`, "s=", 0},
		"number for text":   {Device(Field("s", relay.TypeText)), `{"s":1}`, "s=null", 1},
	} {
		t.Run(name, func(t *testing.T) {
			got, count := decode(t, tt.device, tt.line)
			if got != tt.want || count.Implausible != tt.implausible {
				t.Errorf("%s: %q, %d implausible", tt.line, got, count.Implausible)
			}
		})
	}
}

// A line that is not a JSON object has no readings, not even those before the fault.
func TestNoJSON(t *testing.T) {
	d := Device(Field("n", relay.TypeNumber), Field("m", relay.TypeText))
	for _, line := range []string{"", " ", "{", `{"n":1`, `{"n":1}}`, `{"n":1},`, `{"n":1}x`, `{"n":1,}`, `{,"n":1}`, `{"n" 1}`, `{n:1}`,
		`{"n":01}`, `{"n":+1}`, `{"n":1.}`, `{"n":.5}`, `{"n":-}`, `{"n":1e}`, `{"n":0x10}`, `{"n":1_0}`, `{"n":nul}`, `{"n":nullx}`, `{"n":True}`, `{"n":-true}`,
		`{"m":"a}`, `{"m":"\x41"}`, `{"m":"\u12"}`, `{"m":"\u12g4"}`, `{"m":"\`, `{"m":"\u`, "{\"m\":\"\t\"}", `[{"n":1}]`, `1`, `"n"`, `null`, `OK #12`,
		strings.Repeat(`{"n":`, 100) + "1" + strings.Repeat("}", 100), `{"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}"} {
		if got, _ := decode(t, d, line); got != "noise" {
			t.Errorf("%s: %s", line, got)
		}
	}
}

// oracle reads the same fields with encoding/json.
func oracle(d mapping.DeviceConfig, text []byte) (map[string]any, error) {
	if !json.Valid(text) {
		return nil, errors.New("not valid")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("no object")
	}
	got := map[string]any{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var v any
		if err := dec.Decode(&v); err != nil {
			return nil, err
		}
		if _, twice := got[t.(string)]; twice {
			v = nil
		}
		got[t.(string)] = v
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("more")
	}
	return got, nil
}

// The law: the scanner agrees with encoding/json, but for nan and inf, and for what is nested beyond all reason.
func FuzzJSONAgreesWithTheStandardLibrary(f *testing.F) {
	for _, line := range []string{Telemetry, `{"n":-1.5e-3,"s":"\ud83d\ude00","b":true}`, `{"n":1,"n":2}`, `{"n":[{"n":1}],"s":null}`,
		`{"n":123456789012345678901234567890}`, `{"n":1e400}`, `{"s":"\ud83d\ud83d\ude00"}`, `{"n":4.9e-324}`, `{"n":9007199254740993}`} {
		f.Add([]byte(line))
	}
	d := Device(Field("n", relay.TypeNumber), Field("s", relay.TypeText), Field("b", relay.TypeBool, Values("true", "true", "false", "false")))
	f.Fuzz(func(t *testing.T, line []byte) {
		if !utf8.Valid(line) {
			t.Skip() // the framer drops it
		}
		c, err := newCodec(d, new(wire.Tap))
		if err != nil {
			t.Fatal(err)
		}
		readings, ok := c.Decode(line)
		if c.(*jsonCodec).scan.lenient || bytes.Count(line, []byte("["))+bytes.Count(line, []byte("{")) >= maxDepth {
			t.Skip()
		}
		want, err := oracle(d, line)
		if ok != (err == nil) {
			t.Fatalf("%q: ok %v, but encoding/json says %v", line, ok, err)
		}
		for _, r := range readings {
			var expected relay.Value
			switch v := want[d.Fields[r.Field].ID].(type) {
			case json.Number:
				if n, err := v.Float64(); err == nil && r.Field == 0 {
					expected = relay.NumberValue(n)
				}
			case string:
				if r.Field == 1 || r.Field == 2 && (v == "true" || v == "false") {
					expected = relay.TextValue(v)
				}
				if r.Field == 2 && !expected.IsNull() {
					expected = relay.BoolValue(v == "true")
				}
			case bool:
				if r.Field == 2 {
					expected = relay.BoolValue(v)
				}
			}
			if r.Value != expected {
				t.Errorf("%q: field %s is %v, but encoding/json says %v", line, d.Fields[r.Field].ID, r.Value, expected)
			}
		}
	})
}

func TestDecodeAllocatesNothing(t *testing.T) {
	d := Device(append(GreenhouseFields(), Field("s", relay.TypeText))...)
	c, err := newCodec(d, new(wire.Tap))
	if err != nil {
		t.Fatal(err)
	}
	line := []byte(strings.TrimSuffix(Telemetry, "}") + `,"s":"a \"quoted\" text"}`)
	if n := testing.AllocsPerRun(100, func() { c.Decode(line) }); n > 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func TestNumbersAreExact(t *testing.T) {
	c, err := newCodec(Device(Field("n", relay.TypeNumber)), new(wire.Tap))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]float64{"0.1": 0.1, "21.53": 21.53, "1e22": 1e22, "1e23": 1e23, "123456789012345": 123456789012345,
		"1234567890123456": 1234567890123456, "0.000001": 1e-6, "-0": 0, "1.7976931348623157e308": math.MaxFloat64} {
		readings, ok := c.Decode([]byte(`{"n":` + text + `}`))
		if !ok || readings[0].Value.Number() != want {
			t.Errorf("%s: %v", text, readings)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	c, err := newCodec(Device(GreenhouseFields()...), new(wire.Tap))
	if err != nil {
		b.Fatal(err)
	}
	line := []byte(Telemetry)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := c.Decode(line); !ok {
			b.Fatal("noise")
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
}
