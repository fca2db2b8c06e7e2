package devices

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"minirelay/devices/mapping"

	"minirelay/devices/wire"

	"minirelay/devices/serial"

	"minirelay/devices/capture"
	"minirelay/relay"
	"minirelay/softboard"
)

func computes(expression string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Expr = expression }
}

// worked gives the value of expression over some fields.
func worked(t *testing.T, kind relay.Type, expression string, change ...func(*mapping.FieldConfig)) (string, uint64) {
	t.Helper()
	d := device(field("voltage", relay.TypeNumber), field("current", relay.TypeNumber), field("status", relay.TypeNumber), field("on", relay.TypeBool),
		field("mode", relay.TypeEnum, options("auto", "manual")), field("note", relay.TypeText), field("x", kind, append(change, computes(expression))...))
	if problems := CheckDevice(d); len(problems) > 0 {
		return problems[0].String(), 0
	}
	var count wire.Counters
	values := []relay.Value{relay.NumberValue(230), relay.NumberValue(2.5), relay.NumberValue(6), relay.BoolValue(true), relay.TextValue("auto"), relay.TextValue("12 V"), {}}
	newComputation(d, &count).derive(values)
	return values[6].String(), count.Counts().Implausible
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
	if got, _ := worked(t, relay.TypeEnum, "voltage > 240 ? 'high' : 'fine'", options("fine", "high")); got != "fine" {
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
		"voltage * current":          plausible(0, 100),
	} {
		if got, implausible := worked(t, relay.TypeNumber, expression, change); got != "null" || implausible != 1 {
			t.Errorf("%s: %s (%d implausible)", expression, got, implausible)
		}
	}
	if got, implausible := worked(t, relay.TypeEnum, "note", options("a")); got != "null" || implausible != 1 {
		t.Errorf("a choice that is none: %s (%d implausible)", got, implausible)
	}
}

// Everything that cannot work, or could work for ever, is told when the mapping is read.
func TestCheckExpressions(t *testing.T) {
	const usable = "use fields, numbers, texts, + - * / **, comparisons, and, or, not, a ? b : c, and the functions in docs/mappings.md"
	const write = "write it as in voltage * current / 1000"
	for expression, want := range map[string]string{
		"voltge * 2":                      `unknown name voltge, at character 1; there are voltage, current, status, on, mode, note`,
		"voltage *":                       `it ends too early, at character 9; ` + write,
		"voltage 'V'":                     `unexpected token String("V"), at character 9; ` + write,
		"voltage > 3":                     `its value must be a number, not a bool; ` + write,
		"mode":                            `its value must be a number, not a text; ` + write,
		"voltage + mode":                  `invalid operation: + (mismatched types number and text), at character 9; ` + write,
		"1 + 2":                           `it uses no field: its value would never change; there are voltage, current, status, on, mode, note`,
		"1..1000000":                      `".." cannot stand in an expression; ` + usable,
		"sum(map(1..9, # * voltage))":     `".." cannot stand in an expression; ` + usable,
		"reduce(1..1000000000, #acc + #)": `".." cannot stand in an expression; ` + usable,
		"all([1, 2], # > voltage)":        `a loop cannot stand in an expression; ` + usable,
		"repeat(note, 1000000000)":        `unknown name repeat, at character 1; there are voltage, current, status, on, mode, note`,
		"now()":                           `unknown name now, at character 1; there are voltage, current, status, on, mode, note`,
		"let a = voltage; a + a":          `"let" cannot stand in an expression; ` + usable,
		"$env['voltage']":                 `a part of a value cannot stand in an expression; ` + usable,
		"voltage ?? 3":                    `"??" cannot stand in an expression; ` + usable,
		"nil":                             `"nil" cannot stand in an expression; ` + usable,
		"{'a': voltage}":                  `a table cannot stand in an expression; ` + usable,
		"note matches mode ? 1 : 2":       `matches with something else than a text behind it cannot stand in an expression; ` + usable,
		strings.Repeat("voltage + ", 60):  `it has 600 characters; at most 500 are allowed; make a part of it a field of its own`,
	} {
		got, _ := worked(t, relay.TypeNumber, expression)
		if got != `field "x": expr: `+want {
			t.Errorf("%.40s\n got %s\nwant field \"x\": expr: %s", expression, got, want)
		}
	}
}

func TestCheckComputedFields(t *testing.T) {
	wire := field("a", relay.TypeNumber)
	for name, tt := range map[string]struct {
		fields []mapping.FieldConfig
		want   string
	}{
		"good":    {[]mapping.FieldConfig{wire, field("b", relay.TypeNumber, computes("c + 1")), field("c", relay.TypeNumber, computes("a + 1"))}, ""},
		"itself":  {[]mapping.FieldConfig{wire, field("b", relay.TypeNumber, computes("b + a"))}, `field "b": expr: it depends on itself: b → b; make one of them without the others`},
		"a ring":  {[]mapping.FieldConfig{wire, field("b", relay.TypeNumber, computes("d")), field("c", relay.TypeNumber, computes("b + a")), field("d", relay.TypeNumber, computes("c"))}, `field "b": expr: it depends on itself: b → d → c → b; make one of them without the others`},
		"hyphens": {[]mapping.FieldConfig{field("air-t", relay.TypeNumber), wire, field("b", relay.TypeNumber, computes("air-t"))}, `field "b": expr: unknown name air, at character 1; there are a; an expression cannot name air-t: call it otherwise, without - and with a letter in front`},
		"scaled":  {[]mapping.FieldConfig{wire, field("b", relay.TypeNumber, computes("a"), scaled(2, 0))}, `field "b": scale: it is for what is on the wire, and this field is worked out; leave it out, and put into expr what is to be done`},
		"stale":   {[]mapping.FieldConfig{wire, field("b", relay.TypeNumber, computes("a"), func(f *mapping.FieldConfig) { f.StaleAfter = time.Second })}, `field "b": stale_after: a computed value is as old as the fields it is made of; leave it out`},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range CheckDevice(device(tt.fields...)) {
				got = append(got, p.String())
			}
			if strings.Join(got, " | ") != tt.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " | "), tt.want)
			}
		})
	}
	d := pumpBoard()
	d.Fields = append(d.Fields, field("running", relay.TypeBool, computes("pump and fan > 0")))
	d.Commands[0].Confirm = "running"
	if p := CheckDevice(d); len(p) != 1 || p[0].String() != `command "pump": confirm: the field "running" is worked out, not read from the device; name a field that the device itself reads back` {
		t.Error(p)
	}
}

// A computed value follows what it is made of: with each reading, when one is lost, when one becomes too old, and when
// the device goes.
func TestComputedFields(t *testing.T) {
	d := device(field("kw", relay.TypeNumber, computes("voltage * current / 1000"), plausible(0, 100), func(f *mapping.FieldConfig) { f.Decimals = 2 }),
		field("voltage", relay.TypeNumber, key("v")),
		field("alarm", relay.TypeBool, computes("kw > 2")),
		field("current", relay.TypeNumber, key("i"), func(f *mapping.FieldConfig) { f.StaleAfter = 2 * time.Second }))
	d.OfflineAfter = 10 * time.Second
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		expect := func(when, want string) {
			t.Helper()
			if got := r.stateOf("board"); got != want {
				t.Errorf("%s: %s", when, got)
			}
		}
		b.say("", `{"v":230}`)
		expect("only one input", `{"kw":null,"voltage":230,"alarm":null,"current":null}`)
		b.say(`{"i":10.004}`)
		expect("both inputs", `{"kw":2.3,"voltage":230,"alarm":true,"current":10.004}`)
		b.say(`{"v":100}`)
		expect("another voltage", `{"kw":1,"voltage":100,"alarm":false,"current":10.004}`)
		b.say(`{"v":null}`)
		expect("no voltage", `{"kw":null,"voltage":null,"alarm":null,"current":10.004}`)
		b.say(`{"v":99999}`)
		expect("implausible", `{"kw":null,"voltage":99999,"alarm":null,"current":10.004}`)
		if n := r.counts().Implausible; n != 1 {
			t.Errorf("%d implausible values", n)
		}
		b.say(`{"v":200,"i":5}`)
		time.Sleep(3 * time.Second)
		expect("the current is too old", `{"kw":null,"voltage":200,"alarm":null,"current":null}`)
		b.say(`{"v":200,"i":5}`)
		time.Sleep(time.Second)
		expect("again", `{"kw":1,"voltage":200,"alarm":false,"current":5}`)
		time.Sleep(20 * time.Second)
		expect("silence", `{"kw":null,"voltage":null,"alarm":null,"current":null}`)
	})
}

// Devices that are asked have computed fields too, between the others.
func TestComputedFieldOfAUnit(t *testing.T) {
	u := softboard.NewModbusUnit(1)
	u.Set(softboard.HoldingRegisters, 0, 2300, 15)
	u.Set(softboard.Coils, 0, 0)
	d := unit(1, field("power", relay.TypeNumber, computes("voltage * current")), field("voltage", relay.TypeNumber, at("holding:0", ""), scaled(0.1, 0)),
		field("lamp", relay.TypeBool, at("coil:0", "")), field("current", relay.TypeNumber, at("holding:1", ""), scaled(0.1, 0)))
	d.Commands = []mapping.CommandConfig{writes("lamp", relay.TypeBool, "coil:0", func(c *mapping.CommandConfig) { c.Confirm = "lamp" })}
	onBus(t, &softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}, []mapping.DeviceConfig{d}, func(t *testing.T, r *rig) {
		time.Sleep(time.Second)
		if got := r.last("state"); !strings.Contains(got, `"power":345,"voltage":230,"lamp":false,"current":1.5`) {
			t.Error(got)
		}
		r.ask(`{"id":"a","command":"lamp","value":true}`)
		time.Sleep(time.Second)
		if got := r.results(); !strings.HasPrefix(got, "a done") {
			t.Error(got)
		}
	})
}

// A header that was learnt, and lines that may be half, pass through to a codec whose device has computed fields.
func TestComputedFieldOfColumns(t *testing.T) {
	d := headed(csvDevice(field("f", relay.TypeNumber, computes("t * 1.8 + 32")), field("t", relay.TypeNumber)))
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		r.board().say("ms,t", "1,20")
		if r.field("f") != 68.0 {
			t.Error(r.last("state"))
		}
		d.Fields = slices.Clone(d.Fields)
		d.Fields[0].Expr = "t * 2"
		r.apply(d)
		r.board().say("1,21")
		if r.field("f") != 42.0 {
			t.Error(r.last("state"))
		}
	})
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
			d := device(field("voltage", relay.TypeNumber), field("current", relay.TypeNumber), field("status", relay.TypeNumber), field("on", relay.TypeBool),
				field("mode", relay.TypeEnum, options("auto", "manual")), field("note", relay.TypeText), field("x", kind, computes(expression)))
			if expression == "" {
				return
			}
			if problems := CheckDevice(d); len(problems) > 0 {
				if problems[0].What == "" || problems[0].Try == "" {
					t.Errorf("%q is refused without a reason: %+v", expression, problems[0])
				}
				continue
			}
			values := []relay.Value{relay.NumberValue(n), relay.NumberValue(-n), relay.NumberValue(math.Floor(n)), relay.BoolValue(n > 0), relay.TextValue("auto"), relay.TextValue(fmt.Sprint(n)), {}}
			newComputation(d, new(wire.Counters)).derive(values)
			want := map[relay.Type]relay.Kind{relay.TypeNumber: relay.Number, relay.TypeBool: relay.Bool, relay.TypeText: relay.Text}[kind]
			if v := values[6]; !v.IsNull() && v.Kind() != want {
				t.Errorf("%q as %s gives %v", expression, kind, v)
			}
		}
	})
}

func BenchmarkComputed(b *testing.B) {
	d := device(field("v", relay.TypeNumber), field("i", relay.TypeNumber), field("x", relay.TypeNumber, computes("v * i / 1000")))
	m := newComputation(d, new(wire.Counters))
	values := make([]relay.Value, 3)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		values[0], values[1] = relay.NumberValue(float64(i)), relay.NumberValue(2)
		m.derive(values)
	}
}

// Who decodes a recording sees computed fields beside the frames from which they follow.
func TestComputedFieldsInARecording(t *testing.T) {
	d := device(field("v", relay.TypeNumber), field("i", relay.TypeNumber), field("w", relay.TypeNumber, computes("v * i")), field("kw", relay.TypeNumber, computes("w / 1000")))
	var out []string
	count, err := Decode(serial.Default(), d, []capture.Record{{Data: []byte("{\"v\":230}\n{\"i\":2}\n{\"x\":1}\n{\"i\":null}\n{\"i\":null}\n")}}, func(r wire.Record) {
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
