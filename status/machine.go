package status

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Machine is the state of the machine that the gateway runs on.
type Machine struct {
	Model       string   `json:"model,omitempty"` // "Raspberry Pi 4 Model B Rev 1.4"; "" if unknown
	DataDir     string   `json:"data_dir"`
	DiskFree    uint64   `json:"disk_free"` // bytes available to users on the file system of DataDir
	DiskSize    uint64   `json:"disk_size"`
	Memory      uint64   `json:"memory"` // resident bytes of the process
	CPU         float64  `json:"cpu"`    // seconds of processor time that the process has used
	Heap        uint64   `json:"heap"`   // bytes in use on the heap
	Goroutines  int      `json:"goroutines"`
	Collections uint64   `json:"collections"` // of the garbage collector
	Files       int      `json:"files"`       // open file descriptors
	FileLimit   int      `json:"file_limit"`
	ClockSet    bool     `json:"clock_set"`
	Throttled   []string `json:"throttled,omitempty"` // the warnings of a Raspberry Pi: under-voltage …
	Celsius     float64  `json:"celsius,omitempty"`   // of the processor
	DiskWear    int      `json:"disk_wear,omitempty"` // used-up part of an eMMC's life in %, in steps of 10; 0: unknown
}

// clockBase is a time in the past: an earlier clock has not been set since power-on.
var clockBase = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// Look reads the state of the machine at now. root is "/", except in tests. A value that cannot be read stays zero.
func Look(root, dataDir string, now time.Time) Machine {
	m := Machine{DataDir: dataDir, Goroutines: runtime.NumGoroutine(), ClockSet: now.After(clockBase),
		Model: strings.TrimRight(read(root, "sys/firmware/devicetree/base/model"), "\x00")} // /proc/device-tree is a link to it
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(samples)
	m.Heap, m.Collections = samples[0].Value.Uint64(), samples[1].Value.Uint64()
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &used) == nil {
		m.CPU = time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
	}
	var disk unix.Statfs_t
	if unix.Statfs(dataDir, &disk) == nil {
		m.DiskFree, m.DiskSize = disk.Bavail*uint64(disk.Bsize), disk.Blocks*uint64(disk.Bsize)
	}
	if words := strings.Fields(read(root, "proc/self/statm")); len(words) > 1 {
		pages, _ := strconv.ParseUint(words[1], 10, 64)
		m.Memory = pages * uint64(os.Getpagesize())
	}
	if fds, err := os.ReadDir(filepath.Join(root, "proc/self/fd")); err == nil {
		m.Files = len(fds)
	}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		m.FileLimit = int(min(limit.Cur, 1<<30))
	}
	if milli, err := strconv.Atoi(read(root, "sys/class/thermal/thermal_zone0/temp")); err == nil {
		m.Celsius = float64(milli) / 1000
	}
	m.Throttled = throttled(read(root, "sys/devices/platform/soc/soc:firmware/get_throttled"))
	m.DiskWear = wear(root)
	return m
}

// throttled explains the bits from a Raspberry Pi's firmware (documentation/computers/os, vcgencmd get_throttled): the
// low ones are current, those from 16 on have occurred since it was started.
func throttled(hex string) []string {
	bits, err := strconv.ParseUint(strings.TrimPrefix(hex, "0x"), 16, 32)
	if err != nil {
		return nil
	}
	var all []string
	for bit, what := range []string{"under-voltage", "the processor is slowed down", "throttled", "too hot"} {
		switch {
		case bits>>bit&1 == 1:
			all = append(all, what+" now")
		case bits>>(bit+16)&1 == 1:
			all = append(all, what+" since it was started")
		}
	}
	return all
}

// wear returns the worse of an eMMC's two estimates of used-up life in % (JEDEC JESD84-B51, EXT_CSD 268 and 269: one
// step is 10 %). SD cards do not report it.
func wear(root string) int {
	files, _ := filepath.Glob(filepath.Join(root, "sys/block/mmcblk*/device/life_time"))
	worst := 0
	for _, f := range files {
		text, _ := os.ReadFile(f)
		for _, word := range strings.Fields(string(text)) {
			if step, err := strconv.ParseUint(strings.TrimPrefix(word, "0x"), 16, 8); err == nil {
				worst = max(worst, int(step)*10)
			}
		}
	}
	return worst
}

func read(root, name string) string {
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
