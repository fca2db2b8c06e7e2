package gateway

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// lookEvery is how often a config is looked at. Looking costs a few microseconds, and finds what the kernel's
	// notices miss: switched links at any level of the path, replaced directories, network file systems.
	lookEvery = 300 * time.Millisecond
	// settle is how long after a change it is read: editors write in several steps. A file that is read too early
	// nevertheless changes nothing, and its last step is another change.
	settle = 200 * time.Millisecond
)

// Watch gives a token when the config at path, a file or a directory, may have changed since Watch was called. The
// caller calls stop.
func Watch(path string) (changed <-chan struct{}, stop func()) {
	tokens := make(chan struct{}, 1)
	quit, done := make(chan struct{}), make(chan struct{})
	seen := fingerprint(path)
	go func() {
		defer close(done)
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		var settled <-chan time.Time // nil: nothing has changed
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				if now := fingerprint(path); now != seen {
					seen = now
					settled = time.After(settle)
				}
			case <-settled:
				settled = nil
				select {
				case tokens <- struct{}{}:
				default: // one is waiting: it stands for this change too
				}
			}
		}
	}()
	return tokens, func() { close(quit); <-done }
}

// fingerprint differs when a file of the config does: its name, place, size, or time of change. It follows links.
func fingerprint(path string) string {
	files := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		files, _ = filepath.Glob(filepath.Join(path, "*.toml")) // the pattern is a good one
	}
	var b strings.Builder
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			fmt.Fprintf(&b, "%s: %v\n", f, err)
			continue
		}
		target, _ := filepath.EvalSymlinks(f) // "" where it has just gone: that differs too
		fmt.Fprintf(&b, "%s %s %d %d\n", f, target, info.Size(), info.ModTime().UnixNano())
	}
	return b.String()
}
