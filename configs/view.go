package configs

import (
	"bytes"
	"cmp"
	"errors"
	"regexp"
	"slices"
)

// View is a config as it may be shown on a screen.
type View struct {
	Files    []File
	Faults   []Fault // what is wrong with it now; none: it can be used
	Warnings []Fault
}

// File is the text of one file, comments included, with "(secret)" for every secret in it.
type File struct{ Name, Text string }

// ViewOf reads the config at path as Load does. It always gives what can be shown, also of a broken config.
func ViewOf(path string) View {
	sources, faults := readSources(path)
	var v View
	for _, s := range sources {
		v.Files = append(v.Files, File{s.name, censored(s)})
	}
	config, err := load(path, sources, faults)
	var all *Faults
	if errors.As(err, &all) {
		v.Faults = all.List
	} else {
		v.Warnings = config.Warnings
	}
	return v
}

// span is a part of a text that is replaced; by "" means that it stays as it is.
type span struct {
	start, end int
	by         string
}

const hidden = `"(secret)"`

// censored gives the text of s without its secrets. The tree knows where they stand; what could not be parsed, and
// what has been commented out, is searched for words that look like the key of one.
func censored(s *source) string {
	root := &node{at: place{s, 0, 0}}
	parseSource(s, root, &report{})
	spans := looksSecret(s.text, secretSpans(root, documentShape(), nil))
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
	var out []byte
	at := 0
	for _, p := range spans {
		if p.start < at {
			continue // within one that is hidden
		}
		out = append(out, s.text[at:p.start]...)
		if p.by == "" {
			out = append(out, s.text[p.start:p.end]...)
		}
		out = append(out, p.by...)
		at = p.end
	}
	return string(append(out, s.text[at:]...))
}

// secretSpans appends where secrets stand in n, which has shape s. A table that has secrets is searched for keys
// nobody knows, too: one of them may be a secret whose key is mistyped.
func secretSpans(n *node, s *shape, spans []span) []span {
	switch s.form {
	case formSecret:
		if tellsWhere(n) {
			return append(spans, span{start: n.at.start, end: n.at.start + n.at.length})
		}
		return hide(n, spans)
	case formTable:
		secretive := slices.ContainsFunc(s.keys, func(k key) bool { return k.form == formSecret })
		for _, child := range n.children {
			if k, ok := s.key(child.name); ok {
				spans = secretSpans(child, k.shape, spans)
			} else if secretive {
				spans = hide(child, spans)
			}
		}
	case formTables, formByID:
		for _, child := range n.children {
			spans = secretSpans(child, &shape{form: formTable, keys: s.keys}, spans)
		}
	}
	return spans
}

// hide appends the values in n. A table with a header, or of dotted keys, stands in several places.
func hide(n *node, spans []span) []span {
	if n.kind != kindTable && !n.tables || n.inline {
		return append(spans, span{n.at.start, n.at.start + n.at.length, hidden})
	}
	for _, child := range n.children {
		spans = hide(child, spans)
	}
	return spans
}

// tellsWhere says whether the value of a secret is { env = "NAME" } or { file = "path" }, and nothing else.
func tellsWhere(n *node) bool {
	if n.kind != kindTable || len(n.children) != 1 {
		return false
	}
	c := n.children[0]
	return c.kind == kindText && (c.name == "env" || c.name == "file")
}

var (
	// secretKey finds what looks like the key of a secret, also mistyped: p, s, and w or rd. The value is the group.
	secretKey = regexp.MustCompile(`(?i)\b(?:p\w*s\w*(?:w|rd)\w*|\w*secret|\w*token)["']?[ \t]*=[ \t]*(\S)`)
	// onlyWhere is a value that tells where the secret is kept.
	onlyWhere = regexp.MustCompile(`^\{[ \t]*(?:env|file)[ \t]*=[ \t]*"[^"\n]*"[ \t]*\}`)
	// inURL finds passwords in addresses: mqtts://user:password@host.
	inURL = regexp.MustCompile(`://[^/\s:@"']+:([^/\s@"']+)@`)
)

// looksSecret appends to known what looks like a secret in text and is not known.
func looksSecret(text []byte, known []span) []span {
	for _, m := range secretKey.FindAllSubmatchIndex(text, -1) {
		at := m[2]
		sure := slices.ContainsFunc(known, func(p span) bool { return p.start == at })
		if !sure && !onlyWhere.Match(text[at:]) {
			known = append(known, span{at, at + valueLength(text[at:]), hidden})
		}
	}
	for _, m := range inURL.FindAllSubmatchIndex(text, -1) {
		known = append(known, span{m[2], m[3], "(secret)"})
	}
	return known
}

// valueLength is how long the value is that text begins with: up to the closing quotes, or the end of the line.
func valueLength(text []byte) int {
	for _, quotes := range []string{`"""`, `'''`} {
		if bytes.HasPrefix(text, []byte(quotes)) {
			if i := bytes.Index(text[3:], []byte(quotes)); i >= 0 {
				return i + 6
			}
			return len(text)
		}
	}
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		text = text[:i]
	}
	return len(bytes.TrimRight(text, "\r"))
}

// DataDirOf tells where a gateway with the config at path keeps its data, also if the config has faults, or secrets
// that are only known where the gateway runs. It cannot if no file of it can be read.
func DataDirOf(path string) (dir string, ok bool) {
	sources, _ := readSources(path)
	if len(sources) == 0 {
		return "", false
	}
	root := &node{at: place{sources[0], 0, 0}}
	for _, s := range sources {
		parseSource(s, root, &report{})
	}
	if n := root.get("gateway", "data_dir"); n != nil && n.kind == kindText {
		return n.value.(string), true
	}
	return DefaultGateway().DataDir, true
}
