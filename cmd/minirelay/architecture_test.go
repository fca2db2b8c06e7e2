package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The page about the architecture has a row for each package, with its imports, and names only functions that exist.
func TestArchitecture(t *testing.T) {
	for _, page := range []string{"architecture.md", "architecture.zh-CN.md"} {
		text, err := os.ReadFile("../../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		rooms, steps := map[string][]string{}, 0
		for line := range strings.Lines(string(text)) {
			cells := strings.Split(line, " | ")
			switch {
			case strings.HasPrefix(line, "| `"):
				rooms[quoted(cells[0])[0]] = quoted(cells[2])
			case len(cells) == 4 && len(quoted(cells[1])) == 1:
				steps++
				if pkg, name := quoted(cells[1])[0], quoted(cells[2])[0]; !declares(t, pkg, name) {
					t.Errorf("%s: %s has no %s", page, pkg, name)
				}
			}
		}
		if steps < 16 {
			t.Errorf("%s: only %d steps", page, steps)
		}
		for _, r := range house {
			imports, ok := rooms[r.name]
			if ours := strings.Fields(r.ours); !ok || r.name != "cmd/minirelay" && !slices.Equal(imports, ours) {
				t.Errorf("%s: %s imports %q, but its row says %q", page, r.name, ours, imports)
			}
			delete(rooms, r.name)
		}
		if len(rooms) != 0 {
			t.Errorf("%s: there is no %v", page, rooms)
		}
	}
}

// quoted lists the texts between backquotes.
func quoted(cell string) (all []string) {
	for i, part := range strings.Split(cell, "`") {
		if i%2 == 1 {
			all = append(all, part)
		}
	}
	return all
}

// declares reports whether a package has a function, a method or a method of an interface, as in Device.Update.
func declares(t *testing.T, pkg, name string) bool {
	of, method, ok := strings.Cut(name, ".")
	declaration := regexp.MustCompile(`(?m)^func ` + of + `\(`)
	if ok {
		declaration = regexp.MustCompile(`(?m)^func \(\w+ \*?` + of + `\) ` + method + `\(|^type ` + of + ` interface \{[^}]*^\t` + method + `\(`)
	}
	files, err := filepath.Glob("../../" + pkg + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		source, err := os.ReadFile(file)
		return err == nil && declaration.Match(source)
	})
}
