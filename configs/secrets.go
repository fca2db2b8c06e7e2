package configs

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"minirelay/relay/upstream"
)

// span is a part of a text and its replacement; by "" leaves the part as it is.
type span struct {
	start, end int
	by         string
}

const hidden = `"(secret)"`

// secrets returns the parts of s that must not be shown, in order; they may be nested. The tree knows the places of
// secrets. Near a secret, everything that the tree does not understand is hidden too: it may be a secret with a
// mistyped key or mistyped quotes. Elsewhere, and in commented-out lines, text that looks like a secret is hidden.
func (s *source) secrets() []span {
	s.searched.Do(func() {
		root := &node{at: place{s, 0, 0}}
		parseSource(s, root, &report{mute: true})
		h := &hider{source: s, shape: documentShape()}
		h.walk(root, h.shape)
		h.looksSecret()
		h.lines()
		h.comments()
		h.keys()
		slices.SortFunc(h.spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
		s.hidden = h.spans
	})
	return s.hidden
}

// stars take the place of a secret in a line, whatever its length.
const stars = "********"

// shown returns one line as it may be shown, and where a byte of the source is in it, in characters from 0. Everything
// within a secret is at its beginning, so that neither the text nor a column tells how long the secret is.
func (s *source) shown(start, end int) (text string, column func(offset int) int) {
	var b strings.Builder
	columns := make([]int, 0, end-start+1)
	count := 0
	pass := func(from, to int) {
		for i, r := range string(s.text[from:to]) {
			for len(columns) <= from+i-start {
				columns = append(columns, count)
			}
			b.WriteRune(r)
			count++
		}
	}
	at := start
	for _, p := range s.secrets() {
		if p.by == "" || p.end <= at || p.start >= end {
			continue
		}
		pass(at, max(at, p.start))
		hide := stars
		if quote := s.text[p.start]; p.start >= at && (quote == '"' || quote == '\'') {
			hide = string(quote) + stars + string(quote)
		}
		for at = max(at, p.start); at < min(p.end, end); at++ {
			columns = append(columns, count)
		}
		b.WriteString(hide)
		count += len(hide)
	}
	pass(at, max(at, end))
	return b.String(), func(offset int) int {
		if i := offset - start; i < len(columns) {
			return columns[i]
		}
		return count
	}
}

// hides reports whether a byte belongs to a secret.
func (s *source) hides(offset int) bool {
	return slices.ContainsFunc(s.secrets(), func(p span) bool { return p.by != "" && p.start <= offset && offset < p.end })
}

// hider finds the text to hide in a source.
type hider struct {
	source     *source
	shape      *shape // of the whole file
	spans      []span
	understood []span // values that are not secrets
	known      []span // both, in order: see knows
}

// walk finds secrets in n, which has shape s.
func (h *hider) walk(n *node, s *shape) {
	switch s.form {
	case formSecret:
		if tellsWhere(n) {
			h.spans = append(h.spans, span{start: n.at.start, end: n.at.start + n.at.length})
			h.understand(n.children[0])
			return
		}
		h.hide(n)
	case formTable:
		for _, child := range n.children {
			if k, ok := s.key(child.name); ok {
				h.walk(child, k.shape)
			} else if s == h.shape && (child.kind == kindTable || child.tables) && !child.inline {
				h.walk(child, h.meant(child.name))
			} else if s.holdsSecret() {
				h.hide(child)
			}
		}
	case formTables, formByID:
		for _, child := range n.children {
			if child.kind == kindTable {
				h.walk(child, &shape{form: formTable, keys: s.keys})
				h.tokenUser(child)
			} else if s.holdsSecret() {
				h.hide(child)
			}
		}
	default:
		h.understand(n)
	}
}

// tokenUser hides a user that is a token: some brokers take one in its place, and no password.
func (h *hider) tokenUser(n *node) {
	password := n.child("password")
	none := password == nil || password.value == ""
	if user := n.child("user"); user != nil && user.kind == kindText && (none || looksRandom(user.value.(string))) {
		h.hide(user)
	}
}

// looksRandom reports whether a word was made by a machine.
func looksRandom(word string) bool {
	return len(word) >= 16 && !strings.ContainsAny(word, " @.") && strings.ContainsAny(word, "0123456789") && strings.ContainsFunc(word, unicode.IsLetter)
}

func (h *hider) understand(n *node) {
	if n.kind == kindList {
		for _, child := range n.children { // there may be comments between them
			h.understand(child)
		}
		return
	}
	h.understood = append(h.understood, span{start: n.at.start, end: n.at.start + n.at.length})
}

// meant returns the shape of a top-level table, or of the one with the most similar name, or else of a secret.
func (h *hider) meant(name string) *shape {
	if k, ok := h.shape.key(name); ok {
		return k.shape
	}
	if near, ok := Nearest(name, h.shape.names()); ok {
		k, _ := h.shape.key(near)
		return k.shape
	}
	return &shape{form: formSecret}
}

// holdsSecret reports whether a table of the shape, or a table by id within it, has a secret among its own keys.
func (s *shape) holdsSecret() bool {
	return s.form == formSecret || slices.ContainsFunc(s.keys, func(k key) bool { return k.form == formSecret })
}

// hide hides the values in n. A table with a header, or with dotted keys, is spread over several places.
func (h *hider) hide(n *node) {
	if n.kind != kindTable && !n.tables || n.inline {
		h.spans = append(h.spans, span{n.at.start, n.at.start + n.at.length, hidden})
		return
	}
	for _, child := range n.children {
		h.hide(child)
	}
}

// tellsWhere reports whether the value of a secret is { env = "NAME" } or { file = "path" }, and nothing else.
func tellsWhere(n *node) bool {
	if n.kind != kindTable || len(n.children) != 1 {
		return false
	}
	c := n.children[0]
	return c.kind == kindText && (c.name == "env" || c.name == "file")
}

var (
	// headerLine finds the first name in a table's header; topLine finds the first name in a key.
	headerLine = regexp.MustCompile(`^[ \t]*\[+[ \t]*["']?([^\s"'.\]]+)`)
	topLine    = regexp.MustCompile(`^[ \t]*["']?([^\s"'.=]+)`)
	// outcommented finds a key and its value in a line that may be commented-out TOML.
	outcommented = regexp.MustCompile(`^[ \t]*#[# \t]*["']?([^\s"'=]+)["']?[ \t]*=[ \t]*(\S.*)`)
	// word is a text, a comment, or anything else between the punctuation of TOML.
	word = regexp.MustCompile(`"(?:[^"\\]|\\.)*"?|'[^']*'?|#.*|[^\s=:\[\]{},"'#]+`)
)

// lines hides every word near a secret that is neither a key nor understood.
func (h *hider) lines() {
	h.known = append(h.understood, h.spans...)
	slices.SortFunc(h.known, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	var around *shape // a table with secrets; nil: this part has none
	top := true
	for i := range h.source.lines {
		_, start, end := h.source.line(h.source.lines[i])
		line := h.source.text[start:end]
		if m := headerLine.FindSubmatch(line); m != nil && !h.knows(start+len(m[0])-1) {
			if around, top = h.meant(string(m[1])), false; !around.holdsSecret() {
				around = nil
			}
			continue
		}
		in := around
		if m := topLine.FindSubmatch(line); top && m != nil {
			if k, ok := h.shape.key(string(m[1])); ok && k.holdsSecret() {
				in = k.shape
			}
		}
		if in != nil {
			h.line(in, start, line)
		}
	}
}

// line hides the words not understood in one line, which begins at start and is in a table of the shape.
func (h *hider) line(in *shape, start int, line []byte) {
	if m := outcommented.FindSubmatchIndex(line); m != nil {
		name := string(line[m[2]:m[3]])
		if k, ok := in.key(name[strings.LastIndexByte(name, '.')+1:]); (!ok || k.form == formSecret) && !onlyWhere.Match(line[m[4]:]) {
			h.spans = append(h.spans, span{start + m[4], start + len(bytes.TrimRight(line, "\r")), hidden})
		}
		return
	}
	for i, m := range word.FindAllIndex(line, -1) {
		text, behind := line[m[0]:m[1]], bytes.TrimLeft(line[m[1]:], " \t")
		_, near := Nearest(string(bytes.Trim(text, `"'`)), in.names())
		isKey := bytes.HasPrefix(behind, []byte("=")) || i == 0 && near
		if text[0] != '#' && !isKey && !h.knows(start+m[0]) {
			h.spans = append(h.spans, span{start + m[0], start + m[1], hidden})
		}
	}
}

// knows reports whether the tree covers a place: its text is either safe to show or already hidden.
func (h *hider) knows(at int) bool {
	i, found := slices.BinarySearchFunc(h.known, at, func(p span, at int) int { return cmp.Compare(p.start, at) })
	return found || i > 0 && at < h.known[i-1].end
}

var (
	// secretKey finds keys that look like those of a secret, even mistyped: p, s, and w or rd. The group is the value.
	secretKey = regexp.MustCompile(`(?i)(?:\b(?:p\w*s\w*(?:w|rd)\w*|pass|pwd?|passphrase|passcode|\w*(?:api|access|private|secret)[_-]?key)|` +
		`\w*secret|\w*token|密码|口令|密钥|令牌)["']?[ \t]*=[ \t]*(\S)`)
	// secretWord finds such a key where the = is missing.
	secretWord = regexp.MustCompile(`(?mi)^[ \t]*["']?(?:p\w*s\w*(?:w|rd)\w*|pass|pwd|\w*secret|\w*token|密码|口令|密钥|令牌)["']?(?:[ \t]*:[ \t]*|[ \t]+)([^\s=:])`)
	// onlyWhere is a value that names the place where the secret is kept.
	onlyWhere = regexp.MustCompile(`^\{[ \t]*(?:env|file)[ \t]*=[ \t]*"[^"\n]*"[ \t]*\}`)
	// inURL finds passwords and query strings in addresses: mqtts://user:password@host, wss://host/?token=…
	inURL = []*regexp.Regexp{regexp.MustCompile(`://[^/\s:@"']+:([^\n"']+)@`), regexp.MustCompile(`["'][^/\s:@"']+:([^/\n"'@][^\n"']*)@`),
		regexp.MustCompile(`://[^\s"'?]*\?([^\s"']+)`)}
	// userInURL finds a token in the place of user and password, pathInURL a path.
	userInURL = regexp.MustCompile(`://([^/\s:@"']+)@`)
	pathInURL = regexp.MustCompile(`://[^/\s"'?#]+/([^\s"'?#]+)`)
	// inComment finds the name of a secret in a comment. Whatever follows it may be the secret.
	inComment = regexp.MustCompile(`(?i)(?:\bp\w*s\w*(?:w|rd)\w*|\bpass\b|\bpassphrase|\bpasscode|\bpwd?\b|\bpin\b|token|secret|(?:api|access|private)[ _-]?key|密码|口令|密钥|令牌)\w*["'”’]?[ \t:=：＝]*(\S.*)`)
	// privateKey finds one in PEM, keyBody the lines of one whose head is damaged.
	privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*-----|\z)`)
	keyBody    = regexp.MustCompile(`(?m)^[ \t#]*([A-Za-z0-9+/]{40,}={0,2})[ \t]*\r?$`)
)

// looksSecret hides text that looks like a secret and is not known.
func (h *hider) looksSecret() {
	text := h.source.text
	for _, m := range append(secretKey.FindAllSubmatchIndex(text, -1), secretWord.FindAllSubmatchIndex(text, -1)...) {
		at := m[2]
		sure := slices.ContainsFunc(h.spans, func(p span) bool { return p.start == at })
		if !sure && !onlyWhere.Match(text[at:]) {
			h.spans = append(h.spans, span{at, at + valueLength(text[at:]), hidden})
		}
	}
	for _, in := range append(inURL, userInURL) {
		for _, m := range in.FindAllSubmatchIndex(text, -1) {
			h.spans = append(h.spans, span{m[2], m[3], "(secret)"})
		}
	}
	for _, m := range pathInURL.FindAllSubmatchIndex(text, -1) {
		if !upstream.PlainPath(string(text[m[2]:m[3]])) && !ownComments()[h.comment(m[2])] {
			h.spans = append(h.spans, span{m[2], m[3], "(secret)"})
		}
	}
}

// comment returns the comment of the line around offset, trimmed; "" if there is none.
func (h *hider) comment(offset int) string {
	_, start, end := h.source.line(offset)
	if at := h.commentStart(start, end); at >= 0 {
		return strings.TrimSpace(string(h.source.text[at:end]))
	}
	return ""
}

// commentStart returns where the comment of a line begins; -1 if it has none. A # in a value is no comment.
func (h *hider) commentStart(start, end int) int {
	for i := start; i < end; i++ {
		if h.source.text[i] == '#' && !h.knows(i) {
			return i
		}
	}
	return -1
}

// comments hides what follows the name of a secret in a comment, unless the program itself wrote the comment.
func (h *hider) comments() {
	for i := range h.source.lines {
		_, start, end := h.source.line(h.source.lines[i])
		at := h.commentStart(start, end)
		if at < 0 || ownComments()[strings.TrimSpace(string(h.source.text[at:end]))] {
			continue
		}
		text := bytes.TrimRight(h.source.text[at:end], "\r")
		if m := inComment.FindSubmatchIndex(text); m != nil && !onlyWhere.Match(text[m[2]:]) {
			h.spans = append(h.spans, span{at + m[2], at + len(text), "(secret)"})
		}
	}
}

// keys hides private keys, whatever the key in front of them is called.
func (h *hider) keys() {
	for _, m := range privateKey.FindAllIndex(h.source.text, -1) {
		h.spans = append(h.spans, span{m[0], m[1], "(secret)"})
	}
	for _, m := range keyBody.FindAllSubmatchIndex(h.source.text, -1) {
		h.spans = append(h.spans, span{m[2], m[3], "(secret)"})
	}
}

// ownComments are the comments that the program writes into a config, which may speak of passwords.
var ownComments = sync.OnceValue(func() map[string]bool {
	own := map[string]bool{}
	texts := [][]byte{initial, Start{}.Text(), Start{WS: ":8080", Things: []StartThing{{}}}.Text()}
	for _, s := range Samples() {
		texts = append(texts, s.Text)
	}
	for _, text := range texts {
		for line := range strings.Lines(string(text)) {
			if i := strings.IndexByte(line, '#'); i >= 0 {
				own[strings.TrimSpace(line[i:])] = true
			}
		}
	}
	return own
})

// valueLength returns the length of the value at the beginning of text: up to the closing quotes, or the end of the
// line.
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
