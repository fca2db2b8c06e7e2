package gateway

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"minirelay/configs"
)

// hasty is the patience of tests. Only a test of doubts waits for the end of one.
var hasty = patienceOf{look: 10 * time.Millisecond, settle: 20 * time.Millisecond, doubt: patience, open: patience}

// steady is the same for saves of several steps, between which a busy machine may pause.
var steady = patienceOf{look: 10 * time.Millisecond, settle: 500 * time.Millisecond, doubt: patience, open: patience}

// savedConfig is a config with boards at its end, whose gateway has a name.
func savedConfig(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[gateway]\nid = \"home\"\nname = %q\n\n[users.phone]\npassword = \"secret\"\n", name)
	for i := range 12 {
		fmt.Fprintf(&b, "\n[ports.p%d]\npath = \"/dev/ttyUSB%d\"\nbaud = 115200\n\n[devices.d%d]\nport = \"p%d\"\ncodec = \"json\"\n\n"+
			"[devices.d%d.fields.temperature]\nkey = \"t\"\ntype = \"number\"\n", i, i, i, i, i)
	}
	return b.String()
}

// saver saves text as the config at path, as some program does.
type saver func(path, text string) error

// pieces writes text in pieces with pauses. reopen closes the file after each.
func pieces(count int, pause time.Duration, reopen bool) saver {
	return func(path, text string) (err error) {
		f, err := os.Create(path)
		for i := 0; i < count && err == nil; i++ {
			if reopen && i > 0 {
				if f, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0); err != nil {
					return err
				}
			}
			_, err = f.WriteString(text[i*len(text)/count : (i+1)*len(text)/count])
			if reopen && i+1 < count {
				err = errors.Join(err, f.Close())
			}
			time.Sleep(pause) // the pause of the program that saves
		}
		return errors.Join(err, f.Close())
	}
}

// savers are the ways in which programs save a file.
var savers = map[string]saver{
	"at once, as nano and cp":      func(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) },
	"in small pieces":              pieces(40, 0, false),
	"in small pieces with pauses":  pieces(6, 4*hasty.settle, false),
	"in pieces, closed after each": pieces(6, 4*hasty.settle, true),
	"by a rename, as sed -i":       renamed,
	"by a rename while still open": renamedOpen,
	"beside a backup, as vim":      besideBackup,
	"removed first, as git":        func(path, text string) error { return errors.Join(os.Remove(path), pieces(4, 0, false)(path, text)) },
	"touched afterwards, as cp -p": touched,
	"removed, then some time later": func(path, text string) error {
		return errors.Join(os.Remove(path), pieces(2, 4*hasty.settle, false)(path, text))
	},
}

func renamed(path, text string) error {
	return errors.Join(os.WriteFile(path+".new", []byte(text), 0o600), os.Rename(path+".new", path))
}

func renamedOpen(path, text string) error {
	f, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, os.Rename(path+".new", path), f.Close())
}

func besideBackup(path, text string) error {
	return errors.Join(os.Rename(path, path+"~"), pieces(3, 0, false)(path, text), os.Remove(path+"~"))
}

func touched(path, text string) error {
	before := time.Now().Add(-time.Hour)
	return errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, before, before))
}

// next returns the name in the next config that is sent, and the doubts before it.
func next(t *testing.T, changes <-chan Change) (name string, doubts []string) {
	t.Helper()
	for {
		select {
		case c := <-changes:
			if c.Text == nil {
				doubts = append(doubts, c.Doubt)
				continue
			}
			config, err := c.Text.Load()
			if err != nil {
				return err.Error(), doubts
			}
			if len(config.Devices.Devices) != 12 {
				t.Errorf("%s has %d devices", config.Gateway.Name.Text, len(config.Devices.Devices))
			}
			return config.Gateway.Name.Text, doubts
		case <-time.After(2 * patience):
			t.Fatal("no config is sent")
		}
	}
}

// However a config is saved, each save is noticed once, and never half of it.
func TestWatchSaves(t *testing.T) {
	for how, save := range savers {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "minirelay.toml")
			if err := os.WriteFile(path, []byte(savedConfig("first")), 0o600); err != nil {
				t.Fatal(err)
			}
			saves, times := 10, hasty
			if strings.HasPrefix(how, "touched") {
				saves, times = 3, steady
			}
			changes, stop := watchWith(path, times)
			defer stop()
			for i := range saves {
				name := fmt.Sprintf("save %d", i)
				if err := save(path, savedConfig(name)); err != nil {
					t.Fatal(err)
				}
				if got, _ := next(t, changes); got != name {
					t.Fatalf("%q was sent after %q was saved", got, name)
				}
			}
			if err := renamed(path, savedConfig("last")); err != nil {
				t.Fatal(err)
			}
			if got, _ := next(t, changes); got != "last" {
				t.Errorf("%q was sent twice", got)
			}
		})
	}
}

// A directory of files, and a directory that a link is switched to as Kubernetes does, are as good as one file.
func TestWatchDirectories(t *testing.T) {
	parts := func(name string) (first, rest string) {
		whole := savedConfig(name)
		at := strings.Index(whole, "[ports.p3]")
		return whole[:at], whole[at:]
	}
	put := func(t *testing.T, dir, name string, save saver) {
		t.Helper()
		first, rest := parts(name)
		if err := errors.Join(os.MkdirAll(dir, 0o700), save(filepath.Join(dir, "10.toml"), first), save(filepath.Join(dir, "20.toml"), rest)); err != nil {
			t.Fatal(err)
		}
	}
	atOnce := savers["at once, as nano and cp"]
	t.Run("git", func(t *testing.T) {
		dir := t.TempDir()
		put(t, dir, "first", atOnce)
		changes, stop := watchWith(dir, steady)
		defer stop()
		for i := range 3 {
			name := fmt.Sprintf("save %d", i)
			put(t, dir, name, savers["removed first, as git"])
			if err := os.WriteFile(filepath.Join(dir, ".#10.toml"), nil, 0o600); err != nil { // of an editor
				t.Fatal(err)
			}
			if got, _ := next(t, changes); got != name {
				t.Fatalf("%q was sent after %q was saved", got, name)
			}
		}
	})
	t.Run("links", func(t *testing.T) {
		dir := t.TempDir()
		swap := func(name string) {
			to := filepath.Join(dir, ".."+strings.ReplaceAll(name, " ", ""))
			put(t, to, name, atOnce)
			if err := errors.Join(os.Symlink(to, filepath.Join(dir, "..tmp")), os.Rename(filepath.Join(dir, "..tmp"), filepath.Join(dir, "..data"))); err != nil {
				t.Fatal(err)
			}
		}
		swap("first")
		for _, f := range []string{"10.toml", "20.toml"} {
			if err := os.Symlink("..data/"+f, filepath.Join(dir, f)); err != nil {
				t.Fatal(err)
			}
		}
		changes, stop := watchWith(dir, hasty)
		defer stop()
		for i := range 5 {
			name := fmt.Sprintf("save %d", i)
			swap(name)
			got, doubts := next(t, changes)
			if got != name || len(doubts) > 0 {
				t.Fatalf("%q was sent after %q was saved, with the doubts %q", got, name, doubts)
			}
		}
	})
}

// A config that seems to be cut off is used after a longer wait: a person may have wanted it. One that comes as a whole
// is used at once.
func TestWatchDoubts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "minirelay.toml")
	whole := savedConfig("first")
	cut := whole[:strings.Index(whole, "[ports.p11]")]
	if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	soon := hasty
	soon.doubt = 200 * time.Millisecond
	changes, stop := watchWith(path, soon)
	defer stop()
	sent := func() (devices int, doubt string) {
		t.Helper()
		for {
			select {
			case c := <-changes:
				if c.Text == nil {
					doubt += c.Doubt
					continue
				}
				config, err := c.Text.Load()
				if err != nil {
					t.Fatal(err)
				}
				return len(config.Devices.Devices), doubt
			case <-time.After(patience):
				t.Fatal("no config is sent")
			}
		}
	}
	if err := os.WriteFile(path, []byte(cut), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, doubt := sent(); n != 11 || !strings.Contains(doubt, "ends early, at line") {
		t.Errorf("%d devices, doubt %q", n, doubt)
	}
	if err := renamed(path, whole); err != nil {
		t.Fatal(err)
	}
	if n, doubt := sent(); n != 12 || doubt != "" {
		t.Errorf("%d devices, doubt %q", n, doubt)
	}
	if err := renamed(path, cut); err != nil {
		t.Fatal(err)
	}
	if n, doubt := sent(); n != 11 || doubt != "" {
		t.Errorf("a whole file: %d devices, doubt %q", n, doubt)
	}
	users := strings.Replace(whole, "[users.phone]\npassword = \"secret\"\n", "", 1)
	if err := os.WriteFile(path, []byte(users), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, doubt := sent(); n != 12 || doubt != "all users are gone" {
		t.Errorf("without users: %d devices, doubt %q", n, doubt)
	}
}

// Without notices of the kernel, as on a network file system, looking is enough.
func TestWatchWithoutNotices(t *testing.T) {
	path := filepath.Join(t.TempDir(), "minirelay.toml")
	if err := os.WriteFile(path, []byte(savedConfig("first")), 0o600); err != nil {
		t.Fatal(err)
	}
	w := &configWatch{path: path, patience: hasty, changes: make(chan Change, 1), seen: fingerprint(path, nil), notices: &notices{}}
	if err := os.WriteFile(path, []byte(savedConfig("second")), 0o600); err != nil {
		t.Fatal(err)
	}
	w.last = configs.Read(path)
	now := time.Now()
	if wait := w.look(now); wait != hasty.settle {
		t.Errorf("it waits for %v", wait)
	}
	if w.look(now.Add(hasty.settle)); len(w.changes) != 1 {
		t.Error("the change was not noticed")
	}
}

// A file with a password belongs to the config: when it is saved, the config is read again.
func TestWatchSecretFiles(t *testing.T) {
	dir := t.TempDir()
	path, file := filepath.Join(dir, "minirelay.toml"), filepath.Join(dir, "secrets", "phone")
	text := func(name string) string {
		return strings.Replace(savedConfig(name), `"secret"`, fmt.Sprintf("{ file = %q }", file), 1)
	}
	if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o700), os.WriteFile(file, []byte("first"), 0o600), os.WriteFile(path, []byte(text("a")), 0o600)); err != nil {
		t.Fatal(err)
	}
	changes, stop := watchWith(path, hasty)
	defer stop()
	password := func() string {
		t.Helper()
		select {
		case c := <-changes:
			config, err := c.Text.Load()
			if err != nil {
				t.Fatal(err)
			}
			return config.Broker.Users[0].Password.Value()
		case <-time.After(patience):
			t.Fatal("nothing is noticed")
			return ""
		}
	}
	for i, save := range []saver{renamed, savers["in small pieces with pauses"], savers["at once, as nano and cp"]} {
		want := fmt.Sprint("password", i)
		if err := save(file, want); err != nil {
			t.Fatal(err)
		}
		if got := password(); got != want {
			t.Errorf("%q is read, not %q", got, want)
		}
	}
	file += "2"
	if err := errors.Join(os.WriteFile(file, []byte("second"), 0o600), renamed(path, text("b"))); err != nil {
		t.Fatal(err)
	}
	if got := password(); got != "second" {
		t.Errorf("%q is read", got)
	}
	if err := renamed(file, "third"); err != nil {
		t.Fatal(err)
	}
	if got := password(); got != "third" {
		t.Errorf("%q is read", got)
	}
}
