package gateway

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// lookEvery is the interval between checks of a config. A check costs a few microseconds, and finds changes that
	// the kernel's notifications miss: switched links at any level of the path, replaced directories, network file
	// systems.
	lookEvery = 300 * time.Millisecond
	// settle is the delay between a change and reading it, since editors write in several steps. Reading too early is
	// harmless: an incomplete file changes nothing, and the last step is another change.
	settle = 200 * time.Millisecond
)

// Watch sends a token whenever the config at path, a file or a directory, may have changed since Watch was called. The
// caller must call stop.
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
				default: // a token is waiting already, for this change too
				}
			}
		}
	}()
	return tokens, func() { close(quit); <-done }
}

// fingerprint returns a text that changes with the name, place, size or modification time of any file of the config. It
// follows links.
func fingerprint(path string) string {
	files := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		files, _ = filepath.Glob(filepath.Join(path, "*.toml")) // the pattern is valid
	}
	var b strings.Builder
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			fmt.Fprintf(&b, "%s: %v\n", f, err)
			continue
		}
		target, _ := filepath.EvalSymlinks(f) // "" if the file has just gone, which is a difference too
		fmt.Fprintf(&b, "%s %s %d %d\n", f, target, info.Size(), info.ModTime().UnixNano())
	}
	return b.String()
}
