package configs

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"minirelay/devices/mapping"
	"minirelay/secret"

	"minirelay/devices/serial"

	"minirelay/broker"
	"minirelay/relay"
	"minirelay/relay/upstream"
)

// form is the notation of a value.
type form int

const (
	formText     form = iota
	formWhole         // a whole number
	formNumber        // any number
	formTruth         // true or false
	formDuration      // a text as in "10s"
	formTexts         // a list of texts
	formWords         // a table of texts
	formName          // a text, or a table of languages
	formSecret        // a text, { env = … } or { file = … }
	formTable         // a table with the keys of a struct
	formTables        // a list of such tables
	formByID          // a table of such tables by id, in the order of the file
)

// noun returns a form's name for people.
func (f form) noun() string {
	return [...]string{"a text", "a whole number", "a number", "true or false", `a duration such as "10s"`, "a list of texts",
		"a table of texts", "a text or a table of languages", `a text, { env = "NAME" } or { file = "path" }`, "a table",
		"a list of tables", "a table of tables"}[f]
}

// shape describes the values allowed in one place of the file. It is derived from a Go type and its tags, so the
// structs are the only source for both the checks and the schema.
type shape struct {
	form     form
	typ      reflect.Type
	doc      string
	oneof    []string
	min, max string // as in the tags; "" for none
	keys     []key  // of a table, or of the tables in a list or by id
}

// key is one key of a table.
type key struct {
	*shape
	name     string
	index    []int // of the struct's field
	required bool
	codecs   []string // the codecs that use it; none: every codec
}

// documentShape is the shape of a whole file.
func documentShape() *shape { return shapeOf(reflect.TypeFor[document]()) }

func shapeOf(t reflect.Type) *shape {
	s := &shape{typ: t}
	switch t {
	case reflect.TypeFor[time.Duration]():
		s.form = formDuration
		return s
	case reflect.TypeFor[relay.Name]():
		s.form = formName
		return s
	case reflect.TypeFor[secret.Text]():
		s.form = formSecret
		return s
	}
	switch t.Kind() {
	case reflect.String:
		s.form = formText
	case reflect.Int:
		s.form = formWhole
	case reflect.Float64:
		s.form = formNumber
	case reflect.Bool:
		s.form = formTruth
	case reflect.Map:
		s.form = formWords
	case reflect.Struct:
		s.form = formTable
		s.keys = keysOf(t)
	case reflect.Slice:
		s.form = formTexts
		if t.Elem().Kind() == reflect.Struct {
			s.form = formTables
			s.keys = keysOf(t.Elem())
			if _, ok := t.Elem().FieldByName("ID"); ok {
				s.form = formByID
			}
		}
	default:
		panic("configs: no form for " + t.String()) // a test reads all of them
	}
	return s
}

// keysOf lists the keys of a struct. The keys of an embedded struct take its place.
func keysOf(t reflect.Type) []key {
	var keys []key
	for i := range t.NumField() {
		f := t.Field(i)
		name, named := f.Tag.Lookup("toml")
		if name == "-" {
			continue
		}
		var codecs []string
		if words := f.Tag.Get("codecs"); words != "" {
			codecs = strings.Split(words, ",")
		}
		if f.Anonymous {
			for _, k := range keysOf(f.Type) {
				k.index = append([]int{i}, k.index...)
				if k.codecs == nil {
					k.codecs = codecs
				}
				keys = append(keys, k)
			}
			continue
		}
		if !named {
			continue
		}
		k := key{shape: shapeOf(f.Type), name: name, index: []int{i}, required: f.Tag.Get("required") == "true", codecs: codecs}
		k.doc, k.min, k.max = f.Tag.Get("doc"), f.Tag.Get("min"), f.Tag.Get("max")
		if words := f.Tag.Get("oneof"); words != "" {
			k.oneof = strings.Split(words, ",")
		}
		keys = append(keys, k)
	}
	return keys
}

// key returns the key named name.
func (s *shape) key(name string) (key, bool) {
	for _, k := range s.keys {
		if k.name == name {
			return k, true
		}
	}
	return key{}, false
}

// names lists the keys.
func (s *shape) names() []string {
	var names []string
	for _, k := range s.keys {
		names = append(names, k.name)
	}
	return names
}

// bounds describes min and max in words.
func (s *shape) bounds() string {
	switch {
	case s.min != "" && s.max != "":
		return s.min + " to " + s.max
	case s.min != "":
		return s.min + " or more"
	}
	return s.max + " or less"
}

// bound returns a min or max as a number; for a duration, its nanoseconds. It returns absent if there is no bound.
func (s *shape) bound(tag string, absent float64) float64 {
	if tag == "" {
		return absent
	}
	var f float64
	var err error
	if s.form == formDuration {
		var d time.Duration
		d, err = time.ParseDuration(tag)
		f = float64(d)
	} else {
		f, err = strconv.ParseFloat(tag, 64)
	}
	if err != nil {
		panic(fmt.Sprintf("configs: the bound %q of a struct tag: %v", tag, err)) // a test reads all of them
	}
	return f
}

// holds reports whether f is within the bounds.
func (s *shape) holds(f float64) bool {
	return f >= s.bound(s.min, math.Inf(-1)) && f <= s.bound(s.max, math.Inf(1))
}

// defaults returns the defaults of a table of type t.
func defaults(t reflect.Type) reflect.Value {
	switch t {
	case reflect.TypeFor[document]():
		return reflect.ValueOf(document{Gateway: DefaultGateway(), Log: DefaultLog(), Broker: broker.Default()})
	case reflect.TypeFor[upstream.Config]():
		return reflect.ValueOf(upstream.Default())
	case reflect.TypeFor[broker.UserConfig]():
		return reflect.ValueOf(broker.DefaultUser())
	case reflect.TypeFor[serial.Config]():
		return reflect.ValueOf(serial.Default())
	case reflect.TypeFor[mapping.DeviceConfig]():
		return reflect.ValueOf(mapping.DefaultDevice())
	case reflect.TypeFor[mapping.FieldConfig]():
		return reflect.ValueOf(mapping.DefaultField())
	case reflect.TypeFor[mapping.FrameConfig]():
		return reflect.ValueOf(mapping.DefaultFrame())
	case reflect.TypeFor[mapping.CommandConfig]():
		return reflect.ValueOf(mapping.DefaultCommand())
	}
	return reflect.Zero(t)
}
