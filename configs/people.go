package configs

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"minirelay/broker"
)

// Edit is a config with one change in one of its files. Everything else in the file stays as a person wrote it, with its
// comments.
type Edit struct {
	File string // that is changed
	Text []byte // its new content
	text *Text
}

// Load builds the config of the edit, without any secret from elsewhere. Its error is a [*Faults].
func (e *Edit) Load() (*Config, error) { return load(e.text.path, e.text.sources, e.text.faults, true) }

// The errors of edits.
var (
	ErrUserExists = errors.New("there is a user with this name already")
	ErrNoUser     = errors.New("there is no user with this name")
	ErrByHand     = errors.New("this user is described in a way that only a person can change")
)

// AddUser adds a user whose password has a hash, behind the other users.
func (t *Text) AddUser(u broker.UserConfig, hash string) (*Edit, error) {
	if _, all := t.spans("users", u.ID); len(all) > 0 {
		return nil, ErrUserExists
	}
	s, all := t.spans("users")
	at := 0
	if len(all) > 0 {
		at = all[len(all)-1].end
	} else if s = t.sources[len(t.sources)-1]; true {
		at = len(s.text)
	}
	end := "\n"
	if bytes.Contains(s.text, []byte("\r\n")) {
		end = "\r\n"
	}
	lines := []string{"", fmt.Sprintf("[users.%s]", u.ID), fmt.Sprintf("password_hash = %q", hash), fmt.Sprintf("role          = %q", u.Role)}
	if len(u.Gateways) > 0 {
		lines = append(lines, "gateways      = "+listed(u.Gateways))
	}
	if len(u.Devices) > 0 {
		lines = append(lines, "devices       = "+listed(u.Devices))
	}
	block := strings.Join(append(lines, ""), end)
	if before := s.text[:at]; len(before) > 0 && before[len(before)-1] != '\n' {
		block = end + block
	}
	if rest := bytes.TrimLeft(s.text[at:], "\r\n"); len(rest) > 0 && len(rest) == len(s.text)-at {
		block += end
	}
	return t.edit(s, at, at, block), nil
}

// listed writes a list of texts.
func listed(all []string) string {
	quoted := make([]string, len(all))
	for i, s := range all {
		quoted[i] = fmt.Sprintf("%q", s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// SetPassword gives a user another password. The error is [ErrByHand] if the password is not in the file itself.
func (t *Text) SetPassword(id, hash string) (*Edit, error) {
	if _, all := t.spans("users", id); len(all) == 0 {
		return nil, ErrNoUser
	}
	for _, key := range []string{"password_hash", "password"} {
		s, all := t.spans("users", id, key)
		if len(all) != 1 || !all[0].text {
			continue
		}
		if key == "password_hash" {
			return t.edit(s, all[0].value, all[0].valueEnd, fmt.Sprintf("%q", hash)), nil
		}
		return t.edit(s, all[0].key, all[0].valueEnd, fmt.Sprintf("password_hash = %q", hash)), nil
	}
	return nil, ErrByHand
}

// RemoveUser takes a user out. Comments above it stay.
func (t *Text) RemoveUser(id string) (*Edit, error) {
	s, all := t.spans("users", id)
	if len(all) == 0 {
		if _, inline := t.spans("users"); slices.ContainsFunc(inline, func(p stretch) bool { return p.whole }) {
			return nil, ErrByHand
		}
		return nil, ErrNoUser
	}
	text := slices.Clone(s.text)
	for _, p := range slices.Backward(all) {
		start := p.start
		if p.header { // with the empty line above it, unless a comment stands there
			if before := bytes.TrimSuffix(bytes.TrimSuffix(text[:start], []byte("\n")), []byte("\r")); len(before) > 0 && before[len(before)-1] == '\n' {
				start = len(before)
			}
		}
		text = slices.Delete(text, start, p.end)
	}
	return t.edit(s, 0, len(s.text), string(text)), nil
}

// edit replaces the text of s from start to end.
func (t *Text) edit(s *source, start, end int, by string) *Edit {
	text := slices.Concat(s.text[:start], []byte(by), s.text[end:])
	changed := &Text{path: t.path, sources: slices.Clone(t.sources), faults: t.faults}
	for i, other := range changed.sources {
		if other == s {
			changed.sources[i] = newSource(s.name, text)
		} else {
			changed.sources[i] = newSource(other.name, other.text)
		}
	}
	return &Edit{s.name, text, changed}
}

// stretch is the place of a header or of one key = value: whole lines, with the comment at their end.
type stretch struct {
	start, end           int
	header, whole        bool // whole: it is a parent of what was searched for, written as one value
	key, value, valueEnd int  // of key = value
	text                 bool // the value is a text
}

// spans returns the places below a path of keys, in the first file that has any, in order.
func (t *Text) spans(path ...string) (*source, []stretch) {
	for _, s := range t.sources {
		if all := s.spans(path); len(all) > 0 {
			return s, all
		}
	}
	return nil, nil
}

func (s *source) spans(path []string) (all []stretch) {
	var p unstable.Parser
	p.Reset(s.text)
	var table []string
	for p.NextExpression() {
		e := p.Expression()
		var names []string
		first, last := -1, 0
		for it := e.Key(); it.Next(); {
			names = append(names, string(it.Node().Data))
			if first < 0 {
				first = int(it.Node().Raw.Offset)
			}
			last = int(it.Node().Raw.Offset + it.Node().Raw.Length)
		}
		one := stretch{header: e.Kind != unstable.KeyValue, key: first}
		stop := last
		if one.header {
			table = names
		} else {
			names = slices.Concat(table, names)
			stop = int(e.Raw.Offset + e.Raw.Length)
			one.text = e.Value().Kind == unstable.String
			after := string(s.text[last:stop])
			value := strings.TrimLeft(strings.TrimPrefix(strings.TrimLeft(after, " \t"), "="), " \t")
			one.value, one.valueEnd = stop-len(value), stop
			one.whole = e.Value().Kind == unstable.InlineTable && len(names) == len(path)
		}
		if len(names) < len(path) || !slices.Equal(names[:len(path)], path) {
			continue
		}
		_, one.start, _ = s.line(first)
		_, _, one.end = s.line(max(stop-1, first))
		one.end = min(one.end+1, len(s.text))
		all = append(all, one)
	}
	return all
}
