package devices

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
	"minirelay/softboard"
)

func words(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// The request of each command, function, address and all, and the registers after it.
func TestModbusWrites(t *testing.T) {
	none := json.RawMessage("null")
	for name, tt := range map[string]struct {
		command mapping.CommandConfig
		value   any
		want    string // the request without unit and checksum
	}{
		"coil on":                  {Writes("c", relay.TypeBool, "coil:0x10"), true, "05 00 10 ff 00"},
		"coil off":                 {Writes("c", relay.TypeBool, "coil:0x10"), false, "05 00 10 00 00"},
		"coil that works reversed": {Writes("c", relay.TypeBool, "coil:0", func(c *mapping.CommandConfig) { c.Values = words("true", "0", "false", "1") }), true, "05 00 00 00 00"},
		"coil by function 15":      {Writes("c", relay.TypeBool, "coil:0", func(c *mapping.CommandConfig) { c.Function = 15 }), true, "0f 00 00 00 01 01 01"},
		"several coils":            {Writes("c", relay.TypeNumber, "coil:0", func(c *mapping.CommandConfig) { c.Bits = 10 }), 0x201, "0f 00 00 00 0a 02 01 02"},
		"register":                 {Writes("c", relay.TypeNumber, "holding:1"), 65535, "06 00 01 ff ff"},
		"scaled":                   {Writes("c", relay.TypeNumber, "holding:1", func(c *mapping.CommandConfig) { c.Format, c.Scale, c.Offset = "int16", 0.1, -10 }), -30.5, "06 00 01 ff 33"},
		"register by function 16":  {Writes("c", relay.TypeNumber, "holding:1", func(c *mapping.CommandConfig) { c.Function = 16 }), 2, "10 00 01 00 01 02 00 02"},
		"float":                    {Writes("c", relay.TypeNumber, "holding:2", func(c *mapping.CommandConfig) { c.Format = "float32" }), 230.25, "10 00 02 00 02 04 43 66 40 00"},
		"float, words swapped":     {Writes("c", relay.TypeNumber, "holding:2", func(c *mapping.CommandConfig) { c.Format, c.WordOrder = "float32", "little" }), 230.25, "10 00 02 00 02 04 40 00 43 66"},
		"magic numbers":            {Writes("c", relay.TypeBool, "holding:1", func(c *mapping.CommandConfig) { c.Values = words("true", "0x0100", "false", "0x0200") }), false, "06 00 01 02 00"},
		"enum":                     {Writes("c", relay.TypeEnum, "holding:1", func(c *mapping.CommandConfig) { c.Values = words("heat", "4", "cool", "3") }), "heat", "06 00 01 00 04"},
		"text":                     {Writes("c", relay.TypeText, "holding:2", func(c *mapping.CommandConfig) { c.Length = 2 }), "abc", "10 00 02 00 02 04 61 62 63 00"},
		"a fixed number":           {Writes("c", relay.TypeNone, "holding:1", func(c *mapping.CommandConfig) { c.Write = "0x5A5A" }), none, "06 00 01 5a 5a"},
		"one bit":                  {Writes("c", relay.TypeBool, "holding:1", func(c *mapping.CommandConfig) { c.Bit, c.Function = 3, 22 }), true, "16 00 01 ff f7 00 08"},
	} {
		t.Run(name, func(t *testing.T) {
			u := softboard.NewModbusUnit(1)
			u.Set(softboard.HoldingRegisters, 0, 0, 0, 0, 0)
			u.Set(softboard.Coils, 0, make([]uint16, 20)...)
			bus := &softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}
			d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")))
			d.Commands = []mapping.CommandConfig{tt.command}
			if problems := CheckDevice(d); len(problems) > 0 {
				t.Fatal(problems)
			}
			onBus(t, bus, []mapping.DeviceConfig{d}, func(t *testing.T, r *rig) {
				time.Sleep(100 * ms)
				v, err := json.Marshal(tt.value)
				if err != nil {
					t.Fatal(err)
				}
				r.ask(fmt.Sprintf(`{"id":"a","command":"c","value":%s}`, v))
				time.Sleep(100 * ms)
				if got := r.results(); !strings.HasPrefix(got, "a done after") {
					t.Error(got)
				}
				if q := bus.Requests(); len(q) != 2 || fmt.Sprintf("% x", q[1].PDU) != tt.want {
					t.Errorf("%v instead of %s", q, tt.want)
				}
			})
		})
	}
}

// Every outcome of a command to a unit.
func TestModbusOutcomes(t *testing.T) {
	lamp := func(change ...func(*mapping.CommandConfig)) mapping.CommandConfig {
		return Writes("lamp", relay.TypeBool, "coil:0", append(change, func(c *mapping.CommandConfig) { c.Timeout = time.Second })...)
	}
	confirmed := func(c *mapping.CommandConfig) { c.Confirm = "lamp" }
	for name, tt := range map[string]struct {
		command mapping.CommandConfig
		happens func(*softboard.ModbusUnit)
		want    string
	}{
		"acknowledged":        {lamp(), func(*softboard.ModbusUnit) {}, "a done"},
		"read back":           {lamp(confirmed), func(*softboard.ModbusUnit) {}, "a done"},
		"refused":             {lamp(), func(u *softboard.ModbusUnit) { u.Refuse(4) }, "a failed/refused: the unit failed to carry it out (exception 4)"},
		"no such coil":        {lamp(func(c *mapping.CommandConfig) { c.Register = "coil:99" }), func(*softboard.ModbusUnit) {}, "a failed/refused: the unit has no such register (exception 2)"},
		"begun":               {lamp(), func(u *softboard.ModbusUnit) { u.Refuse(5) }, "a unknown/no_answer: the hardware started the command, but did not report that it has finished"},
		"begun, not seen":     {lamp(confirmed), func(u *softboard.ModbusUnit) { u.Refuse(5) }, "a unknown/no_answer: it was acknowledged, but no reading has shown the effect"},
		"not reached":         {lamp(), func(u *softboard.ModbusUnit) { u.Refuse(11) }, "a unknown/no_answer: the Modbus gateway gets no answer from the unit (exception 11)"},
		"deaf":                {lamp(), func(u *softboard.ModbusUnit) { u.Deafen(true) }, "a unknown/no_answer: the hardware did not answer in time"},
		"slow, but in time":   {lamp(), func(u *softboard.ModbusUnit) { u.Slow(900 * ms) }, "a done"},
		"too slow":            {lamp(), func(u *softboard.ModbusUnit) { u.Slow(1100 * ms) }, "a unknown/no_answer: the hardware did not answer in time"},
		"reads otherwise":     {lamp(confirmed, func(c *mapping.CommandConfig) { c.Register = "coil:1" }), func(*softboard.ModbusUnit) {}, "a failed/mismatch: the hardware reads back false instead of true"},
		"more than fits":      {Writes("lamp", relay.TypeNumber, "holding:0", func(c *mapping.CommandConfig) { c.Format = "int16" }), func(*softboard.ModbusUnit) {}, "a rejected/out_of_range: the hardware cannot hold 40000: it does not fit into int16"},
		"tried again in vain": {lamp(func(c *mapping.CommandConfig) { c.Idempotent, c.Retries = true, 1 }), func(u *softboard.ModbusUnit) { u.Deafen(true) }, "a unknown/no_answer: the hardware did not answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			u := softboard.NewModbusUnit(1).Set(softboard.Coils, 0, 0, 0).Set(softboard.HoldingRegisters, 0, 0)
			bus := &softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}
			d := Unit(1, Field("lamp", relay.TypeBool, At("coil:0", "")))
			d.Poll, d.OfflineAfter = 10*time.Second, 30*time.Second
			d.Commands = []mapping.CommandConfig{tt.command}
			onBus(t, bus, []mapping.DeviceConfig{d}, func(t *testing.T, r *rig) {
				time.Sleep(100 * ms)
				tt.happens(u)
				value := "true"
				if tt.command.Type == relay.TypeNumber {
					value = "40000"
				}
				r.ask(`{"id":"a","command":"lamp","value":` + value + `}`)
				time.Sleep(5 * time.Second)
				if got := elapsed.ReplaceAllString(r.results(), ""); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
				writes := 0
				for _, q := range bus.Requests() {
					if q.PDU[0] >= 5 {
						writes++
					}
				}
				if want := 1 + tt.command.Retries; writes != want && !strings.Contains(tt.want, "rejected") {
					t.Errorf("written %d times", writes)
				}
			})
		})
	}
}

// A command waits for at most the one transaction that is on the wire, however busy the line is.
func TestModbusCommandsFirst(t *testing.T) {
	var units []*softboard.ModbusUnit
	var devices []mapping.DeviceConfig
	for i := range 8 {
		u := softboard.NewModbusUnit(byte(i+1)).Set(softboard.HoldingRegisters, 0, make([]uint16, 100)...).Set(softboard.Coils, 0, 0)
		u.Slow(200 * ms) // as long as its 205 bytes take at 9600 baud
		units = append(units, u)
		d := Unit(i+1, Field("a", relay.TypeNumber, At("holding:0", "")), Field("z", relay.TypeNumber, At("holding:99", "")),
			Field("lamp", relay.TypeBool, At("coil:0", "")))
		d.ID, d.MaxGap, d.Poll = fmt.Sprintf("u%d", i), 100, 100*ms
		d.Commands = []mapping.CommandConfig{Writes("lamp", relay.TypeBool, "coil:0", func(c *mapping.CommandConfig) { c.Confirm = "lamp" })}
		devices = append(devices, d)
	}
	bus := &softboard.ModbusBus{Units: units}
	onBus(t, bus, devices, func(t *testing.T, r *rig) {
		time.Sleep(10 * time.Second)
		for i := range 8 {
			time.Sleep(137 * ms)
			synctest.Wait()
			before := len(bus.Requests())
			r.relay.Handle(relay.Message{Topic: fmt.Sprintf("minirelay/home/u%d/command", i), User: "phone",
				Payload: fmt.Appendf(nil, `{"id":"c%d","command":"lamp","value":true}`, i)})
			time.Sleep(450 * ms)
			if q := bus.Requests()[before:]; len(q) == 0 || q[0].PDU[0] != 5 || int(q[0].Unit) != i+1 {
				t.Errorf("after the transaction on the wire came %v", q)
			}
		}
	})
}

// A write to all units is heard by all, answered by none, and gives them time.
func TestModbusBroadcast(t *testing.T) {
	a := softboard.NewModbusUnit(1).Set(softboard.Coils, 0, 0).Set(softboard.HoldingRegisters, 0, 0)
	b := softboard.NewModbusUnit(2).Set(softboard.Coils, 0, 0)
	bus := &softboard.ModbusBus{Units: []*softboard.ModbusUnit{a, b}}
	all := Unit(0)
	all.Commands = []mapping.CommandConfig{Writes("lights", relay.TypeBool, "coil:0")}
	one := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")))
	one.ID, one.Poll = "one", 10*ms
	onBus(t, bus, []mapping.DeviceConfig{all, one}, func(t *testing.T, r *rig) {
		time.Sleep(time.Second)
		r.ask(`{"id":"a","command":"lights","value":true}`)
		time.Sleep(time.Second)
		if got := elapsed.ReplaceAllString(r.results(), ""); got != "a sent" {
			t.Error(got)
		}
		for _, u := range bus.Units {
			if on, _ := u.Get(softboard.Coils, 0); on != 1 {
				t.Errorf("unit %d has not heard it", u.Address)
			}
		}
		q := bus.Requests()
		for i := range q {
			if q[i].Unit == 0 && q[i+1].At.Sub(q[i].At) < 100*ms {
				t.Errorf("the next request came %v after it", q[i+1].At.Sub(q[i].At))
			}
		}
	})
}

var elapsed = regexp.MustCompile(` after [0-9.]+m?s`)
