package devices

import (
	"strings"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// Every fault of a device and its fields is found, with what to try.
func TestCheckDevice(t *testing.T) {
	none := func(d *mapping.DeviceConfig) {}
	with := func(f mapping.FieldConfig) func(*mapping.DeviceConfig) {
		return func(d *mapping.DeviceConfig) { d.Fields = append(d.Fields, f) }
	}
	checkEach(t, map[string]checked{
		"good":                 {none, ""},
		"codec":                {func(d *mapping.DeviceConfig) { d.Codec = "xml" }, `codec: there is no codec "xml"; use ` + codecNames()},
		"checksum":             {func(d *mapping.DeviceConfig) { d.Checksum = "md5" }, `checksum: there is no checksum "md5"; use none, xor8, sum8, crc16-modbus, crc16-ccitt or crc32`},
		"max_frame":            {func(d *mapping.DeviceConfig) { d.MaxFrame = 0 }, `max_frame: a line may have 16 to 65536 bytes; leave it out for 4096`},
		"field type":           {with(Field("x", "none")), `field "x": type: a field cannot be of type "none"; use number, bool, enum or text`},
		"empty part":           {with(Field("x", "number", Key("a..b"))), `field "x": key: "a..b" has an empty part; write nested keys like "air.temperature", elements of arrays like "probes[0].t"`},
		"scale 0":              {with(Field("x", "number", Scaled(0, 0))), `field "x": scale: a number cannot be scaled by 0; leave it out for 1`},
		"scale of a bool":      {with(Field("x", "bool", Scaled(2, 0))), `field "x": scale: it has no effect for type bool; leave it out`},
		"min above max":        {with(Field("x", "number", Plausible(2, 1))), `field "x": min: min 2 is greater than max 1: no value is possible; swap the two`},
		"decimals":             {with(Field("x", "number", func(f *mapping.FieldConfig) { f.Decimals = 9 })), `field "x": decimals: a number has 0 to 6 decimal places; use fewer`},
		"enum without choices": {with(Field("x", "enum")), `field "x": options: an enum needs options; write options = [{ value = "auto" }, { value = "manual" }]`},
		"choice twice":         {with(Field("x", "enum", Options("a", "a"))), `field "x": options: the option "a" is empty or occurs twice; give each option its own value`},
		"choices of a bool":    {with(Field("x", "bool", Options("a"))), `field "x": options: only an enum has options; leave it out, or use type = "enum"`},
		"values of a number":   {with(Field("x", "number", Values("1", "2"))), `field "x": values: it has no effect for type number; leave it out`},
		"half a bool":          {with(Field("x", "bool", Values("true", "1"))), `field "x": values: false is missing; write both, for example { true = "1", false = "0" }`},
		"no such value":        {with(Field("x", "bool", Values("true", "1", "false", "0", "on", "2"))), `field "x": values: "on" is not one of true, false; write { true = "1", false = "0" }`},
		"ambiguous":            {with(Field("x", "enum", Options("a", "b"), Values("a", "b"))), `field "x": values: "b" represents both a and b; give each its own text`},
		"control character":    {with(Field("x", "enum", Options("a"), Values("a", "b\n"))), `field "x": values: the text for "a" contains a control character; write line ends in send`},
	})
}

// Every fault of a command is found, with what to try.
func TestCheckDeviceCommands(t *testing.T) {
	pump := func(change func(*mapping.CommandConfig)) func(*mapping.DeviceConfig) {
		return func(d *mapping.DeviceConfig) { change(&d.Commands[0]) }
	}
	fan := func(change func(*mapping.CommandConfig)) func(*mapping.DeviceConfig) {
		return func(d *mapping.DeviceConfig) { change(&d.Commands[1]) }
	}
	checkEach(t, map[string]checked{
		"command type": {pump(func(c *mapping.CommandConfig) { c.Type = "" }), `command "pump": type: a command cannot be of type ""; use number, bool, enum, text or none`},
		"nothing to send": {pump(func(c *mapping.CommandConfig) {
			c.Send, c.Type, c.Values, c.Confirm, c.Expect, c.Refuse = "", "none", nil, "", "", ""
		}), `command "pump": send: it is missing or empty; write the line to send, for example "PUMP {value} #{seq}\n"`},
		"only a line end": {pump(func(c *mapping.CommandConfig) {
			c.Send, c.Type, c.Values, c.Confirm, c.Expect, c.Refuse = "\r\n", "none", nil, "", "", ""
		}), `command "pump": send: it contains only a line end; write the line to send, for example "PUMP {value} #{seq}\n"`},
		"two lines":              {pump(func(c *mapping.CommandConfig) { c.Send = "A\nPUMP {value} #{seq}\n" }), `command "pump": send: it contains more than one line; define one command for each line`},
		"two line ends":          {pump(func(c *mapping.CommandConfig) { c.Send = "PUMP {value} #{seq}\n\n" }), `command "pump": send: it contains more than one line; define one command for each line`},
		"unknown placeholder":    {pump(func(c *mapping.CommandConfig) { c.Send = "PUMP {value} {val} #{seq}\n" }), `command "pump": send: unknown placeholder {val}; use {value} and {seq}`},
		"JSON":                   {pump(func(c *mapping.CommandConfig) { c.Send = `{"pump":{value},"id":{seq}}` + "\n" }), ``},
		"no value sent":          {pump(func(c *mapping.CommandConfig) { c.Send = "PUMP #{seq}\n" }), `command "pump": send: it does not contain the value; write {value} where the value belongs, or use type = "none"`},
		"value in none":          {pump(func(c *mapping.CommandConfig) { c.Type, c.Values, c.Confirm, c.Expect = "none", nil, "", "^OK {value}" }), `command "pump": send: the command has no value for {value}; leave {value} out, or give the command another type | command "pump": expect: the command has no value for {value}; leave {value} out`},
		"seq not sent":           {pump(func(c *mapping.CommandConfig) { c.Send, c.Refuse = "PUMP {value}\n", "" }), `command "pump": expect: it expects {seq}, which send does not contain; add {seq} to send if the board repeats it`},
		"no regular expression":  {pump(func(c *mapping.CommandConfig) { c.Expect = "^OK (" }), "command \"pump\": expect: it is not a regular expression: missing closing ): `^OK (`; in a plain text, write \\ before each of ( ) [ ] { } . * + ? ^ $ |"},
		"fits all":               {pump(func(c *mapping.CommandConfig) { c.Refuse = ".*" }), `command "pump": refuse: it matches every line, even an empty one; write the answer of the board, for example "^OK #{seq}$"`},
		"confirm by nothing":     {pump(func(c *mapping.CommandConfig) { c.Confirm = "pmup" }), `command "pump": confirm: there is no field "pmup"; the fields are pump, fan`},
		"confirm by other type":  {pump(func(c *mapping.CommandConfig) { c.Confirm = "fan" }), `command "pump": confirm: the field "fan" has type number, the command bool: they can never be equal; name a field of the same type`},
		"confirm of none":        {pump(func(c *mapping.CommandConfig) { c.Type, c.Values, c.Send = "none", nil, "RESET #{seq}\n" }), `command "pump": confirm: a command without a value has nothing to read back; leave it out`},
		"tolerance of a bool":    {pump(func(c *mapping.CommandConfig) { c.Tolerance = 1 }), `command "pump": tolerance: it has no effect without a number that is read back; leave it out, or name a field in confirm`},
		"no such field":          {pump(func(c *mapping.CommandConfig) { c.Field = "x" }), `command "pump": field: there is no field "x"; the fields are pump, fan`},
		"no time":                {pump(func(c *mapping.CommandConfig) { c.Timeout = 0 }), `command "pump": timeout: it must be at least 1 ms; leave it out for 2s`},
		"retries":                {pump(func(c *mapping.CommandConfig) { c.Retries = 1 }), `command "pump": retries: a command that is written again could act twice; write idempotent = true if a second write does no harm, or leave retries out`},
		"retries without answer": {fan(func(c *mapping.CommandConfig) { c.Retries, c.Idempotent, c.Expect, c.Confirm = 1, true, "", "" }), `command "fan": retries: without expect or confirm the gateway cannot see an answer; add one of them, or leave retries out`},
		"several":                {func(d *mapping.DeviceConfig) { d.Codec = "x"; d.Commands[0].Timeout = 0; d.Commands[1].Scale = 0 }, `codec: there is no codec "x"; use ` + codecNames() + ` | command "pump": timeout: it must be at least 1 ms; leave it out for 2s | command "fan": scale: a number cannot be scaled by 0; leave it out for 1`},
	})
}

// checked is a change of a valid device, and all problems that it causes.
type checked struct {
	change func(*mapping.DeviceConfig)
	want   string
}

// checkEach compares the problems of each change with those that are wanted.
func checkEach(t *testing.T, cases map[string]checked) {
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			d := PumpBoard()
			tt.change(&d)
			var got []string
			for _, p := range CheckDevice(d) {
				got = append(got, p.String())
			}
			if strings.Join(got, " | ") != tt.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " | "), tt.want)
			}
		})
	}
}

// The model has what a client needs of the description, and nothing of the wire.
func TestModel(t *testing.T) {
	d := PumpBoard()
	d.Publish, d.MinInterval, d.Topic = "change", time.Second, "home/board"
	d.Fields = append(d.Fields, Field("mode", relay.TypeEnum, Values("auto", "0", "manual", "1")))
	m := modelOf(d)
	if !m.OnChange || m.MinInterval != time.Second || m.Topic != "home/board" || m.OfflineAfter != 30*time.Second {
		t.Errorf("%+v", m)
	}
	if o := m.Fields[2].Options; len(o) != 2 || o[0].Value != "auto" || o[1].Value != "manual" {
		t.Errorf("%+v", o)
	}
	if c := m.Commands[1]; c.Field != "fan" || c.Range != (relay.Range{Min: 0, Max: 100}) || c.MaxAge != 5*time.Second {
		t.Errorf("%+v", c)
	}
}
