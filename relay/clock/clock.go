// Package clock reads the clocks of the machine: the wall clock, which can be wrong and can be set, and the boot clock,
// which cannot. Most callers need [Read].
//
// A Raspberry Pi has no clock that runs while it is switched off: after a start the wall clock can show 1970, or any
// time before the last stop, until the network corrects it.
package clock

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Instant is one reading of the machine's clocks. The boot clock cannot be set, so it shows how far the wall clock was
// moved.
type Instant struct {
	Wall time.Time
	Boot string        // which run of the machine; "": not known
	Up   time.Duration // by the boot clock
	Sure bool          // the wall clock is known to have been set by a time server
}

// bootID is the same until the machine is restarted (proc(5)).
var bootID = sync.OnceValue(func() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return givenBootID(os.Getenv("MINIRELAY_BOOT_ID"))
	}
	id = bytes.TrimSpace(id)
	return string(id[:min(len(id), 36)])
})

// givenBootID returns the id that systemd gives to a service that cannot see it in /proc (%b in systemd.unit(5), without
// hyphens), in the format of /proc; "" if it is none.
func givenBootID(id string) string {
	if len(id) != 32 {
		return ""
	}
	return strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
}

// Read reads the clocks of this machine.
func Read() Instant {
	now := Instant{Wall: time.Now(), Boot: bootID()}
	var up unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &up) != nil {
		now.Boot = "" // there is nothing to compare
	}
	now.Up = time.Duration(up.Nano())
	// systemd-timesyncd(8) creates this file when it has set the clock. A service that may not set the clock is killed
	// for asking the kernel with adjtimex(2).
	_, err := os.Stat("/run/systemd/timesync/synchronized")
	now.Sure = err == nil
	return now
}
