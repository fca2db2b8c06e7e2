package text_test

import (
	"fmt"
	"testing"

	"minirelay/devices"
	"minirelay/devices/checksum"
	. "minirelay/devices/devicestest"
	"minirelay/relay"
)

func TestCheckVEDirect(t *testing.T) {
	d := MPPT()
	d.Assign = "="
	other := Device(Field("a", relay.TypeNumber))
	other.Checksum = checksum.VEDirect
	if got := fmt.Sprint(devices.CheckDevice(d), devices.CheckDevice(other)); got != `[checksum: VE.Direct determines how its pairs are written; remove separator and assign] [checksum: the blocks of VE.Direct are pairs; use codec = "pairs"]` {
		t.Error(got)
	}
}
