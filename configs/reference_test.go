package configs

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

// The page in docs is what the structs say.
func TestReferenceInTheDocs(t *testing.T) {
	const file = "../docs/reference.md"
	if *update {
		if err := os.WriteFile(file, referencePage(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(page, referencePage()) {
		t.Error(file + " is stale: go generate ./configs")
	}
}

// referencePage gives every key of the config as a page in Markdown: what the schema says, for people.
func referencePage() []byte {
	var b strings.Builder
	b.WriteString(`# Every key of the config

This page is made from the same source as the JSON Schema: ` + "`minirelay schema`" + ` prints that one for editors. What the keys
of devices are good for is told in [mappings](mappings.md); ` + "`minirelay sample`" + ` prints a whole file to begin with.

One file, or all ` + "`*.toml`" + ` of a directory in the order of their names. Durations are texts such as ` + "`\"500ms\"`, `\"10s\"`, `\"24h\"`" + `. An id
has 1 to 32 of a-z, 0-9, _ and -. A secret is a text, ` + "`{ env = \"NAME\" }` or `{ file = \"path\" }`" + `.
`)
	s := documentShape()
	s.reference(&b, "", defaults(s.typ))
	return []byte(b.String())
}

// reference writes the tables below a table, each with its keys.
func (s *shape) reference(b *strings.Builder, where string, start reflect.Value) {
	for _, k := range s.keys {
		name := join(where, k.name)
		switch k.form {
		case formTable:
			k.referenceTable(b, name, start.FieldByIndex(k.index))
		case formByID:
			k.referenceTable(b, name+".ID", defaults(k.typ.Elem()))
		case formTables:
			k.referenceTable(b, name, defaults(k.typ.Elem()))
		}
	}
}

// referenceTable writes one table.
func (k key) referenceTable(b *strings.Builder, name string, start reflect.Value) {
	heading := bracket(name)
	if k.form == formTables {
		heading = name + " = [{ … }]"
	}
	fmt.Fprintf(b, "\n## `%s`\n\n%s%s.\n\n| key | is | default |\n|---|---|---|\n", heading, capital(k.doc), forCodecs(k.codecs))
	for _, inner := range k.keys {
		switch inner.form {
		case formTable, formByID:
			continue // a table of its own, below
		}
		fmt.Fprintf(b, "| `%s` | %s%s%s | %s |\n", inner.name, cell(inner.doc), inner.allowed(), forCodecs(inner.codecs), inner.usual(start.FieldByIndex(inner.index)))
	}
	k.reference(b, name, start)
}

// capital begins a sentence.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// cell makes a text fit a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func forCodecs(codecs []string) string {
	if len(codecs) == 0 {
		return ""
	}
	return " (codec " + strings.Join(codecs, ", ") + ")"
}

// allowed says what values a key may have, beyond its form.
func (k key) allowed() string {
	switch {
	case len(k.oneof) > 0:
		return ": `" + strings.Join(k.oneof, "`, `") + "`"
	case k.min != "" || k.max != "":
		return "; " + k.bounds()
	}
	return ""
}

// usual is the default of a key, as it would be written.
func (k key) usual(start reflect.Value) string {
	if k.required {
		return "needed"
	}
	v, ok := k.defaultValue(start)
	if !ok {
		return ""
	}
	if text, isText := v.(string); isText {
		return fmt.Sprintf("`%q`", text)
	}
	return fmt.Sprintf("`%v`", v)
}
