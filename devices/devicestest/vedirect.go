package devicestest

import (
	"minirelay/devices/checksum"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

func Mppt() mapping.DeviceConfig {
	d := PairsDevice(Field("battery", relay.TypeNumber, Key("V"), Scaled(0.001, 0)), Field("power", relay.TypeNumber, Key("PPV")),
		Field("load", relay.TypeBool, Key("LOAD"), Values("true", "ON", "false", "OFF")), Field("state", relay.TypeEnum, Key("CS"), Values("off", "0", "bulk", "3", "float", "5")),
		Field("serial", relay.TypeText, Key("SER#")))
	d.Checksum = checksum.VEDirect
	return d
}
