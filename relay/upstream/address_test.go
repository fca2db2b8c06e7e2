package upstream

import "testing"

// An address on a screen or in a log holds nothing that can be a token.
func TestAddressHoldsNoToken(t *testing.T) {
	for url, want := range map[string]string{
		"mqtts://mqtt.example.org:8883":        "mqtts://mqtt.example.org:8883",
		"wss://mqtt.example.org/mqtt":          "wss://mqtt.example.org/mqtt",
		"wss://mqtt.example.org/mqtt/":         "wss://mqtt.example.org/mqtt/",
		"wss://mqtt.example.org/mqtt/HUSH":     "wss://mqtt.example.org/…",
		"wss://mqtt.example.org/HUSH?x=HUSH":   "wss://mqtt.example.org/…?…",
		"mqtts://HUSH@mqtt.example.org":        "mqtts://…@mqtt.example.org",
		"mqtts://me:HU@SH@mqtt.example.org/":   "mqtts://…@mqtt.example.org/",
		"wss://mqtt.example.org/ws?token=HUSH": "wss://mqtt.example.org/ws?…",
	} {
		if got := (Config{URL: url}).Address(); got != want {
			t.Errorf("%s is shown as %s", url, got)
		}
	}
}
