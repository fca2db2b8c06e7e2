package configs

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// referencePage holds the texts of the key reference in one language.
type referencePage struct {
	file  string
	intro string
	head  string // of each table
	stop  string // ends the sentence about a table

	needed           string
	both, from, upTo string            // bounds, as formats
	codecs, comma    string            // a format, and the separator
	colon, semicolon string            // before the list of allowed values
	texts            map[string]string // translates a doc text; nil: unchanged
	used             map[string]bool   // the doc texts that were used
	missing          []string          // those without a translation
}

var referenceEnglish = referencePage{
	file: "reference.md",
	intro: `# Every key of the config

[中文](reference.zh-CN.md)

This page is generated from the same source as the JSON Schema, which ` + "`minirelay schema`" + ` prints for editors. The purpose of
the keys of devices is described in [mappings](mappings.md); ` + "`minirelay sample`" + ` prints a complete file to start from.

The config is one file, or all ` + "`*.toml`" + ` files of a directory in the order of their names. Durations are texts such as ` + "`\"500ms\"`" + `,
` + "`\"10s\"` and `\"24h\"`" + `. An id has 1 to 32 characters of a-z, 0-9, _ and -, and begins with a letter or a digit. A secret is a text,
` + "`{ env = \"NAME\" }` or `{ file = \"path\" }`" + `.
`,
	head: "| key | meaning | default |", stop: ".", needed: "required", both: "%s to %s", from: "%s or more", upTo: "%s or less",
	codecs: " (codec %s)", comma: ", ", colon: ": ", semicolon: "; ",
}

var referenceChinese = referencePage{
	file: "reference.zh-CN.md",
	intro: `# 配置的全部键

[English](reference.md)

这一页与 JSON Schema 出自同一来源：` + "`minirelay schema`" + ` 打印供编辑器使用的 JSON Schema。设备的各个键的用途，见[映射](mappings.zh-CN.md)；
` + "`minirelay sample`" + ` 打印一份完整的文件，可以从它开始。

配置是一个文件，或一个目录里的所有 ` + "`*.toml`" + `，按名字的顺序读取。时长写作文本，如 ` + "`\"500ms\"`、`\"10s\"`、`\"24h\"`" + `。
id 由 1 到 32 个 a-z、0-9、_ 和 - 组成，以字母或数字开头。密码一类的值是一段文本，或 ` + "`{ env = \"变量名\" }`、`{ file = \"路径\" }`" + `。
`,
	head: "| 键 | 含义 | 默认值 |", stop: "。", needed: "必填", both: "%s 到 %s", from: "不小于 %s", upTo: "不大于 %s",
	codecs: "（编解码器 %s）", comma: "、", colon: "：", semicolon: "；",
}

// The pages in docs agree with the structs and are complete in both languages.
func TestReferenceInTheDocs(t *testing.T) {
	chinese := referenceChinese
	chinese.used = map[string]bool{}
	if _, err := toml.DecodeFile("testdata/reference.zh-CN.toml", &chinese.texts); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*referencePage{&referenceEnglish, &chinese} {
		made := p.made()
		for _, text := range p.missing {
			t.Errorf("testdata/reference.zh-CN.toml has no Chinese for %q", text)
		}
		if *update && len(p.missing) == 0 {
			if err := os.WriteFile("../docs/"+p.file, made, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		page, err := os.ReadFile("../docs/" + p.file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(page, made) {
			t.Errorf("docs/%s is stale: go generate ./configs", p.file)
		}
	}
	for _, text := range slices.Sorted(maps.Keys(chinese.texts)) {
		if !chinese.used[text] {
			t.Errorf("testdata/reference.zh-CN.toml translates %q, which is in no doc text", text)
		}
	}
}

// made returns the reference as a Markdown page: the schema, for people.
func (p *referencePage) made() []byte {
	var b strings.Builder
	b.WriteString(p.intro)
	s := documentShape()
	p.tables(&b, s, "", defaults(s.typ))
	return []byte(b.String())
}

// tables writes the tables nested in a table, each with its keys.
func (p *referencePage) tables(b *strings.Builder, s *shape, where string, start reflect.Value) {
	for _, k := range s.keys {
		name := join(where, k.name)
		switch k.form {
		case formTable:
			p.table(b, k, name, start.FieldByIndex(k.index))
		case formByID:
			p.table(b, k, name+".ID", defaults(k.typ.Elem()))
		case formTables:
			p.table(b, k, name, defaults(k.typ.Elem()))
		}
	}
}

// table writes one table.
func (p *referencePage) table(b *strings.Builder, k key, name string, start reflect.Value) {
	heading := bracket(name)
	if k.form == formTables {
		heading = name + " = [{ … }]"
	}
	fmt.Fprintf(b, "\n## `%s`\n\n%s%s%s\n\n%s\n|---|---|---|\n", heading, capital(p.text(k.doc)), p.forCodecs(k.codecs), p.stop, p.head)
	for _, inner := range k.keys {
		switch inner.form {
		case formTable, formByID:
			continue // a table of its own, below
		}
		fmt.Fprintf(b, "| `%s` | %s%s%s | %s |\n", inner.name, p.text(inner.doc), p.allowed(inner), p.forCodecs(inner.codecs),
			p.usual(inner, start.FieldByIndex(inner.index)))
	}
	p.tables(b, k.shape, name, start)
}

// text returns a doc text in the language of the page, escaped for a Markdown table.
func (p *referencePage) text(doc string) string {
	if p.texts != nil {
		text, ok := p.texts[doc]
		if !ok || text == "" {
			p.missing = append(p.missing, doc)
		}
		p.used[doc] = true
		doc = text
	}
	return strings.NewReplacer("|", `\|`, "<", `\<`, "*", `\*`).Replace(doc)
}

// capital capitalizes the first letter of a sentence.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

func (p *referencePage) forCodecs(codecs []string) string {
	if len(codecs) == 0 {
		return ""
	}
	return fmt.Sprintf(p.codecs, strings.Join(codecs, p.comma))
}

// allowed lists the values that a key accepts, as far as its form does not already say so.
func (p *referencePage) allowed(k key) string {
	switch {
	case len(k.oneof) > 0:
		return p.colon + "`" + strings.Join(k.oneof, "`"+p.comma+"`") + "`"
	case k.min != "" && k.max != "":
		return p.semicolon + fmt.Sprintf(p.both, k.min, k.max)
	case k.min != "":
		return p.semicolon + fmt.Sprintf(p.from, k.min)
	case k.max != "":
		return p.semicolon + fmt.Sprintf(p.upTo, k.max)
	}
	return ""
}

// usual is the default of a key, in the notation of the file.
func (p *referencePage) usual(k key, start reflect.Value) string {
	if k.required {
		return p.needed
	}
	v, ok := k.defaultValue(start)
	if !ok {
		return ""
	}
	text, isText := v.(string)
	if !isText {
		return fmt.Sprintf("`%v`", v)
	}
	return "`" + strings.ReplaceAll(fmt.Sprintf("%q", text), "|", `\|`) + "`"
}
