package text_test

import (
	"testing"

	"minirelay/devices"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
)

func TestWhoCanShareALine(t *testing.T) {
	plain, one, two := Device(), Device(), Device()
	one.Match, two.Match = map[string]string{"id": "1"}, map[string]string{"id": "2"}
	for _, tt := range []struct {
		a, b mapping.DeviceConfig
		want string
	}{
		{one, two, ""},
		{plain, one, "their lines cannot be distinguished without a match in each"},
		{one, one, "both take the same lines: their match is the same"},
	} {
		if got := devices.CannotShare(tt.a, tt.b); got != tt.want {
			t.Errorf("%v and %v: %q", tt.a.Match, tt.b.Match, got)
		}
	}
}
