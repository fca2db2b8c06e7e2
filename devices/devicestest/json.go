package devicestest

import (
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// Field makes a field from what differs from the default.
func Field(id string, t relay.Type, change ...func(*mapping.FieldConfig)) mapping.FieldConfig {
	f := mapping.DefaultField()
	f.ID, f.Type = id, t
	for _, c := range change {
		c(&f)
	}
	return f
}

func Key(k string) func(*mapping.FieldConfig) { return func(f *mapping.FieldConfig) { f.Key = k } }

func Plausible(low, high float64) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Min, f.Max = low, high }
}

func Scaled(scale, offset float64) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Scale, f.Offset = scale, offset }
}

func Values(pairs ...string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) {
		f.Values = map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			f.Values[pairs[i]] = pairs[i+1]
		}
	}
}

func Options(words ...string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) {
		for _, w := range words {
			f.Options = append(f.Options, mapping.OptionConfig{Value: w})
		}
	}
}

func Device(fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := mapping.DefaultDevice()
	d.ID, d.Port, d.Codec, d.Fields = "board", "uno", "json", fields
	return d
}

// GreenhouseFields are those of telemetry.
func GreenhouseFields() []mapping.FieldConfig {
	return []mapping.FieldConfig{
		Field("temperature", relay.TypeNumber, Key("t"), Plausible(-20, 60)), Field("humidity", relay.TypeNumber, Key("h")),
		Field("soil", relay.TypeNumber), Field("light", relay.TypeNumber), Field("fan", relay.TypeNumber),
		Field("pump", relay.TypeBool, Key("p")), Field("mode", relay.TypeEnum, Options("auto", "manual")),
	}
}
