package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"minirelay/relay"
	"minirelay/secret"
)

func (w *walker) texts(n *node, s *shape, v reflect.Value) {
	if !w.is(n, kindList, s) {
		return
	}
	list := make([]string, 0, len(n.children))
	for _, child := range n.children {
		if child.kind != kindText {
			w.fault(child.at, fmt.Sprintf("%s holds %s where a text is expected", n.name, child.kind.noun()), example(child, &shape{form: formText}))
			continue
		}
		list = append(list, child.value.(string))
	}
	v.Set(reflect.ValueOf(list))
}

func (w *walker) words(n *node, s *shape, v reflect.Value) {
	if !w.is(n, kindTable, s) {
		return
	}
	words := make(map[string]string, len(n.children))
	for _, child := range n.children {
		if child.kind != kindText {
			w.fault(child.at, fmt.Sprintf("%s of %s must be a text, not %s", child.name, n.name, child.kind.noun()),
				example(child, &shape{form: formText}))
			continue
		}
		words[child.name] = child.value.(string)
	}
	v.Set(reflect.ValueOf(words))
}

func (w *walker) name(n *node, s *shape, v reflect.Value) {
	switch n.kind {
	case kindText:
		v.Set(reflect.ValueOf(relay.Name{Text: n.value.(string)}))
	case kindTable:
		words := reflect.New(reflect.TypeFor[map[string]string]()).Elem()
		w.words(n, &shape{form: formWords}, words)
		if len(n.children) == 0 {
			w.fault(n.at, n.name+" has no language", `write a text, or a text for each language, for example { zh = "温室", en = "Greenhouse" }`)
		}
		v.Set(reflect.ValueOf(relay.Name{ByLang: words.Interface().(map[string]string)}))
	default:
		w.is(n, kindText, s)
	}
}

// secret resolves a secret. Its faults never contain it.
func (w *walker) secret(n *node, s *shape, v reflect.Value) {
	var plain any = n.value
	if n.kind == kindTable {
		words := map[string]any{}
		for _, child := range n.children {
			if child.name != "env" && child.name != "file" {
				w.fault(child.key, fmt.Sprintf("unknown key %q in %s", child.name, n.name),
					didYouMean(child.name, []string{"env", "file"}, "known here: "))
				return
			}
			words[child.name] = child.value
		}
		plain = words
	}
	var text secret.Text
	if n.kind != kindTable && n.kind != kindText {
		w.fault(n.at, fmt.Sprintf("%s must be %s, not %s", n.name, s.form.noun(), n.kind.noun()), "put it in quotes")
		return
	}
	if w.elsewhere && tellsWhere(n) {
		return
	}
	err := text.UnmarshalTOML(plain)
	if err == nil {
		v.Set(reflect.ValueOf(text))
		if file := n.child("file"); file != nil {
			w.checkSecretFile(n.at, file.value.(string))
		}
		return
	}
	what, try := err.Error(), "write one of the three"
	var cause *fs.PathError
	switch {
	case errors.Is(err, fs.ErrPermission) && errors.As(err, &cause):
		what = fmt.Sprintf("no permission to read %s", cause.Path)
		try = fmt.Sprintf("run it with sudo, or as the user of the gateway; this is user id %d", os.Getuid())
	case errors.As(err, &cause):
		what = fmt.Sprintf("%s cannot be read: %v", cause.Path, cause.Err)
		try = "name a file that this user may read"
	case len(n.children) == 1 && n.children[0].kind == kindText && n.children[0].name == "env":
		try = "set it where the gateway is started"
	case len(n.children) == 1 && n.children[0].kind == kindText:
		try = "write the secret into it"
	}
	w.fault(n.at, what, try)
}

// scalar reads a text, a number, a truth value or a duration.
func (w *walker) scalar(n *node, s *shape, v reflect.Value) {
	switch s.form {
	case formText:
		if !w.is(n, kindText, s) || !w.halfWidth(n) || !w.among(n, s, n.value.(string)) {
			return
		}
		v.SetString(n.value.(string))
	case formTruth:
		if w.is(n, kindTruth, s) {
			v.SetBool(n.value.(bool))
		}
	case formDuration:
		w.duration(n, s, v)
	case formWhole:
		// An int has 32 bits on the smallest machines.
		if i, ok := n.value.(int64); w.is(n, kindWhole, s) && ok && w.inBounds(n, s, float64(i)) {
			if v.OverflowInt(i) {
				w.fault(n.at, fmt.Sprintf("%s = %d is too large", n.name, i), "use a smaller number")
				return
			}
			v.SetInt(i)
		}
	case formNumber:
		w.number(n, s, v)
	}
}

func (w *walker) number(n *node, s *shape, v reflect.Value) {
	var f float64
	switch value := n.value.(type) {
	case int64:
		f = float64(value)
	case float64:
		f = value
	default:
		w.is(n, kindNumber, s)
		return
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		w.fault(n.at, fmt.Sprintf("%s must be a finite number", n.name), "write a number, or leave it out")
		return
	}
	if w.among(n, s, strconv.FormatFloat(f, 'g', -1, 64)) && w.inBounds(n, s, f) {
		v.SetFloat(f)
	}
}

func (w *walker) duration(n *node, s *shape, v reflect.Value) {
	if !w.is(n, kindText, s) {
		return
	}
	text := n.value.(string)
	d, err := time.ParseDuration(text)
	if err != nil {
		w.fault(n.at, fmt.Sprintf("%s = %q is not a duration", n.name, text), `write numbers with their units, for example "500ms", "10s", "2m" or "24h"`)
		return
	}
	if w.inBounds(n, s, float64(d)) {
		v.SetInt(int64(d))
	}
}

// among reports whether the shape allows the word.
func (w *walker) among(n *node, s *shape, word string) bool {
	if len(s.oneof) == 0 {
		return true
	}
	for _, o := range s.oneof {
		if o == word {
			return true
		}
	}
	try := "it can be " + strings.Join(s.oneof, ", ")
	switch meant, ok := meantBy(word, s.oneof); {
	case strings.HasPrefix(word, "modbus-tcp") || strings.HasPrefix(word, "modbus_tcp"):
		try = `Modbus TCP is another protocol, which is not supported; behind a serial server, path = "tcp://…", units speak modbus-rtu`
	case ok:
		try = fmt.Sprintf("did you mean %q? %s", meant, try)
	}
	w.fault(n.at, fmt.Sprintf("%s cannot be %s", n.name, quoted(n)), try)
	return false
}

func quoted(n *node) string {
	if text, ok := n.value.(string); ok {
		return strconv.Quote(text)
	}
	return fmt.Sprint(n.value)
}

// inBounds reports whether the shape allows f.
func (w *walker) inBounds(n *node, s *shape, f float64) bool {
	if s.holds(f) {
		return true
	}
	size := "large"
	if f < s.bound(s.min, math.Inf(-1)) {
		size = "small"
	}
	w.fault(n.at, fmt.Sprintf("%s = %v is too %s", n.name, n.value, size), "it can be "+s.bounds())
	return false
}
