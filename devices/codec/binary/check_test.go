package binary_test

import (
	"strings"
	"testing"

	"minirelay/devices"
	"minirelay/devices/checksum"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// What cannot work is told, with what to try.
func TestCheckBytes(t *testing.T) {
	command := func(send string, change ...func(*mapping.CommandConfig)) func(*mapping.DeviceConfig) {
		return func(d *mapping.DeviceConfig) {
			c := mapping.DefaultCommand()
			c.ID, c.Type, c.Send = "x", relay.TypeNumber, send
			for _, f := range change {
				f(&c)
			}
			d.Commands = []mapping.CommandConfig{c}
		}
	}
	frame := func(change func(*mapping.FrameConfig)) func(*mapping.DeviceConfig) {
		return func(d *mapping.DeviceConfig) { change(&d.Frame) }
	}
	only := func(change func(*mapping.FieldConfig)) func(*mapping.DeviceConfig) {
		return func(d *mapping.DeviceConfig) { change(&d.Fields[0]) }
	}
	for name, tt := range map[string]struct {
		change func(*mapping.DeviceConfig)
		want   string // all problems
	}{
		"good":              {func(*mapping.DeviceConfig) {}, ""},
		"no end":            {frame(func(f *mapping.FrameConfig) { f.Length = 0 }), `frame: nothing marks the end of a frame; write length, length_at, end, stuffing or gap into [devices.ID.frame]`},
		"no beginning":      {frame(func(f *mapping.FrameConfig) { f.Start, f.Checksum = "", "none" }), `frame: nothing marks the beginning of a frame; write start or a checksum into [devices.ID.frame]`},
		"two lengths":       {frame(func(f *mapping.FrameConfig) { f.LengthAt = 1 }), `frame: length: the frame has a fixed length and announces one; keep length or length_at`},
		"no bytes":          {frame(func(f *mapping.FrameConfig) { f.Start = "AG" }), `frame: start: 'G' is not a hexadecimal digit; write bytes such as "AA 55"`},
		"half a byte":       {frame(func(f *mapping.FrameConfig) { f.Start = "AA 5" }), `frame: start: each byte has two hexadecimal digits; write bytes such as "AA 55"`},
		"no such checksum":  {frame(func(f *mapping.FrameConfig) { f.Checksum = "md5" }), `frame: checksum: unknown checksum "md5"; use none, ` + strings.Join(checksum.SumNames(), ", ")},
		"range of nothing":  {frame(func(f *mapping.FrameConfig) { f.ChecksumFrom, f.ChecksumTo = 3, 2 }), `frame: checksum_to: no byte lies between checksum_from and it; it is the position after the last byte that the checksum covers`},
		"too short":         {frame(func(f *mapping.FrameConfig) { f.Length = 1 }), `frame: length: start, end and checksum alone take 2 bytes; count the whole frame`},
		"longer than all":   {frame(func(f *mapping.FrameConfig) { f.Length = 5000 }), `frame: length: it is greater than max_frame = 4096; increase max_frame`},
		"checksum of lines": {func(d *mapping.DeviceConfig) { d.Checksum = "xor8" }, `checksum: it is for lines of text; write it into [devices.ID.frame]`},
		"polled by nothing": {func(d *mapping.DeviceConfig) { d.PollConfig.Retries = 5 }, `poll: poll, timeout and retries apply only to a device with requests; add a requests table, or leave them out`},
		"no position":       {func(d *mapping.DeviceConfig) { d.Match = map[string]string{"x": "00"} }, `match: "x" is not a position; write positions and bytes such as { 2 = "90", -1 = "0?" }`},
		"nowhere":           {only(func(f *mapping.FieldConfig) { f.At = mapping.Nowhere }), `field "v": at: it is missing; write the position of the field's first byte in the frame, counted from 0`},
		"no such format":    {only(func(f *mapping.FieldConfig) { f.Format = "uint5" }), `field "v": format: a number cannot have the format "uint5"; use float32, float64, int16, int24, int32, int64, int8, uint16, uint24, uint32, uint64, uint8`},
		"how long":          {only(func(f *mapping.FieldConfig) { f.Format = "bcd" }), `field "v": length: the number of bytes is missing; write length = 1 to 256`},
		"how long twice":    {only(func(f *mapping.FieldConfig) { f.Length = 2 }), `field "v": length: the format determines the length; leave it out`},
		"text of a number":  {only(func(f *mapping.FieldConfig) { f.Type, f.Format = relay.TypeText, "uint8" }), `field "v": format: a text cannot have the format "uint8"; use string, hex or bcd`},
		"number of a text":  {only(func(f *mapping.FieldConfig) { f.Format, f.Length = "string", 2 }), `field "v": format: a number cannot have the format "string"; use a number format, or another type`},
		"too high a bit":    {only(func(f *mapping.FieldConfig) { f.Bit = 8 }), `field "v": bit: a uint8 has the bits 0 to 7; use a lower one, or fewer bits, or a longer format`},
		"asked for nothing": {only(func(f *mapping.FieldConfig) { f.Request = "x" }), `field "v": request: the device has no requests; add a requests table, or leave it out`},
		"useless request": {func(d *mapping.DeviceConfig) {
			d.Requests = []mapping.RequestConfig{{ID: "a", Send: "01"}, {ID: "b", Send: "02"}}
			d.Fields[0].Request = "a"
		}, `requests.b: send: no field is read from its answer; write request = "b" in a field, or leave the request out`},
		"which request": {func(d *mapping.DeviceConfig) {
			d.Requests = []mapping.RequestConfig{{ID: "a", Send: "01"}, {ID: "b", Send: "02"}}
			d.Fields = append(d.Fields, Field("w", relay.TypeNumber, Lies(1, ""), OfRequest("b")))
			d.Fields[0].Request = "c"
		}, `requests.a: send: no field is read from its answer; write request = "a" in a field, or leave the request out | field "v": request: unknown request "c"; the requests are a, b`},
		"value of a request": {func(d *mapping.DeviceConfig) { d.Requests = []mapping.RequestConfig{{ID: "a", Send: "01 {value}"}} }, `requests.a: send: a request has no value and no number; write bytes and {sum} only`},
		"good command":       {command("AA {value:uint16le} {seq} {sum:crc16-xmodem:1:le}", func(c *mapping.CommandConfig) { c.Expect = "AB ?? ?? {seq}" }), ""},
		"no value":           {command("AA 01"), `command "x": send: it does not contain the value; write {value} where the value belongs, or use type = "none"`},
		"value of none":      {command("AA {value}", func(c *mapping.CommandConfig) { c.Type = relay.TypeNone }), `command "x": send: the command has no value for {value}; leave {value} out, or give the command another type`},
		"placeholder":        {command("AA {valu}"), `command "x": send: unknown placeholder {valu}; write bytes such as "AA 01 {value:uint16be} {sum}"`},
		"any digit":          {command("AA ?? {value}"), `command "x": send: ? means any digit: it is allowed in a pattern, but not in bytes to write; write bytes such as "AA 01 {value:uint16be} {sum}"`},
		"no such sum":        {command("{value} {sum:crc9}"), `command "x": send: unknown checksum "crc9"; write bytes such as "AA 01 {value:uint16be} {sum}"`},
		"an answer to what":  {command("AA {value}", func(c *mapping.CommandConfig) { c.Expect = "{seq}" }), `command "x": expect: it expects {seq}, which send does not contain; add {seq} to send if the device repeats it`},
		"endless answer":     {command("AA {value}", func(c *mapping.CommandConfig) { c.Expect = "{value:ascii}" }), `command "x": expect: the length of {value:ascii} is unknown; write the bytes that the answer begins with, for example "AA 81 {value} ?? 00"`},
		"bound too high":     {command("AA {value}", func(c *mapping.CommandConfig) { c.Max = 300 }), `command "x": max: the hardware cannot hold 300: it does not fit into uint8; use another format, or another bound`},
		"words": {command("AA {value}", func(c *mapping.CommandConfig) {
			c.Type, c.Options = relay.TypeEnum, []mapping.OptionConfig{{Value: "auto"}}
		}),
			`command "x": values: "auto" is not a number, and the hardware accepts only numbers; write its number, for example { "auto" = "0x01" }`},
	} {
		t.Run(name, func(t *testing.T) {
			d := ByteDevice(func(f *mapping.FrameConfig) { f.Start, f.Length, f.Checksum = "AA", 8, "sum8" }, Field("v", relay.TypeNumber, Lies(1, "")))
			tt.change(&d)
			var got []string
			for _, p := range devices.CheckDevice(d) {
				got = append(got, p.String())
			}
			if strings.Join(got, " | ") != tt.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " | "), tt.want)
			}
		})
	}
}

// Devices that send frames share a port where the frames are cut alike and match distinguishes them.
func TestShareBytes(t *testing.T) {
	one := ByteDevice(func(f *mapping.FrameConfig) { f.Start, f.Length = "AA", 8 }, Field("v", relay.TypeNumber, Lies(1, "")))
	two := one
	want := func(what string) {
		t.Helper()
		if got := devices.CannotShare(one, two); got != what {
			t.Errorf("got %q, want %q", got, what)
		}
	}
	want("their frames cannot be distinguished without a match in each")
	one.Match, two.Match = map[string]string{"1": "01"}, map[string]string{"1": "01"}
	want("both take the same frames: their match is the same")
	two.Match = map[string]string{"1": "02"}
	want("")
	two.Frame.Length = 9
	want("their frames are cut differently")
	two.Requests = []mapping.RequestConfig{{ID: "a", Send: "01"}}
	want("a device that talks by itself cannot share a port with a device that is polled")
	one.Requests = two.Requests
	want("")
	two = Device()
	one.Requests = nil
	want("devices that talk by themselves cannot share a port")
}
