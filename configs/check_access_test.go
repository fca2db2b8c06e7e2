package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// openDir is a directory that every user of this machine may enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} { // the testing package closes the first one
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// What other users of the machine can read, write or guess is said, and nothing else.
func TestExposedSecrets(t *testing.T) {
	const hash = "$argon2id$v=19$m=7168,t=5,p=1$c2FsdHNhbHRzYWx0c2FsdA$jr6LQIHqGLIm3BIYRledeCGGSBsHJ8HYocEoluTBRj4"
	for name, test := range map[string]struct {
		user   string
		modes  map[string]os.FileMode // of minirelay.toml, password, key, data; else closed
		closed bool                   // the directory
		want   []string
	}{
		"closed":            {user: `password_hash = "` + hash + `"`},
		"file":              {user: `password_hash = "` + hash + `"`, modes: map[string]os.FileMode{"minirelay.toml": 0o644}, want: []string{"may read this file, and it contains secrets | chmod o-rwx "}},
		"closed above":      {user: `password_hash = "` + hash + `"`, modes: map[string]os.FileMode{"minirelay.toml": 0o644, "password": 0o644, "key": 0o644, "data": 0o777}, closed: true},
		"no secret in it":   {user: `password = { file = "DIR/password" }`, modes: map[string]os.FileMode{"minirelay.toml": 0o644}},
		"secret's own file": {user: `password = { file = "DIR/password" }`, modes: map[string]os.FileMode{"password": 0o604}, want: []string{"may read DIR/password | chmod o-rwx DIR/password"}},
		"key":               {user: `password_hash = "` + hash + `"`, modes: map[string]os.FileMode{"key": 0o644}, want: []string{"may read DIR/key"}},
		"data, read":        {user: `password_hash = "` + hash + `"`, modes: map[string]os.FileMode{"data": 0o755}, want: []string{"may look into DIR/data | chmod o-rwx DIR/data"}},
		"data, written":     {user: `password_hash = "` + hash + `"`, modes: map[string]os.FileMode{"data": 0o777}, want: []string{"may write into DIR/data"}},
		"short":             {user: `password = "1"`, want: []string{`the password of "phone" is easy to guess`}},
		"common":            {user: `password = "Raspberry"`, want: []string{`is easy to guess`}},
		"one letter":        {user: `password = "zzzzzzzzz"`, want: []string{`is easy to guess`}},
		"plain":             {user: `password = "three-green-kettles"`, want: []string{"can be read by everybody with access to this file"}},
		"the sample's":      {user: `password_hash = "` + sampleHashes()[0] + `"`, want: []string{"is the example of the documentation"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := openDir(t)
			text := "[gateway]\nid = \"home\"\ndata_dir = \"DIR/data\"\n[users.phone]\n" + test.user +
				"\n[upstream.cloud]\nurl = \"mqtts://host\"\ncert_file = \"DIR/cert\"\nkey_file = \"DIR/key\"\n"
			for _, name := range []string{"minirelay.toml", "password", "key", "cert"} {
				content := "three-green-kettles\n"
				if name == "minirelay.toml" {
					content = strings.ReplaceAll(text, "DIR", dir)
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
				t.Fatal(err)
			}
			for name, mode := range test.modes {
				if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
					t.Fatal(err)
				}
			}
			if test.closed {
				if err := os.Chmod(dir, 0o750); err != nil {
					t.Fatal(err)
				}
			}
			config, err := Load(filepath.Join(dir, "minirelay.toml"))
			if err != nil {
				t.Fatal(faultsOf(t, err))
			}
			var got []string
			for _, w := range config.Warnings {
				if w.Exposed {
					got = append(got, fmt.Sprintf("%s | %s", w.What, w.Try))
				}
			}
			if len(got) != len(test.want) {
				t.Fatalf("%d warnings: %q", len(got), got)
			}
			for i, want := range test.want {
				if !strings.Contains(got[i], strings.ReplaceAll(want, "DIR", dir)) {
					t.Errorf("%q instead of %q", got[i], want)
				}
			}
		})
	}
}
