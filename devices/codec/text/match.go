package text

import (
	"maps"
	"slices"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// matcher checks a frame against the conditions of a device and its fields. The decoder passes it the values of the keys
// in the conditions.
type matcher struct {
	conditions []condition
	device     []int   // the conditions for the frame as a whole
	fields     [][]int // by field: the conditions for it
}

// condition is one key and its required value.
type condition struct {
	key  string
	word codec.WireWord
	seen int  // how often the key occurs in the frame
	met  bool // with the required value
}

func newMatcher(c mapping.DeviceConfig) matcher {
	var m matcher
	m.device = m.add(c.Match)
	m.fields = make([][]int, 0, len(c.Fields))
	for _, f := range c.Fields {
		m.fields = append(m.fields, m.add(f.Match))
	}
	if m.none() {
		m.fields = nil // never used
	}
	return m
}

// add returns the indexes of the conditions of a match; equal ones are kept once.
func (m *matcher) add(match map[string]string) []int {
	var places []int
	for _, key := range slices.Sorted(maps.Keys(match)) {
		i := slices.IndexFunc(m.conditions, func(c condition) bool { return c.key == key && c.word.Text == match[key] })
		if i < 0 {
			i = len(m.conditions)
			m.conditions = append(m.conditions, condition{key: key, word: codec.NewWord(match[key], relay.Value{})})
		}
		places = append(places, i)
	}
	return places
}

func (m *matcher) none() bool { return len(m.conditions) == 0 }

// begin forgets the last frame.
func (m *matcher) begin() {
	for i := range m.conditions {
		m.conditions[i].seen, m.conditions[i].met = 0, false
	}
}

// see sets the value of the key of a condition.
func (m *matcher) see(condition int, t codec.Token) {
	c := &m.conditions[condition]
	c.seen++
	c.met = c.seen == 1 && c.word.Is(t) // a key that occurs twice has no certain value
}

// failed returns the first condition of the device that the frame does not meet; -1 if it meets all.
func (m *matcher) failed() int {
	for _, i := range m.device {
		if !m.conditions[i].met {
			return i
		}
	}
	return -1
}

// allows says whether the frame meets the conditions of a field.
func (m *matcher) allows(field int) bool {
	for _, i := range m.fields[field] {
		if !m.conditions[i].met {
			return false
		}
	}
	return true
}

// checkMatches checks the keys of match in the device and its fields; checkKey says what is wrong with one.
func checkMatches(k *mapping.Checker, checkKey func(key string) (what, try string)) {
	check := func(match map[string]string) {
		for _, key := range slices.Sorted(maps.Keys(match)) {
			if what, try := checkKey(key); what != "" {
				k.Add("match", what, try)
			}
		}
	}
	k.At = mapping.Problem{}
	check(k.Device.Match)
	for _, f := range k.Device.Fields {
		k.At = mapping.Problem{Field: f.ID}
		check(f.Match)
	}
}
