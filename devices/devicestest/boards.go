package devicestest

import (
	"time"

	"minirelay/devices/checksum"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// Telemetry is a line of the greenhouse board: see [GreenhouseFields].
const Telemetry = `{"t":21.53,"h":41.2,"soil":33.1,"light":812,"fan":0,"p":0,"mode":"manual"}`

// GreenhouseFields are the fields of [Telemetry].
func GreenhouseFields() []mapping.FieldConfig {
	return []mapping.FieldConfig{
		Field("temperature", relay.TypeNumber, Key("t"), Plausible(-20, 60)), Field("humidity", relay.TypeNumber, Key("h")),
		Field("soil", relay.TypeNumber), Field("light", relay.TypeNumber), Field("fan", relay.TypeNumber),
		Field("pump", relay.TypeBool, Key("p")), Field("mode", relay.TypeEnum, Options("auto", "manual")),
	}
}

// PumpBoard has one pump and one fan.
func PumpBoard(change ...func(*mapping.CommandConfig)) mapping.DeviceConfig {
	d := Device(Field("pump", relay.TypeBool, Key("p")), Field("fan", relay.TypeNumber, func(f *mapping.FieldConfig) { f.Decimals = 0 }))
	pump := mapping.DefaultCommand()
	pump.ID, pump.Type = "pump", relay.TypeBool
	pump.Send, pump.Values = "PUMP {value} #{seq}\n", map[string]string{"true": "1", "false": "0"}
	pump.Expect, pump.Refuse, pump.Confirm = `^OK #{seq}$`, `^ERR #{seq} ?(?P<message>.*)`, "pump"
	fan := mapping.DefaultCommand()
	fan.ID, fan.Type, fan.Send, fan.Expect, fan.Confirm = "fan", relay.TypeNumber, "FAN {value} #{seq}\n", `^OK #{seq}$`, "fan"
	fan.Min, fan.Max = 0, 100
	for _, c := range change {
		c(&pump)
		c(&fan)
	}
	d.Commands = []mapping.CommandConfig{pump, fan}
	return d
}

// Modem is an AT modem.
func Modem() mapping.DeviceConfig {
	d := ATDevice(
		Field("signal", relay.TypeNumber, Asks("AT+CSQ"), Says(`^\+CSQ: (\d+),`)),
		Field("quality", relay.TypeNumber, Asks("AT+CSQ"), Says(`^\+CSQ: \d+,(?P<value>\d+)`), Plausible(0, 7)),
		Field("registered", relay.TypeEnum, Asks("AT+CREG?"), Says(`^\+CREG: \d,(\d)`), Values("no", "0", "home", "1", "roaming", "5")),
		Field("operator", relay.TypeText, Asks("AT+COPS?"), Says(`^\+COPS: \d,\d,"(.*)"`)),
		Field("temperature", relay.TypeNumber, Asks("AT+QTEMP"), Says(`^\+QTEMP: (\d+)`)))
	d.LineEnd, d.Until, d.Ignore = "\r", "^OK$", "^RING$"
	return d
}

// Supply is a SCPI power supply, read on channel 1.
func Supply() mapping.DeviceConfig {
	all := ":MEAS:ALL? CH1"
	d := ATDevice(
		Field("voltage", relay.TypeNumber, Asks(all), Column(1)), Field("current", relay.TypeNumber, Asks(all), Column(2)), Field("power", relay.TypeNumber, Asks(all), Column(3)),
		Field("output", relay.TypeBool, Asks(":OUTP? CH1"), Values("true", "ON", "false", "OFF")),
		Field("model", relay.TypeText, Asks("*IDN?"), Column(2)))
	d.LineEnd = "\n"
	return d
}

// Korad is a Korad power supply, whose answers end by silence.
func Korad() mapping.DeviceConfig {
	d := ATDevice(Field("voltage", relay.TypeNumber, Asks("VOUT1?")), Field("current", relay.TypeNumber, Asks("IOUT1?")))
	d.LineEnd, d.Silence = "", 50*time.Millisecond
	return d
}

// Balance is an A&D balance in its standard format.
func Balance() mapping.DeviceConfig {
	return RegexDevice([]string{`^(?P<stable>ST|US),(?P<weight>[-+][0-9.]+) +g$`, `^(?P<overload>OL),`},
		Field("weight", relay.TypeNumber), Field("stable", relay.TypeBool, Values("true", "ST", "false", "US")),
		Field("overload", relay.TypeBool, Values("true", "OL", "false", "")))
}

// Ublox is a u-blox GNSS receiver.
func Ublox() mapping.DeviceConfig {
	number := func(id, k string) mapping.FieldConfig { return Field(id, relay.TypeNumber, Key(k)) }
	return NMEADevice(number("lat", "latitude"), number("lon", "longitude"), number("alt", "altitude"), number("speed", "speed"),
		number("course", "course"), Field("fix", relay.TypeBool), Field("quality", relay.TypeEnum, Key("fix_quality"), Values("none", "0", "gps", "1", "dgps", "2")),
		Field("mode", relay.TypeEnum, Key("fix_type"), Values("none", "1", "2d", "2", "3d", "3")), number("sats", "satellites"), number("hdop", "hdop"),
		Field("time", relay.TypeText), number("unix", "time"), number("view", "GPGSV.3"), number("pubx", "PUBX.7"))
}

// MPPT is a Victron solar charger, which sends VE.Direct blocks.
func MPPT() mapping.DeviceConfig {
	d := PairsDevice(Field("battery", relay.TypeNumber, Key("V"), Scaled(0.001, 0)), Field("power", relay.TypeNumber, Key("PPV")),
		Field("load", relay.TypeBool, Key("LOAD"), Values("true", "ON", "false", "OFF")), Field("state", relay.TypeEnum, Key("CS"), Values("off", "0", "bulk", "3", "float", "5")),
		Field("serial", relay.TypeText, Key("SER#")))
	d.Checksum = checksum.VEDirect
	return d
}
