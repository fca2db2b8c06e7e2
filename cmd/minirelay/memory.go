package main

import (
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

// limitMemory makes the garbage collector work harder before the process would pass the memory limit of its control
// group (MemoryMax of the service, --memory of a container) and be killed. GOMEMLIMIT takes precedence.
func limitMemory(root string, log *slog.Logger) {
	limit := memoryLimit(root)
	if limit == 0 || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	limit -= limit / 8 // for what the collector does not manage: stacks of threads, the program itself
	debug.SetMemoryLimit(limit)
	log.Debug("memory limit", "bytes", limit)
}

// memoryLimit returns the lowest memory limit of the process's control group and those above it, in bytes; 0 for none.
// root is "/", except in tests. The files are described in cgroups(7), and in cgroup-v2 and cgroup-v1/memory of the
// kernel's documentation.
func memoryLimit(root string) (lowest int64) {
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3) // hierarchy, controllers, path
		if len(parts) < 3 {
			continue
		}
		top, files := "sys/fs/cgroup", []string{"memory.max", "memory.high"}
		if parts[1] != "" {
			top, files = "sys/fs/cgroup/memory", []string{"memory.limit_in_bytes"}
			if parts[1] != "memory" {
				continue
			}
		}
		for group := path.Clean("/" + parts[2]); ; group = path.Dir(group) {
			for _, name := range files {
				text, _ := os.ReadFile(filepath.Join(root, top, group, name))
				n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)  // "max" is none
				if err == nil && n > 0 && n < 1<<60 && (lowest == 0 || n < lowest) { // v1 writes a huge number for none
					lowest = n
				}
			}
			if group == "/" {
				break
			}
		}
	}
	return lowest
}
