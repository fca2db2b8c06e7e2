package devices

import (
	"slices"
	"strings"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
	"minirelay/softboard"
)

// A computed value follows its inputs: with each reading, when one is lost, when one becomes stale, and when the device
// goes offline.
func TestComputedFields(t *testing.T) {
	d := Device(Field("kw", relay.TypeNumber, Computes("voltage * current / 1000"), Plausible(0, 100), func(f *mapping.FieldConfig) { f.Decimals = 2 }),
		Field("voltage", relay.TypeNumber, Key("v")),
		Field("alarm", relay.TypeBool, Computes("kw > 2")),
		Field("current", relay.TypeNumber, Key("i"), func(f *mapping.FieldConfig) { f.StaleAfter = 2 * time.Second }))
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

// Polled devices have computed fields too, between the others.
func TestComputedFieldOfAUnit(t *testing.T) {
	u := softboard.NewModbusUnit(1)
	u.Set(softboard.HoldingRegisters, 0, 2300, 15)
	u.Set(softboard.Coils, 0, 0)
	d := Unit(1, Field("power", relay.TypeNumber, Computes("voltage * current")), Field("voltage", relay.TypeNumber, At("holding:0", ""), Scaled(0.1, 0)),
		Field("lamp", relay.TypeBool, At("coil:0", "")), Field("current", relay.TypeNumber, At("holding:1", ""), Scaled(0.1, 0)))
	d.Commands = []mapping.CommandConfig{Writes("lamp", relay.TypeBool, "coil:0", func(c *mapping.CommandConfig) { c.Confirm = "lamp" })}
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
	d := Headed(CSVDevice(Field("f", relay.TypeNumber, Computes("t * 1.8 + 32")), Field("t", relay.TypeNumber)))
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

// A hidden field is in no model and no state, and expressions use it.
func TestHiddenField(t *testing.T) {
	hidden := func(f *mapping.FieldConfig) { f.Hidden = true }
	d := Device(Field("raw", relay.TypeNumber, hidden), Field("volts", relay.TypeNumber, Computes("raw / 1000")), Field("on", relay.TypeBool, hidden))
	c := mapping.DefaultCommand()
	c.ID, c.Type, c.Send, c.Confirm = "on", relay.TypeBool, "ON {value}\n", "on"
	d.Commands = []mapping.CommandConfig{c}
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		b.say("half", `{"raw":12500,"on":true}`)
		if got := r.stateOf("board"); got != `{"volts":12.5}` {
			t.Error(got)
		}
		if got := r.last("model"); strings.Contains(got, "raw") || strings.Contains(got, `"field"`) || !strings.Contains(got, `"id":"on"`) {
			t.Error(got)
		}
		go func() { b.hear(); b.say(`{"raw":12500,"on":true}`) }()
		r.ask(`{"id":"a","command":"on","value":true}`)
		if got := untimed(r.results()); got != "a done" {
			t.Error(got)
		}
	})
}
