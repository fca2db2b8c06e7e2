package configs

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"minirelay/broker"
	"minirelay/secret"
)

// Kept is a config that was in use, for a start with a file that is broken. It holds the text of each file with its
// comments, and where secrets are to be found ({ env = … } and { file = … }), but no secret: a plain password of a user is
// kept as its hash, and whatever else is secret is looked for in the file when it is needed. [Text.Keep] makes one.
type Kept struct {
	Path  string    `json:"path"` // of the config, absolute
	Since time.Time `json:"since"`
	Files []File    `json:"files"`
}

// Keep returns t as it can be kept. It takes the hashes of unchanged passwords from before, which may be nil. The error
// says why t cannot be kept.
func (t *Text) Keep(before *Kept) (*Kept, error) {
	path, err := filepath.Abs(t.path)
	if err != nil {
		return nil, err
	}
	config, err := t.Load()
	if err != nil {
		return nil, err
	}
	k := &Kept{Path: path, Since: time.Now()}
	for _, s := range t.sources {
		text, err := s.withoutSecrets(before.hashes())
		if err != nil {
			return nil, err
		}
		k.Files = append(k.Files, File{s.name, text})
	}
	again, _ := k.Text(t)
	if restored, err := again.Load(); err != nil || !reflect.DeepEqual(withoutUsers(restored), withoutUsers(config)) {
		return nil, errors.New("without its secrets, it would be another one")
	}
	return k, nil
}

// withoutUsers returns what a config says, without the secrets of users and without remarks.
func withoutUsers(c *Config) *Config {
	copied := *c
	copied.Warnings = nil
	copied.Broker.Users = slices.Clone(c.Broker.Users)
	for i := range copied.Broker.Users {
		copied.Broker.Users[i].Password, copied.Broker.Users[i].PasswordHash = secret.Text{}, secret.Text{}
	}
	return &copied
}

// Same reports whether both have the same files.
func (k *Kept) Same(other *Kept) bool {
	return k != nil && other != nil && k.Path == other.Path && slices.Equal(k.Files, other.Files)
}

// hashes returns the hashes of passwords by users.
func (k *Kept) hashes() map[string]string {
	found := map[string]string{}
	if k == nil {
		return found
	}
	for _, f := range k.Files {
		root := treeOf(newSource(f.Name, []byte(f.Text)))
		if users := root.get("users"); users != nil {
			for _, u := range users.children {
				if hash := u.child("password_hash"); hash != nil && hash.kind == kindText {
					found[u.name] = hash.value.(string)
				}
			}
		}
	}
	return found
}

// treeOf is the tree of one source, of whatever can be read in it.
func treeOf(s *source) *node {
	root := &node{at: place{s, 0, 0}}
	parseSource(s, root, &report{mute: true})
	return root
}

// withoutSecrets returns the text of s as it can be kept. hashes are those of passwords that may be unchanged.
func (s *source) withoutSecrets(hashes map[string]string) (string, error) {
	var spans []span
	var own []span // parts that are replaced here, or stay
	if users := treeOf(s).get("users"); users != nil {
		for _, u := range users.children {
			if n := u.child("password_hash"); n != nil && n.kind == kindText {
				own = append(own, span{start: n.at.start, end: n.at.start + n.at.length})
			}
			n := u.child("password")
			if n == nil || n.kind != kindText {
				continue
			}
			hash := hashes[u.name]
			if !broker.IsPassword(hash, n.value.(string)) {
				var err error
				if hash, err = broker.HashPassword(n.value.(string)); err != nil {
					return "", err
				}
			}
			own = append(own, span{n.key.start, n.key.start + n.key.length, "password_hash"},
				span{n.at.start, n.at.start + n.at.length, strconv.Quote(hash)})
		}
	}
	for _, p := range s.secrets() {
		if !slices.ContainsFunc(own, func(o span) bool { return p.start < o.end && o.start < p.end }) {
			spans = append(spans, p)
		}
	}
	spans = append(spans, own...)
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
	return spliced(s.text, spans), nil
}

// Text returns the config as it was kept. Secrets that were not kept are taken from the same place of now, the files as
// they are; lost are the keys for which there is none there, which get a value that opens nothing.
func (k *Kept) Text(now *Text) (t *Text, lost []string) {
	root := &node{}
	for _, s := range now.sources {
		if root.at.source == nil {
			root.at.source = s
		}
		parseSource(s, root, &report{mute: true})
	}
	t = &Text{path: now.path}
	for _, f := range k.Files {
		s := newSource(f.Name, []byte(f.Text))
		var spans []span
		eachText(treeOf(s), nil, func(path []string, n *node) {
			raw := string(s.text[n.at.start : n.at.start+n.at.length])
			if !strings.Contains(raw, "(secret)") {
				return
			}
			by := strings.ReplaceAll(raw, "(secret)", rand.Text())
			if there := root.get(path...); there != nil && fitsHidden(raw, there) {
				by = there.raw()
			} else {
				lost = append(lost, strings.Join(path, "."))
			}
			spans = append(spans, span{n.at.start, n.at.start + n.at.length, by})
		})
		t.sources = append(t.sources, newSource(f.Name, []byte(spliced(s.text, spans))))
	}
	return t, lost
}

// eachText calls do for each text in a tree, with its path. What is in a list has none.
func eachText(n *node, path []string, do func(path []string, n *node)) {
	for _, child := range n.children {
		at := append(slices.Clone(path), child.name)
		switch child.kind {
		case kindTable:
			eachText(child, at, do)
		case kindText:
			do(at, child)
		}
	}
}

// fitsHidden reports whether a value of today may be the one of which hidden is left.
func fitsHidden(hidden string, n *node) bool {
	if n.kind == kindTable {
		return hidden == `"(secret)"` && tellsWhere(n)
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(hidden), regexp.QuoteMeta("(secret)"), ".+")
	fits, err := regexp.MatchString("^(?:"+pattern+")$", n.raw())
	return n.kind == kindText && err == nil && (fits || hidden == `"(secret)"`)
}

func (n *node) raw() string { return string(n.at.source.text[n.at.start : n.at.start+n.at.length]) }

// Encode returns the kept config as the bytes of a file, which begin with their checksum.
func (k *Kept) Encode() ([]byte, error) {
	body, err := json.MarshalIndent(k, "", " ")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	return append([]byte(hex.EncodeToString(sum[:])+"\n"), append(body, '\n')...), nil
}

// DecodeKept reads what [Kept.Encode] has written.
func DecodeKept(data []byte) (*Kept, error) {
	sum, body, _ := bytes.Cut(data, []byte("\n"))
	body = bytes.TrimSuffix(body, []byte("\n"))
	want := sha256.Sum256(body)
	if string(sum) != hex.EncodeToString(want[:]) {
		return nil, errors.New("its checksum is wrong")
	}
	k := &Kept{}
	if err := json.Unmarshal(body, k); err != nil {
		return nil, fmt.Errorf("it cannot be read: %w", err)
	}
	return k, nil
}
