package locale

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

var update = flag.Bool("update", false, "write the tables")

// found is where each sentence stands.
type found map[string][]string

func collect(t *testing.T) found {
	all := found{}
	for _, s := range foreign {
		all[s] = []string{"libraries/"}
	}
	for at, list := range assembled {
		for _, s := range list {
			all[s] = []string{at}
		}
	}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != ".." && (elsewhere[d.Name()] != "" || strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Walk(&collector{all, files, path, false}, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// collector gathers the sentences of a file.
type collector struct {
	all   found
	files *token.FileSet
	path  string
	spoke bool // in the arguments of a call that speaks: also words without a blank are sentences
}

var (
	logCall  = regexp.MustCompile(`^(Debug|Info|Warn|Error|Log|With|DebugContext|InfoContext|WarnContext|ErrorContext)$`)
	logName  = regexp.MustCompile(`(?i)^s?log(ger)?$`)
	sayCall  = regexp.MustCompile(`^(Sprintf|printf|Text|say|progress|New|Errorf)$`)
	sentence = regexp.MustCompile(`[A-Za-z]\S* +\S*[a-z]|[a-z]{2}\S* +\S|^(\{\}|1) [a-z]{3}`)
	words    = regexp.MustCompile(`[A-Za-z]{2}`)
)

func (c *collector) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case *ast.ImportSpec:
		return nil
	case *ast.Field:
		if n.Tag != nil {
			text, _ := strconv.Unquote(n.Tag.Value)
			if tag := reflect.StructTag(text); tag.Get("required") == "true" {
				c.note(n.Tag.Pos(), tag.Get("doc")) // of a key that is missing people read what it is
			}
			return nil
		}
	case *ast.CallExpr:
		if c.mute(n) {
			return nil
		}
		name, on := callee(n)
		if name == "MustCompile" {
			return nil
		}
		inner := *c
		inner.spoke = sayCall.MatchString(name) && on != "fmt" && on != "template"
		return &inner
	case *ast.BinaryExpr:
		if n.Op == token.EQL || n.Op == token.NEQ {
			return nil
		}
		if n.Op == token.ADD {
			if text, ok := c.joined(n); ok {
				c.note(n.Pos(), text)
				return nil
			}
		}
	case *ast.BasicLit:
		if n.Kind == token.STRING {
			text, _ := strconv.Unquote(n.Value)
			c.note(n.Pos(), text)
		}
	case *ast.FuncLit, *ast.CompositeLit:
		inner := *c
		inner.spoke = false
		return &inner
	}
	return c
}

// mute says whether what a call is given reaches no person: logs, panics, questions about texts.
func (c *collector) mute(call *ast.CallExpr) bool {
	name, on := callee(call)
	switch {
	case name == "panic", name == "ReadString", name == "Getenv", name == "Setenv", name == "LookupEnv":
		return true
	case on == "strings":
		return name != "TrimSpace" && name != "Join" && name != "Repeat" && name != "ToUpper"
	case logCall.MatchString(name) && logName.MatchString(on):
		return true
	}
	return false
}

// callee is the name of what is called, and of what it belongs to.
func callee(call *ast.CallExpr) (name, on string) {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name, ""
	case *ast.SelectorExpr:
		switch x := f.X.(type) {
		case *ast.Ident:
			return f.Sel.Name, x.Name
		case *ast.SelectorExpr:
			return f.Sel.Name, x.Sel.Name
		}
		return f.Sel.Name, ""
	}
	return "", ""
}

// joined is a sum of texts as a pattern. What is no literal is a hole, and looked into by itself.
func (c *collector) joined(n ast.Expr) (string, bool) {
	switch n := n.(type) {
	case *ast.ParenExpr:
		return c.joined(n.X)
	case *ast.BasicLit:
		if n.Kind == token.STRING {
			text, err := strconv.Unquote(n.Value)
			return text, err == nil
		}
		return "", false
	case *ast.BinaryExpr:
		if n.Op != token.ADD {
			return "", false
		}
		left, lok := c.joined(n.X)
		right, rok := c.joined(n.Y)
		if !lok && !rok {
			return "", false
		}
		return c.orHole(n.X, left, lok) + c.orHole(n.Y, right, rok), true
	}
	return "", false
}

func (c *collector) orHole(n ast.Expr, text string, ok bool) string {
	if ok {
		return text
	}
	ast.Walk(c, n)
	return hole
}

func (c *collector) note(at token.Pos, text string) {
	// Text looks at the parts of a sentence one by one.
	key := strings.TrimSuffix(strings.TrimLeft(Key(text), ";:, "), ":")
	if !words.MatchString(strings.ReplaceAll(key, hole, "")) || !sentence.MatchString(key) && !c.spoke {
		return
	}
	for _, s := range silent {
		if strings.Contains(filepath.ToSlash(c.path), s.file) && (s.text == "" || regexp.MustCompile(s.text).MatchString(key)) {
			return
		}
	}
	c.all[key] = append(c.all[key], fmt.Sprintf("%s:%d", filepath.ToSlash(strings.TrimPrefix(c.path, "../")), c.files.Position(at).Line))
}

// Every sentence that reaches a person is in the table, and nothing else is. go generate puts what is missing into
// its place, to be translated, and what no source says any more to the end, from where it can be taken.
func TestComplete(t *testing.T) {
	all := collect(t)
	if *update {
		rewrite(t, all)
		return
	}
	table := chinese().texts
	for _, key := range slices.SortedFunc(maps.Keys(all), func(a, b string) int { return strings.Compare(all[a][0]+a, all[b][0]+b) }) {
		if table[key] == "" {
			t.Errorf("%s: zh.toml lacks\n%s = \"\"", all[key][0], quoted(key))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if all[key] == nil {
			t.Errorf("zh.toml: no source says %q any more", key)
		}
	}
}

// rewrite orders the table by the packages that say the sentences.
func rewrite(t *testing.T, all found) {
	table := maps.Clone(chinese().texts)
	packages := map[string][]string{}
	for key, at := range all {
		dir, _, _ := strings.Cut(at[0], ":")
		packages[filepath.ToSlash(filepath.Dir(dir))] = append(packages[filepath.ToSlash(filepath.Dir(dir))], key)
	}
	var b strings.Builder
	b.WriteString("# What people read, in Chinese. The key is the English of the source, with {} for each verb of its format; {1}, {2} take\n" +
		"# the values in another order, {、} holds a list. go generate ./locale adds what is missing, the tests find what is not translated.\n")
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		fmt.Fprintf(&b, "\n# %s\n", name)
		slices.Sort(packages[name])
		for _, key := range packages[name] {
			fmt.Fprintf(&b, "%s = %s\n", quoted(key), quoted(table[key]))
			delete(table, key)
		}
	}
	if len(table) > 0 {
		b.WriteString("\n# No source says these any more.\n")
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		fmt.Fprintf(&b, "%s = %s\n", quoted(key), quoted(table[key]))
	}
	if err := os.WriteFile("zh.toml", []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// quoted is a text in quotes of TOML.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

// The page's table has what reaches a phone, and nothing else.
func TestPhoneTable(t *testing.T) {
	const name = "../miniprogram/src/i18n/gateway.json"
	table := map[string]string{}
	for key, places := range collect(t) {
		for _, p := range phone {
			said := slices.ContainsFunc(places, func(at string) bool { return strings.HasPrefix(at, p.file) })
			if said && regexp.MustCompile(p.text).MatchString(key) {
				table[key] = chinese().texts[key]
			}
		}
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(table); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(name); err != nil || string(text) != b.String() {
		t.Errorf("%s is not what go generate ./locale writes (%v)", name, err)
	}
}

var holes = regexp.MustCompile(`\{(\d*)、?\}`)

// Both sides of an entry have the same holes, and the Chinese one has Chinese punctuation.
func TestEntries(t *testing.T) {
	half := regexp.MustCompile(`[\p{Han}，。；：？！（）、“”][,;:?!()]|[,;:?!()][\p{Han}，。；：？！（）、“”]|[，。；：？！、] +\S`)
	for key, text := range chinese().texts {
		want := strings.Count(key, hole)
		seen, next := map[int]bool{}, 0
		for _, h := range holes.FindAllStringSubmatch(text, -1) {
			n, err := strconv.Atoi(h[1])
			if err != nil {
				next++
				n = next
			} else if n > want {
				continue // {12}: no hole
			}
			seen[n] = true
		}
		for n := range want {
			if !seen[n+1] {
				t.Errorf("%q: %q lacks hole %d", key, text, n+1)
			}
		}
		if len(seen) > want {
			t.Errorf("%q: %q has more than %d holes", key, text, want)
		}
		if strings.Count(key, "\t") != strings.Count(text, "\t") {
			t.Errorf("%q: %q has other columns", key, text)
		}
		if bad := half.FindString(strings.ReplaceAll(holes.ReplaceAllString(text, "x"), "! 表示", "x")); bad != "" {
			t.Errorf("%q: %q: full-width punctuation in %q", key, text, bad)
		}
		if strings.Contains(key, hole+hole) {
			t.Errorf("%q: nothing separates two holes", key)
		}
	}
}

// The table is TOML, and says the same to a reader of TOML.
func TestTableIsTOML(t *testing.T) {
	text, err := os.ReadFile("zh.toml")
	if err != nil {
		t.Fatal(err)
	}
	var table map[string]string
	if err := toml.Unmarshal(text, &table); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(table, chinese().texts) {
		t.Error("zh.toml says something else")
	}
}
