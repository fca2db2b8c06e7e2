package text

import (
	"minirelay/devices/codec"
	"minirelay/devices/mapping"
)

// keys are the names under which a codec of text looks for values, and who waits for each.
type keys []slot

type slot struct {
	key        string
	fields     []int
	conditions []int // of match
}

// newKeys gives the names that the fields and the conditions of match ask for.
func newKeys(c mapping.DeviceConfig, m *matcher) keys {
	var s keys
	for i, f := range c.Fields {
		at := s.at(f.WireKey())
		at.fields = append(at.fields, i)
	}
	for i, condition := range m.conditions {
		at := s.at(condition.key)
		at.conditions = append(at.conditions, i)
	}
	return s
}

// at gives the slot of key, and makes it if it is new.
func (s *keys) at(key string) *slot {
	for i := range *s {
		if (*s)[i].key == key {
			return &(*s)[i]
		}
	}
	*s = append(*s, slot{key: key})
	return &(*s)[len(*s)-1]
}

// find gives the slot of key; nil: nobody waits for it. Boards say their keys in the same order each time: the
// search starts where the last one ended.
func (s keys) find(key []byte, from *int) *slot {
	for range s {
		if *from >= len(s) {
			*from = 0
		}
		at := &s[*from]
		*from++
		if at.key == string(key) {
			return at
		}
	}
	return nil
}

// setText gives the value of a slot, as it stands in the line, to who waits for it.
func (g *readings) setText(s *slot, text []byte) {
	for _, field := range s.fields {
		g.set(field, g.fields[field].Token(text, g.comma))
	}
	for _, condition := range s.conditions {
		g.match.see(condition, codec.Token{Kind: codec.TokenString, Text: text})
	}
}
