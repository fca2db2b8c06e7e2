package configs

import (
	"strings"
	"testing"

	"minirelay/locale"
)

// The output for a user, with the caret under the offending part regardless of the text before it.
func TestFaultString(t *testing.T) {
	for name, row := range map[string]struct{ line, part, want string }{
		"begin": {"buad = 115200", "buad", `
  1 | buad = 115200
    | ^^^^
`},
		"tab": {"\tbaud =\t5 # five", "5", "\n  1 | \tbaud =\t5 # five\n    | \t      \t^\n"},
		"wide": {`name = "温室", x = "水泵"`, `"水泵"`, `
  1 | name = "温室", x = "水泵"
    |                    ^^^^^^
`},
		"combining": {"name = \"e\u0301\", x = 1", "1", "\n  1 | name = \"e\u0301\", x = 1\n    |                 ^\n"},
		"emoji": {`name = "🌱" x`, "x", `
  1 | name = "🌱" x
    |             ^
`},
		"password": {`a = { password = "hunter2", x = 1 }`, "password", `
  1 | a = { password = "********"
    |       ^^^^^^^^
`},
		"hash": {`"password_hash"='$argon2id$v=19'`, "password_hash", `
  1 | "password_hash"='********'
    |  ^^^^^^^^^^^^^
`},
		"misspelt": {`paswrod = "hunter2"`, "paswrod", `
  1 | paswrod = "********"
    | ^^^^^^^
`},
		"secret elsewhere": {`password = { env = "X" }`, "X", `
  1 | password = { env = "X" }
    |                     ^
`},
		"control": {"a = \x1b[31m", "\x1b", "\n  1 | a = ·[31m\n    |     ^\n"},
	} {
		s := newSource("x.toml", []byte(row.line+"\n"))
		f := place{s, 0, len(row.line)}.within(row.part).fault("wrong", "mend it")
		got := f.String()
		got = strings.TrimSuffix(got[strings.IndexByte(got, '\n'):], "  hint: mend it\n")
		if got != row.want {
			t.Errorf("%s: got%swant%s", name, got, row.want)
		}
	}
}

func TestLongLine(t *testing.T) {
	line := strings.Repeat("温", 500) + "HERE" + strings.Repeat("x", 500)
	f := place{newSource("x.toml", []byte(line)), 0, len(line)}.within("HERE").fault("wrong", "")
	if f.Column != 501 || f.Length != 4 {
		t.Errorf("column %d, length %d", f.Column, f.Length)
	}
	lines := strings.Split(f.String(), "\n")
	caret := strings.Index(lines[2], "^")
	before, _, _ := strings.Cut(lines[1], "HERE")
	if caret != locale.Width(before) || len([]rune(lines[1])) > excerptWidth+20 {
		t.Errorf("\n%s\n%s", lines[1], lines[2])
	}
}

// A part over several lines is marked in its first line. The end of the text can be marked too.
func TestPlaces(t *testing.T) {
	s := newSource("x.toml", []byte("a = [\n1,\n]\nb"))
	for _, row := range []struct {
		start, length      int
		line, column, mark int
	}{
		{4, 6, 1, 5, 1},
		{6, 1, 2, 1, 1},
		{5, 1, 1, 6, 0}, // the line end itself
		{12, 0, 4, 2, 0},
		{99, 1, 4, 2, 0},
	} {
		f := place{s, row.start, row.length}.fault("", "")
		if f.Line != row.line || f.Column != row.column || f.Length != row.mark {
			t.Errorf("%+v: %d:%d, %d", row, f.Line, f.Column, f.Length)
		}
	}
}

func TestNearest(t *testing.T) {
	keys := []string{"baud", "path", "parity", "data_bits", "stop_bits", "usb"}
	for word, want := range map[string]string{"buad": "baud", "Baud": "baud", "databits": "data_bits", "data-bits": "data_bits",
		"stop_bit": "stop_bits", "prity": "parity", "speed": "", "x": "", "": "", "ubs": "usb", "patth": "path"} {
		if got, _ := Nearest(word, keys); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
