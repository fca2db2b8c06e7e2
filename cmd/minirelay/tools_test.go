package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"minirelay/softboard"
)

const meterConfig = `
[gateway]
id = "home"

[ports.bus]
path = %q

[devices.meter]
port  = "bus"
codec = "modbus-rtu"
unit  = 7
poll  = "50ms"
timeout = "5s"

[devices.meter.fields.voltage]
register = "input:0"
type  = "number"
scale = 0.1
unit  = "V"

[devices.meter.fields.relay]
register = "coil:3"
type = "bool"

[devices.meter.fields.missing]
register = "holding:99"
type = "number"
`

// The full cycle of a polled device: watched and recorded, decoded offline, replayed, and read again from the replay as
// if it were the hardware.
func TestRecordDecodeReplay(t *testing.T) {
	noLeaks(t)
	dir := t.TempDir()
	t.Chdir(dir)
	config := meterConfig
	unit := softboard.NewModbusUnit(7).Set(softboard.InputRegisters, 0, 2301).Set(softboard.Coils, 3, 1)
	line, err := softboard.Open("")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = (&softboard.ModbusBus{Units: []*softboard.ModbusUnit{unit}}).Serve(line)
	}()
	writeFile(t, "bus.toml", fmt.Sprintf(config, line.Path()))
	see := func(s *session) {
		t.Helper()
		s.see(t, ": voltage 230.1 V")
		s.see(t, ": relay true")
		s.see(t, "meter holding:99: ")
	}

	w := begin(t, runWatch, "-c", "bus.toml", "-record", "wire.txt", "meter")
	see(w)
	w.see(t, "> 07 04 00 00 00 01 31 ac")
	if err := w.end(); err != nil {
		t.Fatal(err)
	}
	line.Close()
	<-served
	if info, err := os.Stat("wire.txt"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read the recording: %v, %v", info.Mode(), err)
	}

	var out, problems lockedBuffer
	if status := Main([]string{"decode", "-c", "bus.toml", "meter", "wire.txt"}, nil, &out, &problems); status != exitOK {
		t.Fatalf("%d: %s%s", status, out.String(), problems.String())
	}
	for _, want := range []string{"> 07 04 00 00 00 01 31 ac", ": voltage 230.1 V", ": relay true", "meter holding:99: ", "accepted"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}

	link := filepath.Join(dir, "tty")
	r := begin(t, runReplay, "-link", link, "-speed", "5", "wire.txt")
	r.see(t, "different request")
	writeFile(t, "again.toml", fmt.Sprintf(config, link))
	again := begin(t, runWatch, "-c", "again.toml", "meter")
	see(again)
	if strings.Contains(r.out.String(), "not in the recording") {
		t.Error("the replay does not have the recorded requests")
	}
}
