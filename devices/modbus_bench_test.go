package devices

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
	"minirelay/softboard"
)

// BenchmarkModbus measures the requests per second over a pseudo-terminal at 115200 baud, with the silence between
// them: one register each, and 100 registers each.
func BenchmarkModbus(b *testing.B) {
	for _, registers := range []int{1, 100} {
		b.Run(fmt.Sprintf("registers=%d", registers), func(b *testing.B) {
			line, err := softboard.Open(filepath.Join(b.TempDir(), "port"))
			if err != nil {
				b.Fatal(err)
			}
			defer line.Close()
			u := softboard.NewModbusUnit(1).Set(softboard.HoldingRegisters, 0, make([]uint16, registers)...)
			answered := make(chan struct{}, 1)
			go func() { _ = (&softboard.ModbusBus{Units: []*softboard.ModbusUnit{u}}).Serve(counting{line, answered}) }()
			port := serial.Default()
			port.ID, port.Path, port.Baud = "uno", line.Path(), 115200
			d := Unit(1, Field("a", relay.TypeNumber, At("holding:0", "")), Field("z", relay.TypeNumber, At(fmt.Sprintf("holding:%d", registers-1), "")))
			d.Poll, d.MaxGap, d.Publish = time.Microsecond, 100, "change"
			g := startGateway(b)
			if err := g.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{d}}); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for range b.N {
				<-answered
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
	}
}

// counting reports each answer that is written.
type counting struct {
	*softboard.Line
	written chan<- struct{}
}

func (c counting) Write(p []byte) (int, error) {
	n, err := c.Line.Write(p)
	c.written <- struct{}{}
	return n, err
}
