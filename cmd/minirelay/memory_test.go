package main

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
)

// The lowest limit counts, of the process's own group and of those above it.
func TestMemoryLimit(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"none":      {nil, 0},
		"service":   {map[string]string{"proc/self/cgroup": "0::/system.slice/minirelay.service\n", "sys/fs/cgroup/system.slice/minirelay.service/memory.max": "268435456\n"}, 256 << 20},
		"unlimited": {map[string]string{"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n", "sys/fs/cgroup/a/memory.high": "max\n"}, 0},
		"throttled": {map[string]string{"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "200000000\n", "sys/fs/cgroup/a/memory.high": "100000000\n"}, 100000000},
		"above":     {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/memory.max": "100000000\n"}, 100000000},
		"container": {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "100000000\n"}, 100000000},
		"outside":   {map[string]string{"proc/self/cgroup": "0::/../../x\n", "sys/fs/cgroup/x/memory.max": "100000000\n"}, 100000000},
		"version 1": {map[string]string{"proc/self/cgroup": "4:cpu:/c\n3:memory:/a\n1:name=systemd:/b\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "100000000\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 100000000},
		"nonsense": {map[string]string{"proc/self/cgroup": "nonsense\n0:\n", "sys/fs/cgroup/memory.max": "1\n"}, 0},
	} {
		root := t.TempDir()
		for file, text := range test.files {
			path := filepath.Join(root, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := memoryLimit(root); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

// The collector is told a little less than the limit, unless the user has decided otherwise.
func TestLimitMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	root := t.TempDir()
	for file, text := range map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "800000000\n"} {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	t.Setenv("GOMEMLIMIT", "1GiB")
	if limitMemory(root, log); debug.SetMemoryLimit(-1) != before {
		t.Errorf("%d", debug.SetMemoryLimit(-1))
	}
	t.Setenv("GOMEMLIMIT", "")
	if limitMemory(root, log); debug.SetMemoryLimit(-1) != 700000000 {
		t.Errorf("%d", debug.SetMemoryLimit(-1))
	}
}
