package gateway

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"minirelay/configs"
)

// patienceOf are the times of [Watch].
type patienceOf struct {
	// look is the interval between checks of a config. A check costs a few microseconds, and finds changes that the
	// kernel's notifications miss: switched links at any level of the path, replaced directories, network file systems.
	look time.Duration
	// settle is how long a config must stay unchanged before it is read: many programs save in several steps.
	settle time.Duration
	// doubt is the same for a config that seems to be cut off. A copy over a slow network pauses for seconds.
	doubt time.Duration
	// open is how long a complete file may stay open for writing after its last change.
	open time.Duration
}

var usualPatience = patienceOf{look: 300 * time.Millisecond, settle: 200 * time.Millisecond, doubt: 10 * time.Second, open: time.Minute}

// Change is what [Watch] has noticed: a config that was saved, or a doubt.
type Change struct {
	Text  *configs.Text // as it was read; nil: it is not used yet
	Doubt string        // why it is not used yet, in a few words
}

// Watch sends a [Change] whenever the config at path, a file or a directory, or a file with a secret of it has been saved
// since Watch was called. It
// waits until the writer has closed the file and nothing has changed for a moment, and longer for a file that seems to be
// cut off, unless it came as a whole, by a rename. A config is sent as it was read, so that the next save cannot mix with
// it. The caller must call stop.
func Watch(path string) (changed <-chan Change, stop func()) { return watchWith(path, usualPatience) }

func watchWith(path string, patience patienceOf) (<-chan Change, func()) {
	w := &configWatch{path: path, patience: patience, changes: make(chan Change, 1), notices: newNotices(), last: configs.Read(path)}
	w.secrets = w.last.SecretFiles()
	w.seen = fingerprint(path, w.secrets)
	w.notices.follow(path, w.secrets)
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		defer w.notices.close()
		tick := time.NewTicker(patience.look)
		defer tick.Stop()
		settled := time.NewTimer(0)
		defer settled.Stop()
		for {
			select {
			case <-quit:
				return
			case <-w.notices.wake:
			case <-tick.C:
			case <-settled.C:
			}
			if wait := w.look(time.Now()); wait > 0 {
				settled.Reset(wait)
			}
		}
	}()
	return w.changes, func() { close(quit); <-done }
}

// configWatch is the state of a [Watch]. Only its goroutine touches it.
type configWatch struct {
	path     string
	patience patienceOf
	changes  chan Change
	notices  *notices

	seen    string        // the fingerprint, as last seen
	changed time.Time     // when the last change was noticed; zero: none since the last text was sent
	doubted bool          // this change was doubted already
	last    *configs.Text // the last one without a fault, or the first one
	secrets []string      // files with secrets of the newest one
}

// look takes notice of what has happened, and sends the config if it has settled. It returns after which time it must be
// called again at the latest; 0: when something happens.
func (w *configWatch) look(now time.Time) time.Duration {
	if w.notice() {
		w.changed, w.doubted = now, false
	}
	if w.changed.IsZero() {
		return 0
	}
	quiet, writing := now.Sub(w.changed), w.notices.writing()
	if quiet < w.patience.settle {
		return w.patience.settle - quiet
	}
	if writing && quiet < w.patience.open && quiet < w.patience.doubt {
		return 0 // the end of the writing is noticed
	}
	whole := w.notices.whole()
	text := configs.Read(w.path)
	if w.notice() { // while it was read
		w.changed, w.doubted = now, false
		return w.patience.settle
	}
	doubt := text.Unfinished(w.last)
	switch {
	case doubt != "" && !whole && (writing || quiet < w.patience.doubt):
		w.doubt(doubt, writing)
		return max(w.patience.doubt-quiet, 0)
	case writing && quiet < w.patience.open:
		return w.patience.open - quiet
	}
	w.send(Change{Text: text})
	w.changed = time.Time{}
	w.notices.forget()
	if files := text.SecretFiles(); !slices.Equal(files, w.secrets) {
		w.secrets = files
		w.seen = fingerprint(w.path, w.secrets)
		w.notices.follow(w.path, w.secrets)
	}
	if _, err := text.Load(); err == nil {
		w.last = text
	}
	return 0
}

// notice reports whether anything about the config has changed since the last call.
func (w *configWatch) notice() bool {
	changed := w.notices.read()
	if now := fingerprint(w.path, w.secrets); now != w.seen {
		w.seen = now
		w.notices.follow(w.path, w.secrets)
		w.notices.read() // of what was changed before it was followed, the fingerprint has told
		return true
	}
	return changed
}

// doubt sends a doubt, once for each change.
func (w *configWatch) doubt(why string, writing bool) {
	if w.doubted {
		return
	}
	w.doubted = true
	if writing {
		why += ", and it is open for writing"
	}
	select {
	case w.changes <- Change{Doubt: why}:
	default: // a config that was saved before is more important
	}
}

// send replaces a change that nobody has taken yet.
func (w *configWatch) send(c Change) {
	select {
	case <-w.changes:
	default:
	}
	w.changes <- c
}

// filesOf returns the files of the config at path that exist, or path itself.
func filesOf(path string) []string {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}
	}
	all, _ := filepath.Glob(filepath.Join(path, "*.toml")) // the pattern is valid
	files := all[:0]
	for _, f := range all {
		if belongs(filepath.Base(f)) {
			files = append(files, f)
		}
	}
	return files
}

// belongs reports whether a file in a directory is part of a config. Files that begin with a dot are an editor's.
func belongs(name string) bool {
	return filepath.Ext(name) == ".toml" && !strings.HasPrefix(name, ".")
}

// fingerprint returns a text that changes with the name, place, size or modification time of any file of the config, or of
// one that holds a secret of it. It follows links.
func fingerprint(path string, secrets []string) string {
	var b strings.Builder
	for _, f := range append(filesOf(path), secrets...) {
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
