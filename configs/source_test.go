package configs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFiles(t *testing.T) {
	dir := write(t, map[string]string{
		"empty.toml":  "",
		"blank.toml":  "\ufeff \n\t\n",
		"bom.toml":    "\ufeff" + sound,
		"crlf.toml":   strings.ReplaceAll(sound, "\n", "\r\n"),
		"latin.toml":  "[gateway]\nid = \"home\"\nname = \"K\xfcche\"\n",
		"utf16.toml":  "\xff\xfe[\x00g\x00",
		"large.toml":  sound + "#" + strings.Repeat("x", maxSize),
		"half.toml":   sound[:strings.Index(sound, "temperature")],
		"nul.toml":    "[gateway]\nid = \"ho\x00me\"\n",
		"random.toml": "\x01\x02=\x03]]\n",
		"notes":       "",
	})
	if err := os.MkdirAll(filepath.Join(dir, "nothing"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "sub", "inner.toml"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"bom.toml":     "",
		"crlf.toml":    "",
		"missing.toml": ": file not found | begin with: minirelay sample > minirelay.toml, or name another one with -c",
		"empty.toml":   ": the file is empty | begin with: minirelay sample > minirelay.toml; if you have just saved it, is the disk full?",
		"blank.toml":   ": the file is empty | begin with: minirelay sample > minirelay.toml; if you have just saved it, is the disk full?",
		"latin.toml":   "3:10: the byte 0xfc is not UTF-8 | save the file as UTF-8 in the editor",
		"utf16.toml":   "1:1: the file is UTF-16, not UTF-8 | save it as UTF-8 in the editor",
		"large.toml":   ": it is larger than 1024 KiB | is it the right file? a large config can be split into a directory of *.toml",
		"half.toml":    "15:27: a key or a part of it is missing, and the file ends here | write key = value, and a table's name as [name]; has it been saved completely?",
		"nul.toml":     "2:9: the text contains a control character | write it as an escape, for example \"\\n\"",
		"random.toml":  "1:1: a key cannot begin like this | keys are made of letters, digits, - and _; others need quotes",
		"nothing":      ": the directory contains no *.toml file | begin with: minirelay sample > nothing/minirelay.toml",
		"sub":          ": it is not a file but a directory, a pipe or a device | name a file, or the directory that holds *.toml files",
	} {
		_, err := Load(filepath.Join(dir, name))
		got := strings.ReplaceAll(told(faultsOf(t, err)), dir+"/", "")
		if got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

// Tests may run as root, which can read every file.
func TestNoPermission(t *testing.T) {
	f := fileFault("x.toml", &fs.PathError{Op: "open", Path: "x.toml", Err: fs.ErrPermission})
	want := fmt.Sprintf("x.toml: no permission to read it\n  hint: run it with sudo, or as a user with access to it; this is user id %d\n", os.Getuid())
	if f.String() != want {
		t.Errorf("got %s", f)
	}
}
