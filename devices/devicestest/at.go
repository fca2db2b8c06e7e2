package devicestest

import (
	"time"

	"minirelay/devices/mapping"
	"minirelay/relay"
)

func Asks(request string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Request = request }
}

func Says(answer string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Answer = answer }
}

func AtDevice(fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.Codec = "at"
	return d
}

func Modem() mapping.DeviceConfig {
	d := AtDevice(
		Field("signal", relay.TypeNumber, Asks("AT+CSQ"), Says(`^\+CSQ: (\d+),`)),
		Field("quality", relay.TypeNumber, Asks("AT+CSQ"), Says(`^\+CSQ: \d+,(?P<value>\d+)`), Plausible(0, 7)),
		Field("registered", relay.TypeEnum, Asks("AT+CREG?"), Says(`^\+CREG: \d,(\d)`), Values("no", "0", "home", "1", "roaming", "5")),
		Field("operator", relay.TypeText, Asks("AT+COPS?"), Says(`^\+COPS: \d,\d,"(.*)"`)),
		Field("temperature", relay.TypeNumber, Asks("AT+QTEMP"), Says(`^\+QTEMP: (\d+)`)))
	d.LineEnd, d.Until, d.Ignore = "\r", "^OK$", "^RING$"
	return d
}

func Supply() mapping.DeviceConfig {
	all := ":MEAS:ALL? CH1"
	d := AtDevice(
		Field("voltage", relay.TypeNumber, Asks(all), Column(1)), Field("current", relay.TypeNumber, Asks(all), Column(2)), Field("power", relay.TypeNumber, Asks(all), Column(3)),
		Field("output", relay.TypeBool, Asks(":OUTP? CH1"), Values("true", "ON", "false", "OFF")),
		Field("model", relay.TypeText, Asks("*IDN?"), Column(2)))
	d.LineEnd = "\n"
	return d
}

func Korad() mapping.DeviceConfig {
	d := AtDevice(Field("voltage", relay.TypeNumber, Asks("VOUT1?")), Field("current", relay.TypeNumber, Asks("IOUT1?")))
	d.LineEnd, d.Silence = "", 50*time.Millisecond
	return d
}
