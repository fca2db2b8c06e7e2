package mapping

import (
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"minirelay/relay"
)

// IsControl says whether r could end a line on some board, or is not a valid character.
func IsControl(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r == '\uFFFD'
}

// TextOf compiles a class of characters such as [A-Za-z0-9 ] into a pattern for texts of such characters only; nil if it
// is "" or not a class.
func TextOf(allow string) *regexp.Regexp {
	if !strings.HasPrefix(allow, "[") || !strings.HasSuffix(allow, "]") {
		return nil
	}
	tree, err := syntax.Parse(allow, syntax.Perl)
	if err != nil {
		return nil
	}
	switch tree.Simplify().Op {
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
	case syntax.OpLiteral: // of one character, as in [a]
		if len(tree.Rune) != 1 {
			return nil
		}
	default:
		return nil
	}
	return regexp.MustCompile(`^` + allow + `*$`)
}

// FieldIndex returns the index of the field with an ID; -1 if there is none.
func (c DeviceConfig) FieldIndex(id string) int {
	return slices.IndexFunc(c.Fields, func(f FieldConfig) bool { return f.ID == id })
}

// CommandWords lists the texts on the wire for the values of a bool or an enum; nil for other types.
func CommandWords(c CommandConfig) []string {
	var words []string
	switch c.Type {
	case relay.TypeBool:
		words = []string{WireText(c.Values, "true"), WireText(c.Values, "false")}
	case relay.TypeEnum:
		for _, o := range EnumOptions(c.Options, c.Values) {
			words = append(words, WireText(c.Values, o.Value))
		}
	}
	return words
}

// EnumOptions returns the options of an enum: those listed, otherwise the keys of values.
func EnumOptions(options []OptionConfig, values map[string]string) []OptionConfig {
	if len(options) > 0 {
		return options
	}
	for _, v := range slices.Sorted(maps.Keys(values)) {
		options = append(options, OptionConfig{Value: v})
	}
	return options
}

// WireKey is the name of the field on the wire: its key, otherwise its ID.
func (f FieldConfig) WireKey() string {
	if f.Key == "" {
		return f.ID
	}
	return f.Key
}

// WireText returns the text on the wire for value: the value itself if values does not list it.
func WireText(values map[string]string, value string) string {
	if text, ok := values[value]; ok {
		return text
	}
	return value
}
