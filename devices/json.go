package devices

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"minirelay/relay"
)

// jsonCodec turns lines that are one JSON object each into readings. It is strict: a value of another type than
// the field's, even a number in quotes, is no good reading.
type jsonCodec struct {
	lineSeal
	root   node
	fields []wireField
	count  *Counters

	scan     scanner
	readings []relay.Reading
	frame    uint32   // number of the frame, to tell which fields it has already given
	given    []uint32 // by field: the frame that gave it last
	place    []int    // by field: where in readings
	spoilt   uint64   // values of the frame that are no good readings though they are not null
}

// node is one key of the wire's objects.
type node struct {
	key    string
	fields []int // that are read here
	inside []node
}

// wireField is what the codec needs to know of a field.
type wireField struct {
	id            string
	kind          relay.Type
	scale, offset float64
	plausible     relay.Range
	words         []wireWord // bool and enum: what may stand on the wire
	last          relay.Value
}

// wireWord is one value of a bool or enum as it stands on the wire.
type wireWord struct {
	text    string    // in quotes
	quoted  bool      // text may stand for it
	number  float64   // NaN if no number stands for it
	literal tokenKind // tokenTrue, tokenFalse, or anything else if neither stands for it
	value   relay.Value
}

func newJSON(c DeviceConfig, count *Counters) Codec {
	j := &jsonCodec{lineSeal: newLineSeal(c), count: count, given: make([]uint32, len(c.Fields)), place: make([]int, len(c.Fields))}
	for i, f := range c.Fields {
		j.fields = append(j.fields, wireField{id: f.ID, kind: f.Type, scale: f.Scale, offset: f.Offset,
			plausible: relay.Range{Min: f.Min, Max: f.Max}, words: fieldWords(f)})
		j.root.add(strings.Split(f.wireKey(), "."), i)
	}
	return j
}

// checkJSON checks the keys of fields and the lines of commands.
func checkJSON(k *checker) {
	k.textCommands()
	for _, f := range k.device.Fields {
		k.at = Problem{Field: f.ID}
		if slices.Contains(strings.Split(f.wireKey(), "."), "") {
			k.add("key", fmt.Sprintf("%q has an empty part", f.Key), `write nested keys as in "air.temperature"`)
		}
	}
}

// wireKey is the field's name on the wire.
func (f FieldConfig) wireKey() string {
	if f.Key == "" {
		return f.ID
	}
	return f.Key
}

// fieldWords lists what may stand on the wire for a bool or an enum. A bool without a map of values is true or
// false, 1 or 0; an enum without one is the option itself.
func fieldWords(f FieldConfig) []wireWord {
	var words []wireWord
	switch f.Type {
	case relay.TypeBool:
		if f.Values == nil {
			return []wireWord{
				{number: 0, literal: tokenFalse, value: relay.BoolValue(false)},
				{number: 1, literal: tokenTrue, value: relay.BoolValue(true)},
			}
		}
		for _, b := range []bool{false, true} {
			words = append(words, newWord(f.Values[strconv.FormatBool(b)], relay.BoolValue(b)))
		}
	case relay.TypeEnum:
		for _, o := range enumOptions(f.Options, f.Values) {
			words = append(words, newWord(wireText(f.Values, o.Value), relay.TextValue(o.Value)))
		}
	}
	return words
}

// newWord lets text stand for v, in quotes or, if it is a number, true or false, without.
func newWord(text string, v relay.Value) wireWord {
	w := wireWord{text: text, quoted: true, number: math.NaN(), value: v}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		w.number = n
	}
	switch text {
	case "true":
		w.literal = tokenTrue
	case "false":
		w.literal = tokenFalse
	}
	return w
}

// wireText is what values writes for value: the value itself if it is not listed.
func wireText(values map[string]string, value string) string {
	if text, ok := values[value]; ok {
		return text
	}
	return value
}

func (n *node) add(path []string, field int) {
	if len(path) == 0 {
		n.fields = append(n.fields, field)
		return
	}
	for i := range n.inside {
		if n.inside[i].key == path[0] {
			n.inside[i].add(path[1:], field)
			return
		}
	}
	n.inside = append(n.inside, node{key: path[0]})
	n.inside[len(n.inside)-1].add(path[1:], field)
}

// find gives the node of key. Boards send their keys in the same order each time: the search starts where the
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

// Decode reads one JSON object. It says no, and gives nothing, if text is anything else. A value that is no
// good reading becomes null and is counted. The readings are valid until the next call.
func (j *jsonCodec) Decode(text []byte) (readings []relay.Reading, ok bool) {
	j.frame++
	j.readings = j.readings[:0]
	j.spoilt = 0
	j.scan.reset(text)
	j.scan.space()
	if j.scan.peek() != '{' {
		j.count.because("it is no JSON object: it does not begin with {")
		return nil, false
	}
	whole := j.object(&j.root, 0)
	j.scan.space()
	if !whole || j.scan.i != len(text) {
		if j.count.watched() {
			j.count.because(fmt.Sprintf("it is no JSON object: it makes no sense from byte %d on", min(j.scan.i, len(text)-1)+1))
		}
		return nil, false
	}
	if j.spoilt > 0 {
		j.count.implausible.Add(j.spoilt)
	}
	return j.readings, true
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
		if !ok {
			return false
		}
		child := n.find(key, &from)
		switch {
		case child == nil:
			_, ok = s.value(depth + 1)
		case len(child.inside) > 0 && s.peek() == '{':
			j.give(child.fields, token{kind: tokenObject})
			ok = j.object(child, depth+1)
		default:
			var t token
			if t, ok = s.value(depth + 1); ok {
				j.give(child.fields, t)
			}
		}
		if !ok {
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

// give makes t the reading of fields. A key that stands twice in a frame gives null: it is what noise makes of
// two frames, and nobody can say which value is true.
func (j *jsonCodec) give(fields []int, t token) {
	for _, i := range fields {
		if j.given[i] == j.frame {
			j.readings[j.place[i]].Value = relay.Value{}
			j.spoilt++
			j.count.because(j.fields[i].id + ": it stands twice in the frame")
			continue
		}
		v, good := j.fields[i].read(t)
		if !good {
			j.spoilt++
			if j.count.watched() {
				j.count.because(j.fields[i].why(t))
			}
		}
		j.given[i], j.place[i] = j.frame, len(j.readings)
		j.readings = append(j.readings, relay.Reading{Field: i, Value: v})
	}
}

// read gives the field's value for t. A value that is not good is null.
func (f *wireField) read(t token) (v relay.Value, good bool) {
	if t.kind == tokenNull {
		return v, true
	}
	switch f.kind {
	case relay.TypeNumber:
		n := t.number*f.scale + f.offset
		// NaN lies in no range.
		if t.kind != tokenNumber || math.IsInf(n, 0) || !f.plausible.Holds(n) {
			return v, false
		}
		return relay.NumberValue(n), true
	case relay.TypeText:
		if t.kind != tokenString {
			return v, false
		}
		if f.last.IsNull() || f.last.Text() != string(t.text) {
			f.last = relay.TextValue(string(t.text)) // kept, so that a text that stays costs no memory each time
		}
		return f.last, true
	}
	for i := range f.words {
		if f.words[i].is(t) {
			return f.words[i].value, true
		}
	}
	return v, false
}

// why says why t is no good reading.
func (f *wireField) why(t token) string {
	what := map[tokenKind]string{tokenNull: "null", tokenTrue: "true", tokenFalse: "false", tokenObject: "an object", tokenArray: "a list"}[t.kind]
	switch {
	case t.kind == tokenString:
		what = strconv.Quote(string(t.text))
	case t.kind == tokenNumber:
		what = string(t.text)
	}
	if n := t.number*f.scale + f.offset; f.kind == relay.TypeNumber && t.kind == tokenNumber {
		switch {
		case n < f.plausible.Min:
			return fmt.Sprintf("%s: %v is less than its min of %v", f.id, n, f.plausible.Min)
		case n > f.plausible.Max:
			return fmt.Sprintf("%s: %v is more than its max of %v", f.id, n, f.plausible.Max)
		}
	}
	switch f.kind {
	case relay.TypeBool, relay.TypeEnum:
		return fmt.Sprintf("%s: %s is none of its values", f.id, what)
	}
	return fmt.Sprintf("%s: %s is no %s", f.id, what, f.kind)
}

// is says whether t stands for w. A number counts by its value: 1.0 is 1.
func (w *wireWord) is(t token) bool {
	switch t.kind {
	case tokenString:
		return w.quoted && w.text == string(t.text)
	case tokenNumber:
		return w.number == t.number
	case tokenTrue, tokenFalse:
		return w.literal == t.kind
	}
	return false
}
