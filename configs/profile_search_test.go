package configs

import (
	"slices"
	"testing"
)

// People look for a device by what is printed on it, by what it is, in their own language.
func TestSearchProfiles(t *testing.T) {
	all := ProfileNames()
	for words, want := range map[string][]string{
		"":             all,
		"RELAY":        {"lctech-modbus-relay-1", "lctech-usb-relay", "r421a08", "waveshare-relay-8ch"},
		"继电器":          {"lctech-modbus-relay-1", "lctech-usb-relay", "r421a08", "waveshare-relay-8ch"},
		"微雪 继电器":       {"waveshare-relay-8ch"},
		"relay modbus": {"lctech-modbus-relay-1", "waveshare-relay-8ch"},
		"pzem004":      {"pzem-004t-v3"},
		"PZEM_004T":    {"pzem-004t-v3"},
		"电表":           {"sdm120", "pzem-016", "dlt645-single"},
		"Electricity":  {"sdm120", "pzem-016"},
		"温湿度":          {"xy-md02", "kincony-sht30"},
		"co₂":          {"mh-z19b"},
	} {
		var got []string
		for _, p := range SearchProfiles(words) {
			got = append(got, p.Name)
		}
		for _, name := range want {
			if !slices.Contains(got, name) {
				t.Errorf("%q finds %v, not %s", words, got, name)
			}
		}
		if words != "" && len(got) > 15 {
			t.Errorf("%q finds %d profiles", words, len(got))
		}
	}
	for _, words := range []string{"-", "toaster", "relay toaster"} {
		if got := SearchProfiles(words); len(got) > 0 {
			t.Errorf("%q finds %d profiles", words, len(got))
		}
	}
}
