package text

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// jsonCodec decodes lines that are one JSON object (or array) each. It is strict: a value of another type than the
// field's, even a number in quotes, is not a valid reading.
type jsonCodec struct {
	lineSum
	readings
	root node
	scan scanner
}

// node is one key of the received objects, or one element of the arrays.
type node struct {
	key        string
	index      int   // the key as an index in an array, from 0; -1: none
	fields     []int // read here
	conditions []int // of match, on this key
	inside     []node
	elements   bool // some of inside can be elements of an array
}

// NewJSON returns the decoder of codec json. tap receives what it drops.
func NewJSON(c mapping.DeviceConfig, tap *wire.Tap) codec.Stream {
	j := &jsonCodec{lineSum: newLineSum(c), readings: newReadings(c, tap)}
	for i, f := range c.Fields {
		path, _ := jsonPath(f.WireKey())
		n := j.root.at(path)
		n.fields = append(n.fields, i)
	}
	for i, condition := range j.match.conditions {
		path, _ := jsonPath(condition.key)
		n := j.root.at(path)
		n.conditions = append(n.conditions, i)
	}
	return j
}

// CheckJSON reports everything in the mapping of codec json that cannot work.
func CheckJSON(k *mapping.Checker) {
	checkTextCommands(k)
	checkMatches(k, checkJSONPath)
	for _, f := range k.Device.Fields {
		k.At = mapping.Problem{Field: f.ID}
		if what, try := checkJSONPath(f.WireKey()); what != "" {
			k.Add("key", what, try)
		}
	}
}

func checkJSONPath(key string) (what, try string) {
	_, err := jsonPath(key)
	if err == nil {
		return "", ""
	}
	return err.Error(), `write nested keys like "air.temperature", elements of arrays like "probes[0].t"`
}

// jsonPath splits "probes[0].t" into its parts; "probes.0.t" is the same. A name that holds a dot is in double quotes.
func jsonPath(key string) ([]string, error) {
	var path []string
	for i, part := range splitKey(key) {
		if n := len(part); n > 2 && part[0] == '"' && part[n-1] == '"' {
			path = append(path, part[1:n-1])
			continue
		}
		name, rest, indexed := strings.Cut(part, "[")
		if name != "" {
			path = append(path, name)
		} else if !indexed || i > 0 {
			return nil, fmt.Errorf("%q has an empty part", key)
		}
		for indexed {
			var index string
			var closed bool
			if index, rest, closed = strings.Cut(rest, "]"); !closed || elementIndex(index) < 0 {
				return nil, fmt.Errorf("%q has no index between [ and ]", key)
			}
			path = append(path, index)
			if rest == "" {
				break
			}
			if rest, indexed = strings.CutPrefix(rest, "["); !indexed {
				return nil, fmt.Errorf("%q has %q behind ]", key, rest)
			}
		}
	}
	return path, nil
}

// splitKey splits a key at its dots, but not at those in double quotes.
func splitKey(key string) (parts []string) {
	quoted, from := false, 0
	for i, c := range key {
		if c == '"' {
			quoted = !quoted
		} else if c == '.' && !quoted {
			parts, from = append(parts, key[from:i]), i+1
		}
	}
	return append(parts, key[from:])
}

// elementIndex is key as an index in an array; -1 if it is none.
func elementIndex(key string) int {
	i, err := strconv.ParseUint(key, 10, 31)
	if err != nil || strconv.FormatUint(i, 10) != key {
		return -1
	}
	return int(i)
}

// at returns the node at path below n, and adds it if it is new.
func (n *node) at(path []string) *node {
	if len(path) == 0 {
		return n
	}
	i := slices.IndexFunc(n.inside, func(child node) bool { return child.key == path[0] })
	if i < 0 {
		i = len(n.inside)
		index := elementIndex(path[0])
		n.inside = append(n.inside, node{key: path[0], index: index})
		n.elements = n.elements || index >= 0
	}
	return n.inside[i].at(path[1:])
}

// find returns the node of key; nil if no field needs it. Boards send their keys in the same order each time: the search starts where the
// last one ended.
func (n *node) find(key []byte, from *int) *node {
	for range n.inside {
		if *from >= len(n.inside) {
			*from = 0
		}
		child := &n.inside[*from]
		*from++
		if child.key == string(key) {
			return child
		}
	}
	return nil
}

// element returns the node of an element of an array; nil if no field needs it.
func (n *node) element(index int) *node {
	for i := range n.inside {
		if n.inside[i].index == index {
			return &n.inside[i]
		}
	}
	return nil
}

// Decode reads one JSON object, or an array if a key begins with an index. ok is false if text is anything else.
func (j *jsonCodec) Decode(text []byte) (readings []relay.Reading, ok bool) {
	j.begin()
	j.scan.reset(text)
	j.scan.space()
	if j.tap.Asking() {
		j.sayKeys(text)
	}
	if !j.top() || j.scan.i != len(text) {
		if j.tap.Watched() {
			j.tap.Because("it is not a JSON object: " + codec.UnexpectedAt(text, j.scan.i))
		}
		return nil, false
	}
	return j.end()
}

// sayKeys says which keys an object has, those of objects in it included.
func (j *jsonCodec) sayKeys(text []byte) {
	var s scanner
	s.reset(text)
	s.space()
	j.sayObject(&s, "")
}

func (j *jsonCodec) sayObject(s *scanner, before string) bool {
	if s.peek() != '{' || len(before) > 2*maxDepth {
		_, ok := s.value(1)
		return ok
	}
	s.i++
	s.space()
	for !s.take('}') {
		key, ok := s.key()
		name := before + string(key)
		if ok && s.peek() != '{' {
			j.tap.Says(name)
		}
		if !ok || !j.sayObject(s, name+".") {
			return false
		}
		s.space()
		s.take(',')
		s.space()
	}
	return true
}

// top reads the whole text.
func (j *jsonCodec) top() (ok bool) {
	switch {
	case j.scan.peek() == '{':
		ok = j.object(&j.root, 0)
	case j.scan.peek() == '[' && j.root.elements:
		ok = j.array(&j.root, 0)
	}
	j.scan.space()
	return ok
}

// object reads an object whose keys are those of n.
func (j *jsonCodec) object(n *node, depth int) bool {
	s := &j.scan
	if depth >= maxDepth {
		return false
	}
	s.i++
	s.space()
	if s.take('}') {
		return true
	}
	from := 0
	for {
		key, ok := s.key()
		if !ok || !j.member(n.find(key, &from), depth+1) {
			return false
		}
		s.space()
		if s.take('}') {
			return true
		}
		if !s.take(',') {
			return false
		}
		s.space()
	}
}

// array reads an array whose elements are those of n.
func (j *jsonCodec) array(n *node, depth int) bool {
	s := &j.scan
	if depth >= maxDepth {
		return false
	}
	s.i++
	s.space()
	if s.take(']') {
		return true
	}
	for i := 0; ; i++ {
		if !j.member(n.element(i), depth+1) {
			return false
		}
		s.space()
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
		s.space()
	}
}

// member reads a value in an object or an array. n is nil if no field needs it.
func (j *jsonCodec) member(n *node, depth int) bool {
	c := j.scan.peek()
	switch {
	case n == nil:
		_, ok := j.scan.value(depth)
		return ok
	case c == '{' && len(n.inside) > 0:
		j.found(n, codec.Token{Kind: codec.TokenObject})
		return j.object(n, depth)
	case c == '[' && n.elements:
		j.found(n, codec.Token{Kind: codec.TokenArray})
		return j.array(n, depth)
	}
	t, ok := j.scan.value(depth)
	if ok {
		j.found(n, t)
	}
	return ok
}

// found sets the fields and conditions of n.
func (j *jsonCodec) found(n *node, t codec.Token) {
	for _, field := range n.fields {
		j.Set(field, t)
	}
	for _, condition := range n.conditions {
		j.match.see(condition, t)
	}
}
