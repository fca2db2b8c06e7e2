package configs

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
)

// Text is a config as it was read: the content of its files. [Read] makes one.
type Text struct {
	path    string
	sources []*source
	faults  []Fault // of files that could not be read
}

// Read reads the files of the config at path, which [Text.Load] then checks.
func Read(path string) *Text {
	sources, faults := readSources(path)
	return &Text{path, sources, faults}
}

// Path returns the path that was read.
func (t *Text) Path() string { return t.path }

// Load builds the config of the text. Its error is a [*Faults] with everything that is wrong.
func (t *Text) Load() (*Config, error) { return load(t.path, t.sources, t.faults, false) }

// SecretFiles returns the files that hold secrets of the config, as in { file = "path" }.
func (t *Text) SecretFiles() (files []string) {
	for _, s := range t.sources {
		eachPlace(treeOf(s), documentShape(), func(n *node) {
			if c := n.children[0]; c.name == "file" {
				files = append(files, c.value.(string))
			}
		})
	}
	return files
}

// eachPlace calls do for each { env = … } or { file = … } in n, which has shape s.
func eachPlace(n *node, s *shape, do func(*node)) {
	if s.form == formSecret && tellsWhere(n) {
		do(n)
		return
	}
	for _, child := range n.children {
		switch s.form {
		case formTable:
			if k, ok := s.key(child.name); ok {
				eachPlace(child, k.shape, do)
			}
		case formTables, formByID:
			eachPlace(child, &shape{form: formTable, keys: s.keys}, do)
		}
	}
}

// Unfinished returns why t may be a version of last that is still being saved: a file is missing or cut off, or all users
// are gone. It returns "" if t seems complete. A person may want all of that too, so it is a reason to wait for the rest,
// and not to refuse the text.
func (t *Text) Unfinished(last *Text) string {
	for _, before := range last.sources {
		i := slices.IndexFunc(t.sources, func(s *source) bool { return s.name == before.name })
		switch {
		case i < 0:
			return before.name + " is missing, empty or unreadable"
		case cutOff(before.text, t.sources[i].text):
			return fmt.Sprintf("%s ends early, at line %d", before.name, bytes.Count(t.sources[i].text, []byte("\n"))+1)
		}
	}
	if last.hasUsers() && !t.hasUsers() {
		return "all users are gone"
	}
	return ""
}

var (
	tableHeader = regexp.MustCompile(`(?m)^[ \t]*\[[^\n#]*\]`)
	usersTable  = regexp.MustCompile(`(?m)^[ \t]*\[?[ \t]*["']?users["']?[ \t]*[\].=]`)
)

// hasUsers reports whether any file has a table of a user.
func (t *Text) hasUsers() bool {
	return slices.ContainsFunc(t.sources, func(s *source) bool { return usersTable.Match(s.text) })
}

// cutOff reports whether now may be the beginning of a text like before, with whatever changes in it: its last tables, the
// last lines of its last table or its last end of line are missing.
func cutOff(before, now []byte) bool {
	if bytes.Equal(before, now) {
		return false
	}
	if bytes.HasPrefix(before, now) || bytes.HasSuffix(before, []byte("\n")) && !bytes.HasSuffix(now, []byte("\n")) {
		return true
	}
	was, is := tableHeader.FindAllIndex(before, -1), tableHeader.FindAllIndex(now, -1)
	if len(is) > len(was) {
		return false
	}
	for i := range is {
		if !bytes.Equal(bytes.TrimSpace(before[was[i][0]:was[i][1]]), bytes.TrimSpace(now[is[i][0]:is[i][1]])) {
			return false
		}
	}
	if len(is) < len(was) {
		return true
	}
	if len(is) == 0 {
		return false
	}
	tableWas, tableIs := before[was[len(was)-1][0]:], now[is[len(is)-1][0]:]
	return len(tableIs) < len(tableWas) && bytes.HasPrefix(tableWas, tableIs)
}
