package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A text that is the beginning of another one, changed or not, is told from a complete one.
func TestUnfinished(t *testing.T) {
	const whole = "[gateway]\nid = \"home\"\n\n[users.phone]\npassword_hash = \"$argon2id$\"\nrole = \"viewer\"\n\n[ports.uno]\npath = \"/dev/a\"\nbaud = 115200\n"
	path := filepath.Join(t.TempDir(), "minirelay.toml")
	read := func(text string) *Text {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return Read(path)
	}
	last := read(whole)
	for at := range len(whole) {
		if read(whole[:at]).Unfinished(last) == "" {
			t.Errorf("cut at byte %d, it seems complete", at)
		}
		changed := strings.Replace(whole, "home", "house", 1)
		if at > 20 && !strings.HasSuffix(changed[:at], "115200") && read(changed[:at]).Unfinished(last) == "" {
			t.Errorf("changed and cut at byte %d, it seems complete", at)
		}
	}
	for what, text := range map[string]string{
		"the same":             whole,
		"another value":        strings.Replace(whole, "115200", "9600", 1),
		"another last value":   strings.Replace(whole, "uno]\npath", "uno]\n# path", 1),
		"a table more":         whole + "\n[ports.due]\npath = \"/dev/b\"\n",
		"a table less inside":  whole[:strings.Index(whole, "[users")] + "[users]\na.password = \"x\"\n" + whole[strings.Index(whole, "[ports"):],
		"a line less inside":   strings.Replace(whole, "role = \"viewer\"\n", "", 1),
		"another order":        "[ports.uno]\npath = \"/dev/a\"\n[users.phone]\n[gateway]\n",
		"a comment at the end": whole + "# more\n",
	} {
		if why := read(text).Unfinished(last); why != "" {
			t.Errorf("%s: %s", what, why)
		}
	}
	noUsers := strings.Replace(strings.Replace(whole, "[users.phone]", "[log]", 1), "role = \"viewer\"", "", 1)
	if why := read(noUsers).Unfinished(last); why != "all users are gone" {
		t.Errorf("without users: %q", why)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if why := Read(path).Unfinished(last); !strings.Contains(why, "is missing") {
		t.Errorf("without the file: %q", why)
	}
}
