package locale

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// In Chinese a list has 、 between its items: where the sources put strings.Join(items, ", ") into a sentence, the hole of
// the Chinese sentence is marked.
func TestListsAreMarked(t *testing.T) {
	seen := 0
	for _, s := range sentencesWithLists(t) {
		text := chinese().texts[Key(s)]
		if text == "" {
			continue // it reaches nobody who reads Chinese
		}
		seen++
		marked := lists(text)
		n := 0
		for _, v := range verb.FindAllString(s, -1) {
			if v == "%%" {
				continue
			}
			if n++; v == listVerb && !marked[n] {
				t.Errorf("zh.toml: hole %d of %q holds a list: write {、} or {%d、} in %q", n, Key(s), n, text)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d sentences with lists were found", seen)
	}
}

// listVerb is in the place of a list in what sentencesWithLists returns; all other verbs are %v.
const listVerb = "%s"

// sentencesWithLists returns the formats of the sentences of the sources that hold a list.
func sentencesWithLists(t *testing.T) (all []string) {
	note := func(format string) {
		if strings.Contains(format, listVerb) {
			all = append(all, format)
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
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				note(sum(n))
				return false
			case *ast.CallExpr:
				note(call(n))
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sum is a sum of texts as a format.
func sum(n ast.Expr) string {
	switch n := n.(type) {
	case *ast.ParenExpr:
		return sum(n.X)
	case *ast.BasicLit:
		if text, err := strconv.Unquote(n.Value); err == nil {
			return strings.ReplaceAll(text, "%", "%%")
		}
	case *ast.BinaryExpr:
		return sum(n.X) + sum(n.Y)
	}
	if isList(n) {
		return listVerb
	}
	return "%v"
}

// call is the format of a call that has one, with listVerb for each list among its arguments.
func call(n *ast.CallExpr) string {
	format, ok := "", false
	if len(n.Args) > 1 {
		format, ok = text(n.Args[0])
	}
	verbs := verb.FindAllString(format, -1)
	if !ok || len(verbs) != len(n.Args)-1 {
		return ""
	}
	next := 0
	return verb.ReplaceAllStringFunc(format, func(string) string {
		next++
		if isList(n.Args[next]) {
			return listVerb
		}
		return "%v"
	})
}

func text(n ast.Expr) (string, bool) {
	l, ok := n.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

// isList says whether n is strings.Join(items, ", ").
func isList(n ast.Expr) bool {
	c, ok := n.(*ast.CallExpr)
	if !ok || len(c.Args) != 2 {
		return false
	}
	name, on := callee(c)
	sign, _ := text(c.Args[1])
	return on == "strings" && name == "Join" && sign == ", "
}
