package clock

import (
	"testing"
	"time"
)

// The id that systemd gives a service has the same format as the one in /proc, so that a restart without the one or the
// other is not taken for a restart of the machine.
func TestGivenBootID(t *testing.T) {
	for given, want := range map[string]string{
		"8d2ad5f8b3a14c0f9c4e0f6f4f0f1a2b": "8d2ad5f8-b3a1-4c0f-9c4e-0f6f4f0f1a2b", "": "", "%b": "",
	} {
		if got := givenBootID(given); got != want {
			t.Errorf("%q: %q", given, got)
		}
	}
}

// The boot clock runs, and no two readings of it are in the wrong order.
func TestRead(t *testing.T) {
	before := Read()
	if after := Read(); after.Up < before.Up || after.Boot != before.Boot || before.Up <= 0 || time.Since(before.Wall) > time.Minute {
		t.Errorf("%+v, then %+v", before, after)
	}
}
