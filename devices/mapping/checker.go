package mapping

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"minirelay/relay"
)

// Problem is one fault in a mapping, in words for a person.
type Problem struct {
	Field, Command string // the ID of its table; both "": the device itself
	Table          string // another table within the device, for example frame or requests.ID
	Key            string // the key with the fault
	What           string // what is wrong
	Try            string // what to try
	Regexp         bool   // the value of Key is a regular expression that does not compile
}

// String is the problem in one line, with what to try.
func (p Problem) String() string { return p.Err().Error() + "; " + p.Try }

// Err is the problem as an error, which offers what to try as its Hint.
func (p Problem) Err() error { return problemError{p} }

type problemError struct{ problem Problem }

func (e problemError) Error() string { return e.problem.name() + e.problem.Key + ": " + e.problem.What }

// Hint is what to try.
func (e problemError) Hint() string { return e.problem.Try }

// Checker collects the problems of a device. It serves one goroutine.
type Checker struct {
	Device   DeviceConfig
	At       Problem // the table being checked: its Field, Command and Table apply to the next problems
	Problems []Problem
}

// Add records a problem with a key of the table At: what is wrong, and what to try. Both are without a capital letter
// and a full stop.
func (k *Checker) Add(key, what, try string) {
	p := k.At
	p.Key, p.What, p.Try = key, what, try
	k.Problems = append(k.Problems, p)
}

// AddRegexp is Add for a regular expression that does not compile.
func (k *Checker) AddRegexp(key, what, try string) {
	k.Add(key, what, try)
	k.Problems[len(k.Problems)-1].Regexp = true
}

// Field checks the keys that every field has.
func (k *Checker) Field(f FieldConfig) {
	switch f.Type {
	case relay.TypeNumber, relay.TypeBool, relay.TypeEnum, relay.TypeText:
	default:
		k.Add("type", fmt.Sprintf("a field cannot be of type %q", f.Type), "use number, bool, enum or text")
		return
	}
	k.Number(f.Type, f.Scale, f.Offset, f.Min, f.Max, f.Decimals)
	k.Words(f.Type, f.Values, f.Options)
}

// Number checks the keys of a number, and that no other type has them. Decimals below 0 are any number of decimals.
func (k *Checker) Number(t relay.Type, scale, offset, low, high float64, decimals int) {
	if t != relay.TypeNumber {
		set := map[string]bool{"scale": scale != 1, "offset": offset != 0, "min": !math.IsInf(low, -1),
			"max": !math.IsInf(high, 1), "decimals": decimals >= 0}
		for _, key := range slices.Sorted(maps.Keys(set)) {
			if set[key] {
				k.Add(key, "it has no effect for type "+string(t), "leave it out")
			}
		}
		return
	}
	if scale == 0 || math.IsNaN(scale) || math.IsInf(scale, 0) {
		k.Add("scale", fmt.Sprintf("a number cannot be scaled by %v", scale), "leave it out for 1")
	}
	if math.IsNaN(offset) || math.IsInf(offset, 0) {
		k.Add("offset", fmt.Sprintf("a number cannot be moved by %v", offset), "leave it out for 0")
	}
	if !(low <= high) {
		k.Add("min", fmt.Sprintf("min %v is greater than max %v: no value is possible", low, high), "swap the two")
	}
	if decimals > 6 {
		k.Add("decimals", "a number has 0 to 6 decimal places", "use fewer")
	}
}

// Words checks the map of values and the options of a bool or an enum, and that no other type has them.
func (k *Checker) Words(t relay.Type, values map[string]string, options []OptionConfig) {
	var allowed []string
	switch t {
	case relay.TypeBool:
		allowed = []string{"true", "false"}
	case relay.TypeEnum:
		for _, o := range EnumOptions(options, values) {
			if o.Value == "" || slices.Contains(allowed, o.Value) {
				k.Add("options", fmt.Sprintf("the option %q is empty or occurs twice", o.Value), "give each option its own value")
			}
			allowed = append(allowed, o.Value)
		}
		if len(allowed) == 0 {
			k.Add("options", "an enum needs options", `write options = [{ value = "auto" }, { value = "manual" }]`)
		}
	}
	if t != relay.TypeEnum && len(options) > 0 {
		k.Add("options", "only an enum has options", "leave it out, or use type = \"enum\"")
	}
	if values != nil && t != relay.TypeBool && t != relay.TypeEnum {
		k.Add("values", "it has no effect for type "+string(t), "leave it out")
		return
	}
	wire := map[string]string{}
	for _, v := range slices.Sorted(maps.Keys(values)) {
		text := values[v]
		if !slices.Contains(allowed, v) {
			k.Add("values", fmt.Sprintf("%q is not one of %s", v, strings.Join(allowed, ", ")), wordsHint(t, values))
			return // what is missing is the same slip
		}
		if strings.ContainsFunc(text, IsControl) {
			k.Add("values", fmt.Sprintf("the text for %q contains a control character", v), "write line ends in send")
		}
	}
	for _, v := range allowed {
		if _, ok := values[v]; !ok && t == relay.TypeBool && values != nil {
			k.Add("values", fmt.Sprintf("%s is missing", v), `write both, for example { true = "1", false = "0" }`)
			continue
		}
		text := WireText(values, v)
		if other, twice := wire[text]; twice && other != v {
			k.Add("values", fmt.Sprintf("%q represents both %s and %s", text, other, v), "give each its own text")
		}
		wire[text] = v
	}
}

// wordsHint returns how the values of a bool or an enum are written, with those that are there.
func wordsHint(t relay.Type, values map[string]string) string {
	if t != relay.TypeBool {
		return "write each option with its form on the wire, for example { auto = \"1\" }"
	}
	pick := func(usual string, names ...string) string {
		for _, name := range names {
			if text, ok := values[name]; ok {
				return text
			}
		}
		return usual
	}
	return fmt.Sprintf("write { true = %q, false = %q }", pick("1", "true", "on", "yes", "1", "开"), pick("0", "false", "off", "no", "0", "关"))
}

// FieldNamed returns the field with an ID; nil if there is none.
func (k *Checker) FieldNamed(id string) *FieldConfig {
	for i := range k.Device.Fields {
		if k.Device.Fields[i].ID == id {
			return &k.Device.Fields[i]
		}
	}
	return nil
}

// FieldNames is the hint that lists the fields of the device.
func (k *Checker) FieldNames() string {
	if len(k.Device.Fields) == 0 {
		return "the device has no fields: add one"
	}
	var names []string
	for _, f := range k.Device.Fields {
		names = append(names, f.ID)
	}
	return "the fields are " + strings.Join(names, ", ")
}

// name is the table of a problem, for a person.
func (p Problem) name() string {
	switch {
	case p.Field != "":
		return "field " + strconv.Quote(p.Field) + ": "
	case p.Table != "":
		return p.Table + ": "
	case p.Command != "":
		return "command " + strconv.Quote(p.Command) + ": "
	}
	return ""
}
