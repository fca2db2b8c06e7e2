package devicestest

import (
	"minirelay/devices/mapping"
	"minirelay/relay"
)

func NMEADevice(fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := Device(fields...)
	d.Codec = "nmea"
	return d
}

func Ublox() mapping.DeviceConfig {
	number := func(id, k string) mapping.FieldConfig { return Field(id, relay.TypeNumber, Key(k)) }
	return NMEADevice(number("lat", "latitude"), number("lon", "longitude"), number("alt", "altitude"), number("speed", "speed"),
		number("course", "course"), Field("fix", relay.TypeBool), Field("quality", relay.TypeEnum, Key("fix_quality"), Values("none", "0", "gps", "1", "dgps", "2")),
		Field("mode", relay.TypeEnum, Key("fix_type"), Values("none", "1", "2d", "2", "3d", "3")), number("sats", "satellites"), number("hdop", "hdop"),
		Field("time", relay.TypeText), number("unix", "time"), number("view", "GPGSV.3"), number("pubx", "PUBX.7"))
}
