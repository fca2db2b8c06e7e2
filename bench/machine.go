package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// machine describes the machine that produced the figures: "AMD EPYC, 2 cores, Linux 6.18 amd64, go1.26.8".
func machine() string {
	release := "unknown"
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		release = unix.ByteSliceToString(u.Release[:])
	}
	return fmt.Sprintf("%s, %d cores, Linux %s %s, %s", processor(), runtime.NumCPU(), release, runtime.GOARCH, runtime.Version())
}

// processor is the model as named by the kernel; on ARM the name of the whole board.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		key, value, _ := strings.Cut(s.Text(), ":")
		switch strings.TrimSpace(key) {
		case "model name", "Model":
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
