package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
)

// upstreamCost measures the additional cost of a reading on its way to an upstream: processor time, and bytes written to the
// disk. The pipe has no upstream.
func upstreamCost(rate float64) func(context.Context, *bench, side) (sample, error) {
	return func(ctx context.Context, b *bench, s side) (sample, error) {
		if s.name == pipe.name {
			return nil, nil
		}
		alone, err := b.cost(ctx, s, rate)
		if err != nil {
			return nil, err
		}
		far, address, err := startFar()
		if err != nil {
			return nil, err
		}
		defer far.Close()
		with, err := b.cost(ctx, withUpstream(s, address), rate)
		if err != nil {
			return nil, err
		}
		return sample{"cpu": with["cpu"] - alone["cpu"], "disk": with["disk"] - alone["disk"]}, nil
	}
}

func upstreamFigures(rate string, cpu, disk bound) []figure {
	return []figure{
		{"cpu", "processor time per reading for an upstream, " + rate, "µs", cpu, bound{}},
		{"disk", "written to the disk per reading for an upstream, " + rate, "B", disk, bound{}},
	}
}

// cost returns the processor time and the bytes written for each frame of a paced load.
func (b *bench) cost(ctx context.Context, s side, rate float64) (_ sample, err error) {
	u, err := b.start(ctx, s, b.work, 1)
	if err != nil {
		return nil, err
	}
	defer stopping(u, &err)
	l, err := u.listen(ctx)
	if err != nil {
		return nil, err
	}
	defer l.close()
	if err := u.wake(ctx, l); err != nil {
		return nil, err
	}
	if err := pause(ctx, b.effort.settle); err != nil {
		return nil, err
	}
	cpu, err := u.process.cpu()
	if err != nil {
		return nil, err
	}
	disk, err := u.process.written()
	if err != nil {
		return nil, err
	}
	took, err := u.timed(ctx, l, rate, int64(rate*b.effort.window.Seconds()))
	if err != nil {
		return nil, err
	}
	cpuAfter, err := u.process.cpu()
	if err != nil {
		return nil, err
	}
	diskAfter, err := u.process.written()
	if err != nil {
		return nil, err
	}
	n := float64(len(took))
	return sample{"cpu": float64((cpuAfter - cpu).Microseconds()) / n, "disk": float64(diskAfter-disk) / n}, nil
}

// written is the number of bytes that the child has written to a disk: whole pages, as counted by the kernel (proc(5),
// write_bytes). A disk in memory counts nothing.
func (p *process) written() (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var n, ignored int64
	if _, err := fmt.Sscanf(string(data), "rchar: %d\nwchar: %d\nsyscr: %d\nsyscw: %d\nread_bytes: %d\nwrite_bytes: %d",
		&ignored, &ignored, &ignored, &ignored, &ignored, &n); err != nil {
		return 0, fmt.Errorf("/proc/PID/io: %w", err)
	}
	return n, nil
}

// startFar runs a broker for upstreams in this process.
func startFar() (*mochi.Server, string, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	server := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
	if err := server.AddHook(new(anybody), nil); err != nil {
		return nil, "", err
	}
	if err := server.AddListener(listeners.NewTCP(listeners.Config{ID: "far", Address: address})); err != nil {
		return nil, "", err
	}
	return server, address, server.Serve()
}

// withUpstream is a side with an upstream at address.
func withUpstream(s side, address string) side {
	plain := s.program
	s.program = func(b *bench, dir, listen string, ttys []string) (*exec.Cmd, error) {
		cmd, err := plain(b, dir, listen, ttys)
		if err != nil {
			return nil, err
		}
		// A config is a file: lines appended to it count too.
		f, err := os.OpenFile(filepath.Join(dir, "minirelay.toml"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		_, err = fmt.Fprintf(f, "\n[upstream.far]\nurl = \"mqtt://%s\"\n", address)
		return cmd, err
	}
	return s
}
