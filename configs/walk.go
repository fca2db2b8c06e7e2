package configs

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"minirelay/relay"
)

// walker checks a tree against a shape and puts the values into the structs.
type walker struct {
	*report
	root      *node                     // of the whole config
	strayed   string                    // the table that was meant by an unknown one outside of any table; "" for none
	dropped   bool                      // a table was left out, because it has a fault
	elsewhere bool                      // see LoadElsewhere
	bad       map[*node]map[string]bool // keys of tables that already have a fault
}

// spoil records that key of table n has a fault, so that no second one is reported for its consequences.
func (w *walker) spoil(n *node, key string) {
	if w.bad[n] == nil {
		w.bad[n] = map[string]bool{}
	}
	w.bad[n][key] = true
}

// spoilt reports whether key of table n has a fault.
func (w *walker) spoilt(n *node, key string) bool { return w.bad[n][key] }

// table reads a table with the keys of struct v. where is its name for people; "" is the file itself.
func (w *walker) table(n *node, keys []key, v reflect.Value, where string) {
	s := shape{keys: keys}
	for _, child := range n.children {
		k, ok := s.key(child.name)
		if !ok {
			w.unknown(n, child, s.names(), where)
			continue
		}
		before := len(w.faults)
		if above, ok := w.keyAbove(child, where); ok && k.form == formText && child.kind == kindWhole {
			w.below(child, above, where) // unit = 2 is an address, and here a unit such as °C
			w.spoil(n, child.name)
			continue
		}
		w.value(child, k.shape, v.FieldByIndex(k.index), join(where, child.name))
		if k.required && k.form == formText && child.value == "" && len(w.faults) == before {
			w.fault(child.at, k.name+" is empty", "it is "+k.doc)
		}
		if len(w.faults) > before {
			w.spoil(n, child.name)
		}
	}
	for _, k := range keys {
		if k.required && n.child(k.name) == nil && !w.spoilt(n, k.name) {
			w.spoil(n, k.name)
			if !n.broken {
				w.missing(n, k, where)
			}
		}
	}
}

func (w *walker) missing(n *node, k key, where string) {
	if top, _, _ := strings.Cut(where, "."); w.strayed == top && top != "" && !n.defined {
		return // its own header is in the table whose name is mistyped
	}
	if where == "" {
		w.fault(n.at, "there is no ["+k.name+"] table", "begin with ["+k.name+"] and id = \"home\"")
		return
	}
	try := fmt.Sprintf("add %s = …: it is %s", k.name, k.doc)
	if len(k.oneof) > 0 {
		try = fmt.Sprintf("add %s = …, one of %s", k.name, strings.Join(k.oneof, ", "))
	}
	w.fault(n.at, k.name+" is missing in "+bracket(where), try)
}

// unknown reports an unknown key. The key that was probably meant is then not reported as missing.
func (w *walker) unknown(n, child *node, known []string, where string) {
	if above, ok := w.keyAbove(child, where); ok {
		w.below(child, above, where)
		return
	}
	meant, ok := Nearest(child.name, known)
	try := fmt.Sprintf("did you mean %q?", meant)
	if ok {
		w.spoil(n, meant)
	} else {
		try = "known here: " + strings.Join(known, ", ")
	}
	what := fmt.Sprintf("unknown key %q in %s", child.name, bracket(where))
	if where == "" {
		what = fmt.Sprintf("unknown key %q outside of any table", child.name)
		if child.kind == kindTable || child.tables {
			what = fmt.Sprintf("unknown table [%s]", child.name)
		}
	}
	w.fault(child.key, what, try)
}

// stray returns the table that is meant by an unknown one outside of any table; "" if there is none.
func stray(root *node) string {
	known := documentShape().names()
	for _, child := range root.children {
		if meant, ok := Nearest(child.name, known); ok && !slices.Contains(known, child.name) && child.kind == kindTable {
			return meant
		}
	}
	return ""
}

// below reports a key that stands below a table inside its own.
func (w *walker) below(child *node, above, where string) {
	w.fault(child.key, fmt.Sprintf("%s is a key of %s, and stands in %s", child.name, bracket(above), bracket(where)),
		fmt.Sprintf("write it directly below %s: what follows the header of a table belongs to that table", bracket(above)))
}

// keyAbove returns the device around a table inside it, if a key belongs to the device.
func (w *walker) keyAbove(child *node, where string) (above string, ok bool) {
	parts := strings.Split(where, ".")
	devices, _ := documentShape().key("devices")
	if len(parts) < 3 || parts[0] != "devices" {
		return "", false
	}
	k, ok := devices.key(child.name)
	if codec := w.root.get("devices", parts[1], "codec"); codec != nil && len(k.codecs) > 0 {
		name, _ := codec.value.(string)
		ok = ok && slices.Contains(k.codecs, name)
	}
	return strings.Join(parts[:2], "."), ok && k.form != formByID && k.form != formTable
}

func join(where, name string) string { return strings.TrimPrefix(where+"."+name, ".") }

func bracket(where string) string { return "[" + where + "]" }

// value reads one value of shape s into v.
func (w *walker) value(n *node, s *shape, v reflect.Value, where string) {
	switch s.form {
	case formTable:
		if w.isTable(n, s, where) {
			w.table(n, s.keys, v, where)
		}
	case formTables:
		if w.is(n, kindList, s) {
			w.tables(n, s, v, where)
		}
	case formByID:
		if w.isTable(n, s, where+".ID") {
			w.byID(n, s, v, where)
		}
	case formName:
		w.name(n, s, v)
	case formSecret:
		w.secret(n, s, v)
	case formTexts:
		w.texts(n, s, v)
	case formWords:
		w.words(n, s, v)
	default:
		w.scalar(n, s, v)
	}
}

// is reports whether n is of kind k, and adds a fault with the expected form if it is not.
func (w *walker) is(n *node, k kind, s *shape) bool {
	if n.kind == k {
		return true
	}
	w.fault(n.at, fmt.Sprintf("%s must be %s, not %s", n.name, s.form.noun(), n.kind.noun()), example(n, s))
	return false
}

// isTable is the same as is, for tables. header is the line that begins such a table.
func (w *walker) isTable(n *node, s *shape, header string) bool {
	if n.kind == kindTable {
		return true
	}
	w.fault(n.at, fmt.Sprintf("%s must be %s, not %s", n.name, s.form.noun(), n.kind.noun()),
		"write "+bracket(header)+" and put the keys below it")
	return false
}

// example returns a hint with the notation of the form, using the given value if possible.
func example(n *node, s *shape) string {
	text, isText := n.value.(string)
	number, isWhole := n.value.(int64)
	switch {
	case n.name == "register" && isWhole:
		return fmt.Sprintf("write table and address in quotes, for example %q", registerOf(number))
	case (n.name == "listen" || n.name == "ws") && isWhole:
		return fmt.Sprintf("write an address in quotes: %q", fmt.Sprintf(":%d", number))
	case n.name == "mqtt" && isWhole:
		return fmt.Sprintf("write an address in quotes: %q", fmt.Sprintf("127.0.0.1:%d", number))
	case len(s.oneof) > 0:
		return "it can be " + strings.Join(s.oneof, ", ")
	case (s.form == formText || s.form == formName) && !isText && n.value != nil:
		return fmt.Sprintf("put it in quotes: \"%v\"", n.value)
	case s.form == formDuration && n.kind == kindWhole:
		return fmt.Sprintf("add the unit and quotes, for example \"%vs\"", n.value)
	case (s.form == formWhole || s.form == formNumber) && isText:
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			return "leave the quotes out: " + text
		}
	case s.form == formTruth && isText && (text == "true" || text == "false"):
		return "leave the quotes out: " + text
	case s.form == formTexts && isText:
		return fmt.Sprintf("put it in brackets: [%q]", text)
	}
	switch s.form {
	case formTables:
		return "write it in brackets, [ { … }, { … } ]"
	case formWords:
		return `write it in braces, for example { true = "1", false = "0" }`
	case formTexts:
		return `write it in brackets, for example ["a", "b"]`
	case formTruth:
		return "write true or false, without quotes"
	case formDuration:
		return `write numbers with their units in quotes, for example "500ms", "10s" or "2m"`
	case formWhole, formNumber:
		if s.min != "" || s.max != "" {
			return "it can be " + s.bounds()
		}
		return "write digits without quotes"
	}
	return `write it in quotes, for example "text"`
}

// registerOf returns the register that is probably meant by a number. Manuals count the holding registers from 40001.
func registerOf(number int64) string {
	switch {
	case number > 40000 && number < 50000:
		return fmt.Sprintf("holding:%d", number-40001)
	case number > 30000 && number < 40000:
		return fmt.Sprintf("input:%d", number-30001)
	}
	return fmt.Sprintf("holding:%d", number)
}

func (w *walker) tables(n *node, s *shape, v reflect.Value, where string) {
	for _, child := range n.children {
		if child.kind != kindTable {
			w.fault(child.at, where+" holds "+child.kind.noun()+" where a table is expected", tablesHint(n, s))
			return // the others are the same slip
		}
		elem := reflect.New(s.typ.Elem()).Elem()
		elem.Set(defaults(s.typ.Elem()))
		w.table(child, s.keys, elem, where)
		v.Set(reflect.Append(v, elem))
	}
}

// tablesHint returns how a list of tables is written, with the values that are there if a table needs no more than one.
func tablesHint(n *node, s *shape) string {
	for _, k := range s.keys {
		if !k.required || k.form != formText {
			continue
		}
		var list strings.Builder // of TOML: its commas are the same in every language
		for _, child := range n.children {
			if text, ok := child.value.(string); ok {
				fmt.Fprintf(&list, ", { %s = %q }", k.name, text)
			}
		}
		return fmt.Sprintf("write [%s]", strings.TrimPrefix(list.String(), ", "))
	}
	return "write it in braces, { … }"
}

func (w *walker) byID(n *node, s *shape, v reflect.Value, where string) {
	for _, child := range n.children {
		if !relay.ValidID(child.name) {
			w.fault(child.key, fmt.Sprintf("%q cannot be an id", child.name), properID(child.name))
		}
		if child.kind != kindTable {
			w.fault(child.at, fmt.Sprintf("%s must be a table, not %s", child.name, child.kind.noun()),
				"write "+bracket(where+".ID")+" and put the keys below it")
			continue
		}
		if meant, ok := w.misnamed(n, child, s); ok {
			w.fault(child.key, fmt.Sprintf("there is no table %s", bracket(join(where, child.name))), fmt.Sprintf("did you mean %q?", meant))
			w.dropped = true
			continue
		}
		elem := reflect.New(s.typ.Elem()).Elem()
		elem.Set(defaults(s.typ.Elem()))
		elem.FieldByName("ID").SetString(child.name)
		w.table(child, s.keys, elem, join(where, child.name))
		v.Set(reflect.Append(v, elem))
	}
}

// misnamed reports whether a table without a header of its own belongs to another table, and which one is meant by it: it
// lacks everything that such a table needs, and its name is like that of one that has it.
func (w *walker) misnamed(n, child *node, s *shape) (meant string, ok bool) {
	needs := func(t *node) bool {
		return slices.ContainsFunc(s.keys, func(k key) bool { return k.required && t.child(k.name) != nil })
	}
	if child.defined || child.inline || needs(child) || child.child("profile") != nil {
		return "", false
	}
	var names []string
	for _, other := range n.children {
		if other != child && (needs(other) || other.child("profile") != nil) {
			names = append(names, other.name)
		}
	}
	return Nearest(child.name, names)
}

var notInID = regexp.MustCompile(`[^a-z0-9_-]+`)

// properID returns a hint with an id similar to the invalid one.
func properID(id string) string {
	rule := "an id has 1 to 32 characters out of a-z, 0-9, _ and -, and begins with a letter or a digit"
	like := strings.Trim(notInID.ReplaceAllString(strings.ToLower(id), "-"), "-_")
	if like = like[:min(len(like), 32)]; relay.ValidID(like) {
		return fmt.Sprintf("%s, for example %q; write the text for people into its name", rule, like)
	}
	if strings.IndexFunc(id, func(r rune) bool { return r >= utf8.RuneSelf && unicode.IsLetter(r) }) >= 0 {
		return fmt.Sprintf("%s; write the text for people into its name: name = %q", rule, id)
	}
	return rule + "; write the text for people into its name"
}
