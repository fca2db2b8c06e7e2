package locale

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"
)

// hostile are texts that a terminal would obey, or that a person would take for something else.
var hostile = []string{
	"a\x1b[31mb", "a\x1b]0;title\ab", "a\u009b31mb", "a\rb", "a\nall is well", "a\n[ports.evil]", "a\x00b", "a\x7fb", "a\bb", "a\vb", "a\fb", "a\u0085b",
	"a\u202eb", "a\u2066b", "a\u2028b", "a\u2029b", "a\u200bb", "a\ufeffb", "a\xffb", "a\tb", "\U000e0041",
}

// safe reports whether a text stays in its line and controls nothing.
func safe(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar
	}) < 0
}

func TestLine(t *testing.T) {
	for _, s := range hostile {
		if got := Line(s); !safe(got) || len([]rune(got)) != len([]rune(s)) {
			t.Errorf("%q became %q", s, got)
		}
	}
	for _, s := range []string{"", "温室，21.5 °C", "a b", "全　角", "e\u0301", "🌱", "1\u00a0kg"} {
		if got := Line(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	if got := Lines("a\n\tb\r\n\x1b"); got != "a\n\tb·\n·" {
		t.Errorf("%q", got)
	}
}

// Only a format begins lines, in each language, whatever kind of value its arguments are.
func TestArgumentsStayInTheirLine(t *testing.T) {
	type word string
	for _, l := range []Language{English, Chinese} {
		for _, s := range hostile {
			for _, arg := range []any{s, errors.New(s), word(s), named{s}} {
				got := strings.TrimSuffix(l.Sprintf("unknown key %q in %v\n", s, arg), "\n")
				if !safe(got) {
					t.Errorf("%v: %q", l, got)
				}
			}
		}
	}
	if got := English.Sprintf("%d of %5.1f, %v\n", 3, 2.5, true); got != "3 of   2.5, true\n" {
		t.Errorf("%q", got)
	}
}

type named struct{ name string }

func (n named) String() string { return n.name }

func TestCellsStayInTheirRow(t *testing.T) {
	var table Table
	table.Head("A\tB")
	for _, s := range hostile {
		table.Row(s, "x")
	}
	var b bytes.Buffer
	if err := table.Write(&b, 1); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if !safe(strings.TrimSuffix(line, "\n")) {
			t.Errorf("%q", line)
		}
	}
	if n := strings.Count(b.String(), "\n"); n != len(hostile)+1 {
		t.Errorf("%d rows", n)
	}
}

func TestScreen(t *testing.T) {
	for _, s := range hostile {
		var b bytes.Buffer
		if n, err := fmt.Fprint(NewScreen(&b), s); n != len(s) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if got := strings.NewReplacer("\n", "", "\t", "").Replace(b.String()); !safe(got) {
			t.Errorf("%q became %q", s, got)
		}
	}
}

// JSON keeps its meaning and controls no terminal.
func TestJSONForTerminals(t *testing.T) {
	for _, s := range append(hostile, "温室\"\\") {
		want, err := json.Marshal(map[string]string{s: s})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := NewJSON(&b).Write(want); err != nil {
			t.Fatal(err)
		}
		if !safe(b.String()) && !strings.Contains(s, "\xff") {
			t.Errorf("%q", b.String())
		}
		var before, after map[string]string
		if json.Unmarshal(want, &before) != nil || json.Unmarshal(b.Bytes(), &after) != nil || fmt.Sprint(before) != fmt.Sprint(after) {
			t.Errorf("%q means something else than %q", b.String(), want)
		}
	}
}
