package computed_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"minirelay/devices"
	"minirelay/devices/capture"
	"minirelay/devices/computed"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// worked returns the value of expression over some fields.
func worked(t *testing.T, kind relay.Type, expression string, change ...func(*mapping.FieldConfig)) (string, uint64) {
	t.Helper()
	d := Device(Field("voltage", relay.TypeNumber), Field("current", relay.TypeNumber), Field("status", relay.TypeNumber), Field("on", relay.TypeBool),
		Field("mode", relay.TypeEnum, Options("auto", "manual")), Field("note", relay.TypeText), Field("x", kind, append(change, Computes(expression))...))
	if problems := devices.CheckDevice(d); len(problems) > 0 {
		return problems[0].String(), 0
	}
	var tap wire.Tap
	values := []relay.Value{relay.NumberValue(230), relay.NumberValue(2.5), relay.NumberValue(6), relay.BoolValue(true), relay.TextValue("auto"), relay.TextValue("12 V"), {}}
	computed.New(d, &tap).Derive(values, nil)
	return values[6].String(), tap.Counts().Implausible
}

func TestExpressions(t *testing.T) {
	for _, tt := range []struct {
		kind             relay.Type
		expression, want string
	}{
		{relay.TypeNumber, "voltage * current / 1000", "0.575"},
		{relay.TypeNumber, "0.1 + 0.2 * current / 2.5", "0.3"},
		{relay.TypeNumber, "on ? voltage : 0", "230"},
		{relay.TypeNumber, "mode == 'auto' ? 1 : 2", "1"},
		{relay.TypeNumber, "max(current, 1) + min(voltage, 3, 4) + abs(-current)", "8"},
		{relay.TypeNumber, "round(current) + floor(current) + ceil(current)", "8"},
		{relay.TypeNumber, "current ** 2", "6.25"},
		{relay.TypeNumber, "sqrt(voltage + 26) + ln(exp(current)) + log10(1000)", "21.5"},
		{relay.TypeNumber, "sin(30) + cos(60) + tan(45) + atan(1) + 0 * current", "47"},
		{relay.TypeNumber, "mod(voltage, 100)", "30"},
		{relay.TypeNumber, "int(voltage) % 7", "6"},
		{relay.TypeNumber, "bitshr(bitand(int(status), 4), 2)", "1"},
		{relay.TypeNumber, "len(note)", "4"},
		{relay.TypeNumber, "float(trim('  1.5 ')) + current", "4"},
		{relay.TypeBool, "bitand(int(status), 2) != 0 and on", "true"},
		{relay.TypeBool, "voltage > 240 or not on", "false"},
		{relay.TypeBool, "mode in ['auto', 'eco']", "true"},
		{relay.TypeBool, "note endsWith 'V' && note contains '12' && note matches '^[0-9]+ V$'", "true"},
		{relay.TypeText, "upper(mode) + ': ' + note", "AUTO: 12 V"},
	} {
		if got, implausible := worked(t, tt.kind, tt.expression); got != tt.want || implausible != 0 {
			t.Errorf("%s: %s (%d implausible)", tt.expression, got, implausible)
		}
	}
	if got, _ := worked(t, relay.TypeEnum, "voltage > 240 ? 'high' : 'fine'", Options("fine", "high")); got != "fine" {
		t.Error(got)
	}
}

// What comes out and is no good reading is null and counted.
func TestExpressionsThatFail(t *testing.T) {
	for expression, change := range map[string]func(*mapping.FieldConfig){
		"current / (voltage - 230)":  func(*mapping.FieldConfig) {},
		"0 * current / 0":            func(*mapping.FieldConfig) {},
		"int(voltage) % int(on?0:1)": func(*mapping.FieldConfig) {},
		"float(note)":                func(*mapping.FieldConfig) {},
		"sqrt(-voltage)":             func(*mapping.FieldConfig) {},
		"voltage * current":          Plausible(0, 100),
	} {
		if got, implausible := worked(t, relay.TypeNumber, expression, change); got != "null" || implausible != 1 {
			t.Errorf("%s: %s (%d implausible)", expression, got, implausible)
		}
	}
	if got, implausible := worked(t, relay.TypeEnum, "note", Options("a")); got != "null" || implausible != 1 {
		t.Errorf("a choice that is none: %s (%d implausible)", got, implausible)
	}
}

// Everything that cannot work, or could work for ever, is told when the mapping is read.
func TestCheckExpressions(t *testing.T) {
	const usable = "use fields, numbers, texts, + - * / **, comparisons, and, or, not, a ? b : c, and the functions in docs/mappings.md"
	const write = "write it like voltage * current / 1000"
	for expression, want := range map[string]string{
		"voltge * 2":                      `unknown name voltge, at character 1; the fields are voltage, current, status, on, mode, note`,
		"voltage *":                       `it ends too early, at character 9; ` + write,
		"voltage 'V'":                     `unexpected token String("V"), at character 9; ` + write,
		"voltage > 3":                     `its value must be a number, not a bool; ` + write,
		"mode":                            `its value must be a number, not a text; ` + write,
		"voltage + mode":                  `invalid operation: + (mismatched types number and text), at character 9; ` + write,
		"1 + 2":                           `it uses no field: its value would never change; the fields are voltage, current, status, on, mode, note`,
		"1..1000000":                      `".." is not allowed in an expression; ` + usable,
		"sum(map(1..9, # * voltage))":     `".." is not allowed in an expression; ` + usable,
		"reduce(1..1000000000, #acc + #)": `".." is not allowed in an expression; ` + usable,
		"all([1, 2], # > voltage)":        `a loop is not allowed in an expression; ` + usable,
		"repeat(note, 1000000000)":        `unknown name repeat, at character 1; the fields are voltage, current, status, on, mode, note`,
		"now()":                           `unknown name now, at character 1; the fields are voltage, current, status, on, mode, note`,
		"let a = voltage; a + a":          `"let" is not allowed in an expression; ` + usable,
		"$env['voltage']":                 `a part of a value is not allowed in an expression; ` + usable,
		"voltage ?? 3":                    `"??" is not allowed in an expression; ` + usable,
		"nil":                             `"nil" is not allowed in an expression; ` + usable,
		"{'a': voltage}":                  `a table is not allowed in an expression; ` + usable,
		"note matches mode ? 1 : 2":       `matches without a text after it is not allowed in an expression; ` + usable,
		strings.Repeat("voltage + ", 60):  `it has 600 characters; at most 500 are allowed; move a part of it to a field of its own`,
	} {
		got, _ := worked(t, relay.TypeNumber, expression)
		if got != `field "x": expr: `+want {
			t.Errorf("%.40s\n got %s\nwant field \"x\": expr: %s", expression, got, want)
		}
	}
}

func TestCheckComputedFields(t *testing.T) {
	wire := Field("a", relay.TypeNumber)
	for name, tt := range map[string]struct {
		fields []mapping.FieldConfig
		want   string
	}{
		"good":    {[]mapping.FieldConfig{wire, Field("b", relay.TypeNumber, Computes("c + 1")), Field("c", relay.TypeNumber, Computes("a + 1"))}, ""},
		"itself":  {[]mapping.FieldConfig{wire, Field("b", relay.TypeNumber, Computes("b + a"))}, `field "b": expr: it depends on itself: b → b; compute one of them without the others`},
		"a ring":  {[]mapping.FieldConfig{wire, Field("b", relay.TypeNumber, Computes("d")), Field("c", relay.TypeNumber, Computes("b + a")), Field("d", relay.TypeNumber, Computes("c"))}, `field "b": expr: it depends on itself: b → d → c → b; compute one of them without the others`},
		"hyphens": {[]mapping.FieldConfig{Field("air-t", relay.TypeNumber), wire, Field("b", relay.TypeNumber, Computes("air-t"))}, `field "b": expr: unknown name air, at character 1; the fields are a; an expression cannot use air-t: choose an ID without - that begins with a letter`},
		"scaled":  {[]mapping.FieldConfig{wire, Field("b", relay.TypeNumber, Computes("a"), Scaled(2, 0))}, `field "b": scale: it applies to a value on the wire, and this field is computed; leave it out, and do the same in expr`},
		"stale":   {[]mapping.FieldConfig{wire, Field("b", relay.TypeNumber, Computes("a"), func(f *mapping.FieldConfig) { f.StaleAfter = time.Second })}, `field "b": stale_after: a computed value is as old as the fields it is computed from; leave it out`},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range devices.CheckDevice(Device(tt.fields...)) {
				got = append(got, p.String())
			}
			if strings.Join(got, " | ") != tt.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " | "), tt.want)
			}
		})
	}
	d := PumpBoard()
	d.Fields = append(d.Fields, Field("running", relay.TypeBool, Computes("pump and fan > 0")))
	d.Commands[0].Confirm = "running"
	if p := devices.CheckDevice(d); len(p) != 1 || p[0].String() != `command "pump": confirm: the field "running" is computed, not read from the device; use a field that the device itself reports` {
		t.Error(p)
	}
}

// The law: whatever an expression is, it is refused with a reason, or what it gives is a good reading or null; and it
// is over at once.
func FuzzExpressions(f *testing.F) {
	for _, s := range []string{"voltage * current / 1000", "on ? 1 : 0", "int(status) % 0", "bitshl(int(status), 99999)", "upper(note + mode)", "a..b", "2 ** 2 ** voltage",
		"mode in ['a', 'b']", "not not on", "-(-voltage)", "float(note)", "voltage matches '('", "round(1e308 * 1e308)", "max()", "min(on, 1)"} {
		f.Add(s, 1.5)
	}
	kinds := []relay.Type{relay.TypeNumber, relay.TypeBool, relay.TypeText}
	f.Fuzz(func(t *testing.T, expression string, n float64) {
		for _, kind := range kinds {
			d := Device(Field("voltage", relay.TypeNumber), Field("current", relay.TypeNumber), Field("status", relay.TypeNumber), Field("on", relay.TypeBool),
				Field("mode", relay.TypeEnum, Options("auto", "manual")), Field("note", relay.TypeText), Field("x", kind, Computes(expression)))
			if expression == "" {
				return
			}
			if problems := devices.CheckDevice(d); len(problems) > 0 {
				if problems[0].What == "" || problems[0].Try == "" {
					t.Errorf("%q is refused without a reason: %+v", expression, problems[0])
				}
				continue
			}
			values := []relay.Value{relay.NumberValue(n), relay.NumberValue(-n), relay.NumberValue(math.Floor(n)), relay.BoolValue(n > 0), relay.TextValue("auto"), relay.TextValue(fmt.Sprint(n)), {}}
			computed.New(d, new(wire.Tap)).Derive(values, nil)
			want := map[relay.Type]relay.Kind{relay.TypeNumber: relay.Number, relay.TypeBool: relay.Bool, relay.TypeText: relay.Text}[kind]
			if v := values[6]; !v.IsNull() && v.Kind() != want {
				t.Errorf("%q as %s gives %v", expression, kind, v)
			}
		}
	})
}

func BenchmarkComputed(b *testing.B) {
	d := Device(Field("v", relay.TypeNumber), Field("i", relay.TypeNumber), Field("x", relay.TypeNumber, Computes("v * i / 1000")))
	m := computed.New(d, new(wire.Tap))
	values := make([]relay.Value, 3)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		values[0], values[1] = relay.NumberValue(float64(i)), relay.NumberValue(2)
		m.Derive(values, nil)
	}
}

// Who decodes a recording sees computed fields beside the frames from which they follow.
func TestComputedFieldsInARecording(t *testing.T) {
	d := Device(Field("v", relay.TypeNumber), Field("i", relay.TypeNumber), Field("w", relay.TypeNumber, Computes("v * i")), Field("kw", relay.TypeNumber, Computes("w / 1000")))
	var out []string
	count, err := devices.Decode(serial.Default(), d, []capture.Record{{Data: []byte("{\"v\":230}\n{\"i\":2}\n{\"x\":1}\n{\"i\":null}\n{\"i\":null}\n")}}, func(r wire.Record) {
		if r.Frame == nil {
			return
		}
		var values []string
		for _, v := range r.Frame.Values {
			values = append(values, v.Field+"="+v.Value.String())
		}
		out = append(out, strings.Join(values, " "))
	})
	if got := strings.Join(out, " | "); err != nil || got != "v=230 | i=2 w=460 kw=0.46 |  | i=null w=null kw=null | i=null" {
		t.Errorf("%q, %v, %+v", got, err, count)
	}
}
