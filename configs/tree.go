package configs

import (
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// kind is the kind of a node.
type kind int

const (
	kindTable kind = iota
	kindList
	kindText
	kindWhole
	kindNumber
	kindTruth
	kindTime
)

// noun returns a kind's name for people.
func (k kind) noun() string {
	return [...]string{"a table", "a list", "a text", "a whole number", "a fraction", "true or false", "a date or a time"}[k]
}

// node is a table, a list or a value that knows its place.
type node struct {
	kind     kind
	name     string // its key; "" in a list
	key      place  // the place of its key; for a table, of the first one
	at       place  // the place of its value; for a table, of its key
	value    any    // string, int64, float64 or bool
	children []*node
	index    map[string]*node // children by their keys

	defined bool // a table that has had its [header], or was made by a dotted key
	tables  bool // a list made by [[header]]
	inline  bool // written as { … } or as a value: nothing can be added elsewhere
	broken  bool // something in it could not be read
}

// child returns the child named name, or nil.
func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	return n.index[name]
}

// get follows a path of names.
func (n *node) get(names ...string) *node {
	for _, name := range names {
		n = n.child(name)
	}
	return n
}

// builder makes a tree of one source. The trees of all sources share one root.
type builder struct {
	source *source
	report *report
	root   *node
	table  *node           // the destination of key = value
	base   int             // offset of the parser's text in the source
	sound  bool            // no faults so far
	whole  bool            // the tree contains everything in the source
	said   map[string]bool // see faultOnce
}

// name is one part of a key.
type name struct {
	text string
	at   place
}

func (b *builder) place(r unstable.Range) place {
	return place{b.source, b.base + int(r.Offset), int(r.Length)}
}

func (b *builder) names(it unstable.Iterator) []name {
	var names []name
	for it.Next() {
		names = append(names, name{string(it.Node().Data), b.place(it.Node().Raw)})
	}
	return names
}

// fault reports a fault that leaves the tree incomplete.
func (b *builder) fault(at place, what, try string) {
	b.sound, b.whole = false, false
	b.report.fault(at, what, try)
}

// maxDepth limits the nesting of keys. The deepest valid one is [devices.ID.fields.ID], with a table in a list inside.
const maxDepth = 16

// expression adds one header or one key = value.
func (b *builder) expression(e *unstable.Node) {
	if names := b.names(e.Key()); len(names) > maxDepth {
		b.fault(names[maxDepth].at, "tables are nested too deeply", "is this the right file?")
		b.table = &node{}
		return
	}
	switch e.Kind {
	case unstable.Table:
		b.open(b.names(e.Key()), false)
	case unstable.ArrayTable:
		b.open(b.names(e.Key()), true)
	case unstable.KeyValue:
		b.keyValue(b.table, e)
	}
}

// open moves to the table of a header. An invalid header makes a table that is not part of the tree.
func (b *builder) open(names []name, list bool) {
	b.table = &node{}
	parent := b.descend(b.root, names[:len(names)-1], false)
	if parent == nil {
		return
	}
	last := names[len(names)-1]
	t := parent.child(last.text)
	switch {
	case t == nil && list:
		t = parent.add(&node{kind: kindList, tables: true, key: last.at, at: last.at, name: last.text})
		b.table = t.add(&node{defined: true, key: last.at, at: last.at})
	case t == nil:
		b.table = parent.add(&node{defined: true, key: last.at, at: last.at, name: last.text})
	case list && t.tables:
		b.table = t.add(&node{defined: true, key: last.at, at: last.at})
	case !list && t.kind == kindTable && !t.inline && !t.defined:
		t.defined, t.key, t.at = true, last.at, last.at
		b.table = t
	default:
		b.twice(last, t)
		if t.kind == kindTable && !t.inline {
			b.table = t // duplicates inside it are reported too
		} else {
			b.whole = false
		}
	}
}

// descend follows names from t and makes missing tables. It returns nil if that is not possible. A dotted key completes
// the tables it makes: no header can open them again.
func (b *builder) descend(t *node, names []name, dotted bool) *node {
	for _, n := range names {
		c := t.child(n.text)
		switch {
		case c == nil:
			c = t.add(&node{key: n.at, at: n.at, name: n.text, defined: dotted})
		case c.tables:
			c = c.children[len(c.children)-1]
		case c.kind != kindTable || c.inline:
			b.twice(n, c)
			b.whole = false
			return nil
		}
		t = c
	}
	return t
}

// twice reports a name that has already been defined. The tree stays complete, since nothing else can refer to the
// second definition, unless the caller drops a table.
func (b *builder) twice(n name, before *node) {
	b.sound = false
	if b.report.mute {
		return // it may be the search for the secrets, which a place needs
	}
	b.report.fault(n.at, strconv.Quote(n.text)+" is here and in "+before.key.String(), "keep one of the two")
}

func (n *node) add(child *node) *node {
	n.children = append(n.children, child)
	if n.kind == kindTable {
		if n.index == nil {
			n.index = map[string]*node{}
		}
		n.index[child.name] = child
	}
	return child
}

// keyValue puts key = value into table t.
func (b *builder) keyValue(t *node, e *unstable.Node) {
	names := b.names(e.Key())
	last := names[len(names)-1]
	t = b.descend(t, names[:len(names)-1], true)
	if t == nil {
		return
	}
	if before := t.child(last.text); before != nil {
		b.twice(last, before)
		b.whole = b.whole && e.Value().Kind != unstable.InlineTable
		return
	}
	// The parser reports no range for a list or an inline table: use the text after the =.
	start := last.at.start + last.at.length
	whole := b.place(e.Raw)
	text := string(b.source.text[start : whole.start+whole.length])
	value := strings.TrimLeft(strings.TrimPrefix(strings.TrimLeft(text, " \t"), "="), " \t")
	n := &node{name: last.text, key: last.at, at: place{b.source, start + len(text) - len(value), len(value)}}
	if !b.fill(n, e.Value()) {
		t.broken = true
		return
	}
	t.add(n)
}

// fill sets the value of n, which is at n.at, to v. It reports whether v can be a value.
func (b *builder) fill(n *node, v *unstable.Node) bool {
	n.inline = true
	digits := strings.ReplaceAll(string(v.Data), "_", "")
	var err error
	switch v.Kind {
	case unstable.String:
		n.kind, n.value = kindText, string(v.Data)
	case unstable.Bool:
		n.kind, n.value = kindTruth, digits == "true"
	case unstable.Integer:
		n.kind = kindWhole
		n.value, err = strconv.ParseInt(digits, 0, 64)
	case unstable.Float:
		n.kind = kindNumber
		n.value, err = strconv.ParseFloat(digits, 64)
	case unstable.Array:
		n.kind = kindList
		for it := v.Children(); it.Next(); {
			e := &node{key: n.key, at: n.at}
			if raw := it.Node().Raw; raw.Length > 0 {
				e.at = b.place(raw)
				e.key = e.at
			}
			if !b.fill(e, it.Node()) {
				return false
			}
			n.add(e)
		}
	case unstable.InlineTable:
		for it := v.Children(); it.Next(); {
			n.inline = false
			b.keyValue(n, it.Node())
			n.inline = true
		}
	default:
		n.kind, n.value = kindTime, digits
	}
	if err != nil {
		b.fault(n.at, "the number is too large", "use one that fits into 64 bits")
	}
	return err == nil
}
