package devices

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
	"minirelay/softboard"
)

// onBus runs do with units on a line and the devices that ask them.
func onBus(t *testing.T, bus *softboard.ModbusBus, devices []mapping.DeviceConfig, do func(t *testing.T, r *rig)) {
	t.Helper()
	inBubble(t, func(t *testing.T, r *rig) {
		r.bus = bus
		port := serial.Default()
		port.ID, port.Path = "uno", "/dev/uno"
		if err := r.ports.Apply(Config{Ports: []serial.Config{port}, Devices: devices}); err != nil {
			t.Fatal(err)
		}
		do(t, r)
	})
}

// asked returns the requests from a number on: "3 0 10" is function 3, address 0, 10 registers.
func asked(bus *softboard.ModbusBus, from int) string {
	var all []string
	for _, q := range bus.Requests()[from:] {
		all = append(all, fmt.Sprintf("%d %d %d", q.PDU[0], int(q.PDU[1])<<8|int(q.PDU[2]), int(q.PDU[3])<<8|int(q.PDU[4])))
	}
	return strings.Join(all, ", ")
}

// every reads a unit with something in each table, in both framings.
func TestModbusReads(t *testing.T) {
	u := softboard.NewModbusUnit(7)
	u.Set(softboard.Coils, 0, 1, 0, 1, 1)
	u.Set(softboard.DiscreteInputs, 100, 0, 1)
	u.Set(softboard.InputRegisters, 0, 0x4366, 0x4000, 0xFF38)
	u.Set(softboard.HoldingRegisters, 0x10, 0x0001, 0x0002, 0x8005, 0x4142, 0x4300, 0)
	u.Set(softboard.HoldingRegisters, 0x200, 0x0100, 3, 0xC000, 0x41A8)
	fields := []mapping.FieldConfig{
		Field("lamp", relay.TypeBool, At("coil:0", "")),
		Field("valve", relay.TypeBool, At("coil:1", ""), Values("true", "0", "false", "1")),
		Field("mode", relay.TypeEnum, At("coil:2", "", func(c *mapping.FormatConfig) { c.Bits = 2 }), Values("off", "0", "full", "3")),
		Field("door", relay.TypeBool, At("discrete:101", "")),
		Field("voltage", relay.TypeNumber, At("input:0", "float32")),
		Field("temperature", relay.TypeNumber, At("input:2", "int16"), Scaled(0.1, 1)),
		Field("energy", relay.TypeNumber, At("holding:0x10", "uint32")),
		Field("swapped", relay.TypeNumber, At("holding:0x10", "uint32", func(c *mapping.FormatConfig) { c.WordOrder = "little" })),
		Field("alarm", relay.TypeBool, At("holding:18", "", func(c *mapping.FormatConfig) { c.Bit = 15 })),
		Field("level", relay.TypeNumber, At("holding:18", "", func(c *mapping.FormatConfig) { c.Bit, c.Bits = 0, 3 })),
		Field("model", relay.TypeText, At("holding:19", "", func(c *mapping.FormatConfig) { c.Length = 3 })),
		Field("switch", relay.TypeBool, At("holding:512", ""), Values("true", "0x0100", "false", "0x0200")),
		Field("phase", relay.TypeEnum, At("holding:513", ""), Values("idle", "1", "busy", "2")),
		Field("set", relay.TypeNumber, At("holding:514", "float32", func(c *mapping.FormatConfig) { c.WordOrder = "little" }), Plausible(0, 100)),
		Field("missing", relay.TypeNumber, At("holding:515", "int16"), Plausible(0, 100)),
	}
	want := `{"lamp":true,"valve":true,"mode":"full","door":true,"voltage":230.25,"temperature":-19,"energy":65538,"swapped":131073,` +
		`"alarm":true,"level":5,"model":"ABC","switch":true,"phase":null,"set":21.09375,"missing":null}`
	for _, codec := range []string{"modbus-rtu", "modbus-ascii"} {
		t.Run(codec, func(t *testing.T) {
			bus := &softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}, ASCII: codec == "modbus-ascii"}
			d := Unit(7, fields...)
			d.Codec = codec
			onBus(t, bus, []mapping.DeviceConfig{d}, func(t *testing.T, r *rig) {
				time.Sleep(500 * ms)
				if got := r.stateOf("board"); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
				if got := asked(bus, 0); got != "1 0 4, 2 101 1, 3 16 6, 3 512 4, 4 0 3" {
					t.Errorf("asked for %s", got)
				}
				if n := r.counts().Implausible; n != 2 {
					t.Errorf("%d implausible values", n)
				}
				time.Sleep(10 * time.Second)
				if n := len(bus.Requests()); n != 5*11 {
					t.Errorf("%d requests in ten seconds more", n-5)
				}
			})
		})
	}
}

// Requests by neighbourhood, with limits, without, and at speeds of their own.
func TestModbusBatches(t *testing.T) {
	u := softboard.NewModbusUnit(1)
	u.Set(softboard.HoldingRegisters, 0, make([]uint16, 400)...)
	u.Set(softboard.Coils, 0, make([]uint16, 2048)...)
	words := func(addresses ...int) (fields []mapping.FieldConfig) {
		for _, a := range addresses {
			fields = append(fields, Field(fmt.Sprintf("f%d", a), relay.TypeNumber, At(fmt.Sprintf("holding:%d", a), "")))
		}
		return fields
	}
	run := func(n int) (addresses []int) {
		for i := range n {
			addresses = append(addresses, i)
		}
		return addresses
	}
	for name, tt := range map[string]struct {
		fields []mapping.FieldConfig
		change func(*mapping.DeviceConfig)
		want   string
	}{
		"neighbours":         {words(2, 0, 1), nil, "3 0 3"},
		"a gap":              {words(0, 9), nil, "3 0 10"},
		"a wide gap":         {words(0, 10), nil, "3 0 1, 3 10 1"},
		"no gap wanted":      {words(0, 1, 3), func(d *mapping.DeviceConfig) { d.MaxGap = 0 }, "3 0 2, 3 3 1"},
		"a wider gap wanted": {words(0, 50), func(d *mapping.DeviceConfig) { d.MaxGap = 49 }, "3 0 51"},
		"no batch":           {words(0, 1), func(d *mapping.DeviceConfig) { d.NoBatch = true }, "3 0 1, 3 1 1"},
		"as long as allowed": {words(run(130)...), nil, "3 0 125, 3 125 5"},
		"short ones":         {words(run(5)...), func(d *mapping.DeviceConfig) { d.MaxRegisters = 2 }, "3 0 2, 3 2 2, 3 4 1"},
		"many coils":         {[]mapping.FieldConfig{Field("a", relay.TypeBool, At("coil:0", "")), Field("b", relay.TypeBool, At("coil:100", ""))}, nil, "1 0 101"},
		"far coils":          {[]mapping.FieldConfig{Field("a", relay.TypeBool, At("coil:0", "")), Field("b", relay.TypeBool, At("coil:2047", ""))}, nil, "1 0 1, 1 2047 1"},
		"a slower one":       {append(words(0, 1), Field("s", relay.TypeNumber, At("holding:2", ""), func(f *mapping.FieldConfig) { f.Poll = time.Minute })), nil, "3 0 2, 3 2 1"},
	} {
		t.Run(name, func(t *testing.T) {
			bus := &softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}
			d := Unit(1, tt.fields...)
			if tt.change != nil {
				tt.change(&d)
			}
			onBus(t, bus, []mapping.DeviceConfig{d}, func(t *testing.T, r *rig) {
				time.Sleep(900 * ms)
				if got := asked(bus, 0); got != tt.want {
					t.Errorf("asked for %s instead of %s", got, tt.want)
				}
				if name == "a slower one" {
					time.Sleep(2 * time.Minute)
					if n := strings.Count(asked(bus, 0), "3 2 1"); n != 3 {
						t.Errorf("the slower one was asked for %d times in two minutes", n)
					}
					if got := r.stateOf("board"); got != `{"f0":0,"f1":0,"s":0}` {
						t.Errorf("between its polls: %s", got)
					}
				}
			})
		})
	}
}

// One register that does not exist, or a unit that takes short requests only, must not take the other fields along.
func TestModbusParts(t *testing.T) {
	u := softboard.NewModbusUnit(1)
	u.Set(softboard.HoldingRegisters, 0, 10, 11, 12, 13)
	u.Set(softboard.HoldingRegisters, 5, 15)
	bus := &softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}
	var fields []mapping.FieldConfig
	for i := range 6 {
		fields = append(fields, Field(fmt.Sprintf("f%d", i), relay.TypeNumber, At(fmt.Sprintf("holding:%d", i), "")))
	}
	onBus(t, bus, []mapping.DeviceConfig{Unit(1, fields...)}, func(t *testing.T, r *rig) {
		time.Sleep(900 * ms)
		if got := r.stateOf("board"); got != `{"f0":10,"f1":11,"f2":12,"f3":13,"f4":null,"f5":15}` {
			t.Error(got)
		}
		before := len(bus.Requests())
		time.Sleep(time.Second)
		if got := asked(bus, before); got != "3 0 3, 3 3 1, 3 4 1, 3 5 1" {
			t.Errorf("then it is asked for %s", got)
		}
		time.Sleep(time.Minute)
		if n := strings.Count(r.log.String(), "in parts"); n != 1 {
			t.Errorf("it was logged %d times that it is polled in parts", n)
		}
		if n := strings.Count(r.log.String(), "refuses to answer\""); n != 1 || !strings.Contains(r.log.String(), "request=holding:4 fields=f4 ") {
			t.Errorf("it was logged %d times that holding:4 does not exist", n)
		}
		u.Set(softboard.HoldingRegisters, 4, 14)
		time.Sleep(time.Second)
		if got := r.stateOf("board"); !strings.Contains(got, `"f4":14`) || !strings.Contains(r.log.String(), "answers again") {
			t.Errorf("it exists now: %s", got)
		}
		u.Refuse(4)
		time.Sleep(time.Second)
		if got := r.stateOf("board"); got != `{"f0":null,"f1":null,"f2":null,"f3":null,"f4":null,"f5":null}` {
			t.Errorf("a refused register is shown as %s", got)
		}
		if got := r.last("availability"); got != "online" {
			t.Errorf("a unit that refuses is %s", got)
		}
	})
	u.Refuse(0)
	u.Limit(2)
	onBus(t, bus, []mapping.DeviceConfig{Unit(1, fields[:4]...)}, func(t *testing.T, r *rig) {
		time.Sleep(900 * ms)
		if got := r.stateOf("board"); got != `{"f0":10,"f1":11,"f2":12,"f3":13}` {
			t.Errorf("of a unit that answers two registers at a time: %s", got)
		}
	})
}

// The bytes on the wire beside the answer: noise, answers of others, damage, echoes, late answers.
func TestModbusAnswers(t *testing.T) {
	good := "\x01\x03\x02\x00\x07\xf9\x86"
	for name, tt := range map[string]struct {
		answer string
		echo   bool
		want   string
	}{
		"clean":                       {good, false, `{"a":7}`},
		"noise before":                {"\x00\xff\x01\x03\x02" + good, false, `{"a":7}`},
		"another unit's before":       {"\x02\x03\x02\x00\x08\xfd\x82" + good, false, `{"a":7}`},
		"another length before":       {"\x01\x03\x04\x00\x01\x00\x02\x2a\x32" + good, false, `{"a":7}`},
		"another function's before":   {"\x01\x04\x02\x00\x08\xb8\xf6" + good, false, `{"a":7}`},
		"damaged":                     {"\x01\x03\x02\x00\x08\xf9\x86", false, `{"a":null}`},
		"damaged, then whole":         {"\x01\x03\x02\x00\x08\xf9\x86" + good, false, `{"a":7}`},
		"cut off":                     {good[:6], false, `{"a":null}`},
		"echo":                        {"{request}" + good, true, `{"a":7}`},
		"echo behind a spoilt byte":   {"\x00{request}" + good, true, `{"a":7}`},
		"echo and nothing else":       {"{request}", true, `{"a":null}`},
		"refused":                     {"\x01\x83\x02\xc0\xf1", false, `{"a":null}`},
		"refused with a new number":   {"\x01\x83\x2a\xc0\xef", false, `{"a":null}`},
		"busy":                        {"\x01\x83\x06\xc1\x32", false, `{"a":null}`},
		"the gateway reaches nothing": {"\x01\x83\x0b\x00\xf7", false, `{"a":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				port := serial.Default()
				port.ID, port.Path, port.Echo = "uno", "/dev/uno", tt.echo
				d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")))
				d.Poll, d.OfflineAfter = time.Minute, 3*time.Minute
				if err := r.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{d}}); err != nil {
					t.Fatal(err)
				}
				b := r.board()
				request := make([]byte, 8)
				if _, err := io.ReadFull(b, request); err != nil || string(request) != "\x01\x03\x00\x00\x00\x01\x84\x0a" {
					t.Fatalf("% x %v", request, err)
				}
				for _, c := range []byte(strings.ReplaceAll(tt.answer, "{request}", string(request))) {
					_, _ = b.Write([]byte{c}) // byte by byte: an answer does not depend on how it arrives
				}
				go func() { _, _ = io.Copy(io.Discard, b) }() // a unit that is busy is asked again
				time.Sleep(time.Second)
				if got := r.stateOf("board"); got != tt.want {
					t.Errorf("%s instead of %s", got, tt.want)
				}
				heard := strings.HasPrefix(name, "refused") || name == "busy" || tt.want == `{"a":7}`
				if online := r.last("availability") == "online"; online != heard {
					t.Errorf("online: %v", online)
				}
			})
		})
	}
}

// A unit that has never answered is logged once, with what to try, and so is a line that brings rubbish.
func TestModbusNobodyAnswers(t *testing.T) {
	for rubbish, want := range map[string]string{"": "check its power, its address, its wires", "\xff\x00\xff": "the data received is not an answer"} {
		inBubble(t, func(t *testing.T, r *rig) {
			r.apply(Unit(1, Field("a", relay.TypeNumber, At("holding:0", ""))))
			b := r.board()
			go func() {
				request := make([]byte, 8)
				for _, err := io.ReadFull(b, request); err == nil; _, err = io.ReadFull(b, request) {
					if rubbish != "" {
						_, _ = io.WriteString(b, rubbish)
					}
				}
			}()
			time.Sleep(5 * time.Minute)
			if n := strings.Count(r.log.String(), "does not answer"); n != 1 || !strings.Contains(r.log.String(), want) {
				t.Errorf("it is logged %d times: %s", n, r.log)
			}
		})
	}
}

// The answer to one question that comes too late is not taken for the answer to the next.
func TestModbusLateAnswer(t *testing.T) {
	d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")), Field("b", relay.TypeNumber, At("holding:100", "")))
	d.Retries = 0
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		request := make([]byte, 8)
		read := func() byte {
			t.Helper()
			if _, err := io.ReadFull(b, request); err != nil {
				t.Fatal(err)
			}
			return request[3]
		}
		answer := func(word byte) {
			frame := RTU(1, 3, 2, 0, word)
			if _, err := b.Write(frame); err != nil {
				t.Error(err)
			}
		}
		for _, word := range []byte{1, 2} {
			read()
			answer(word)
		}
		if at := read(); at != 0 {
			t.Fatalf("register %d comes first", at)
		}
		time.Sleep(800 * ms) // its timeout is over
		go answer(3)
		synctest.Wait()
		if got := r.stateOf("board"); got != `{"a":1,"b":2}` {
			t.Errorf("after a late answer: %s", got)
		}
		for got := read(); got != 100; got = read() {
			answer(4)
		}
		answer(5)
		if got := r.stateOf("board"); !strings.Contains(got, `"b":5`) {
			t.Errorf("then: %s", got)
		}
	})
}

// Silence on the line before a request: behind the answer of a slow unit longer, on a serial server none.
func TestModbusGaps(t *testing.T) {
	u := softboard.NewModbusUnit(1).Set(softboard.HoldingRegisters, 0, 1).Set(softboard.InputRegisters, 0, 1)
	for _, turnaround := range []time.Duration{0, 50 * ms} {
		bus := &softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}
		d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")), Field("b", relay.TypeNumber, At("input:0", "")))
		d.Turnaround = turnaround
		onBus(t, bus, []mapping.DeviceConfig{d}, func(t *testing.T, r *rig) {
			time.Sleep(900 * ms)
			q := bus.Requests()
			if got, want := q[1].At.Sub(q[0].At), max(turnaround, lastsAt9600(8)+4010416); got != want {
				t.Errorf("%v between two requests instead of %v", got, want)
			}
		})
	}
}

// lastsAt9600 is how long bytes take on a line of 9600 8N1.
func lastsAt9600(n int) time.Duration { return serial.Default().Lasts(n) }
