package text

import (
	"minirelay/devices/codec"
	"minirelay/devices/mapping"
)

// keys are the names of the values to find in a line, with the fields and conditions of each.
type keys []slot

// slot is the fields and conditions of one key.
type slot struct {
	key        string
	fields     []int
	conditions []int // of match
}

// newKeys returns the keys of the fields and of the conditions of match.
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

// at returns the slot of key, and adds it if it is new.
func (s *keys) at(key string) *slot {
	for i := range *s {
		if (*s)[i].key == key {
			return &(*s)[i]
		}
	}
	*s = append(*s, slot{key: key})
	return &(*s)[len(*s)-1]
}

// find returns the slot of key; nil if no field needs it. Boards send their keys in the same order each time: the
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

// setText sets the fields and conditions of a slot to a bare value in the line.
func (g *readings) setText(s *slot, text []byte) {
	for _, field := range s.fields {
		g.SetText(field, text)
	}
	for _, condition := range s.conditions {
		g.match.see(condition, codec.Token{Kind: codec.TokenString, Text: text})
	}
}
