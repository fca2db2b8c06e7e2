//go:build e2e

package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"minirelay/softboard"
)

// TestPyserialServer reads a unit behind the serial server of another implementation, which sets the speed first, and
// sends bytes to it that look like telnet commands.
func TestPyserialServer(t *testing.T) {
	line, err := softboard.Open(filepath.Join(t.TempDir(), "port"))
	if err != nil {
		t.Fatal(err)
	}
	u := softboard.NewModbusUnit(1).Set(softboard.HoldingRegisters, 0, 7, 0xFFFF)
	var serving sync.WaitGroup
	serving.Go(func() { _ = (&softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}).Serve(line) })
	t.Cleanup(func() { line.Close(); serving.Wait() })

	said := make(chan string, 16)
	start(t, exec.Command("/usr/bin/python3", "rfc2217_server.py", line.Path()), syscall.SIGTERM, func(line string) { said <- line })
	hear := func(word string) string {
		t.Helper()
		for {
			select {
			case line := <-said:
				if rest, ok := strings.CutPrefix(line, word+" "); ok {
					return rest
				}
			case <-time.After(patience):
				t.Fatalf("the server does not report its %s", word)
			}
		}
	}
	g := startGateway(t, writeConfig(t, fmt.Sprintf(`[ports.bus]
path = "rfc2217://127.0.0.1:%s"
baud = 19200
[devices.unit]
port = "bus"
codec = "modbus-rtu"
unit = 1
timeout = "5s"
[devices.unit.fields.a]
register = "holding:0"
type = "number"
[devices.unit.fields.b]
register = "holding:1"
type = "number"
[devices.unit.commands.a]
register = "holding:0"
type = "number"
confirm = "a"
timeout = "20s"
`, hear("port"))))
	if speed := hear("speed"); speed != "19200" {
		t.Errorf("the line is set to %s", speed)
	}
	g.wait(t, "both values", func() bool { return same(g.state("unit"), map[string]any{"a": 7.0, "b": 65535.0}) })
	g.publish(t, "unit/command", `{"id":"a","command":"a","value":65535}`)
	g.wait(t, "the result", func() bool { return strings.Contains(g.last("unit/result"), `"status":"done"`) })
	if w, _ := u.Get(softboard.HoldingRegisters, 0); w != 0xFFFF {
		t.Errorf("the register holds %#x", w)
	}
}
