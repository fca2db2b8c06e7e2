package devices

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"minirelay/devices/codec/text"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/softboard"
)

// An idle port costs two goroutines and little memory; closing gives everything back.
func TestCostOfAnIdlePort(t *testing.T) {
	const ports = 50
	goroutines := runtime.NumGoroutine()
	t.Cleanup(func() {
		waitFor(t, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= goroutines })
	})
	var lines []*softboard.Line
	dir := t.TempDir()
	for i := range ports {
		line, err := softboard.Open(filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { line.Close() })
		lines = append(lines, line)
	}
	g := startGateway(t)
	var c Config
	for i, line := range lines {
		port, d := greenhouse(fmt.Sprintf("b%d", i), line)
		c.Ports, c.Devices = append(c.Ports, port), append(c.Devices, d)
	}
	memory := func() uint64 {
		for range 4 { // each collection halves stacks that have become too large
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	before, memoryBefore := runtime.NumGoroutine(), memory()
	if err := g.ports.Apply(c); err != nil {
		t.Fatal(err)
	}
	<-g.ports.Tried()
	waitFor(t, "open ports", func() bool {
		for _, s := range g.ports.Stats() {
			if !s.Open {
				return false
			}
		}
		return true
	})
	// A port is reported as open just before its reading goroutine begins.
	waitFor(t, fmt.Sprintf("%d goroutines", 2*ports), func() bool { return runtime.NumGoroutine()-before == 2*ports })
	kib := float64(memory()-memoryBefore) / ports / 1024
	t.Logf("%.1f KiB a port", kib)
	// Stacks and buffer are about half of it; the other half is the device, its description and its published state. It is
	// 26 KiB, and some 30 under the race detector, whose stacks are larger and differ from run to run.
	if kib > 36 {
		t.Errorf("%.1f KiB a port", kib)
	}
}

// BenchmarkPort is the whole way of a frame: pseudo-terminal, framer, codec, relay, outlet.
func BenchmarkPort(b *testing.B) {
	g := startGateway(b)
	line, err := softboard.Open(filepath.Join(b.TempDir(), "port"))
	if err != nil {
		b.Fatal(err)
	}
	defer line.Close()
	port, d := greenhouse("house", line)
	if err := g.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{d}}); err != nil {
		b.Fatal(err)
	}
	<-g.ports.Tried()
	_, _ = io.WriteString(line, "half\n")
	const batch = 20
	lines := []byte(strings.Repeat(Telemetry+"\n", batch))
	b.ReportAllocs()
	var sent uint64
	for b.Loop() {
		if _, err := line.Write(lines); err != nil {
			b.Fatal(err)
		}
		sent += batch
	}
	for g.ports.Stats()[0].Counts.Frames < sent {
		runtime.Gosched()
	}
	b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "frames/s")
	if _, err := os.Stat(port.Path); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkTake is what a port's reading goroutine does, without the kernel.
func BenchmarkTake(b *testing.B) {
	g := startGateway(b)
	l := newLine("uno", serial.Default(), slog.New(slog.DiscardHandler))
	d := Device(GreenhouseFields()...)
	l.remap([]mapping.DeviceConfig{d}, g.relay)
	s := &session{good: true}
	framer := text.NewLineFramer(&Endless{Line: []byte(Telemetry + "\n")}, &l.tap)
	b.ReportAllocs()
	for b.Loop() {
		frame, err := framer.Next(d.MaxFrame)
		if err != nil {
			b.Fatal(err)
		}
		l.take(s, frame)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
}
