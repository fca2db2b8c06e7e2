package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// inTurn are mutexes that put long works one after the other, such as two changes of the configuration. No port and no
// client waits for them.
var inTurn = map[string]bool{"changing": true, "keepOne": true}

// keepsLines are the types whose log is a heldLog, which does not log under the mutex.
var keepsLines = map[string]bool{"Device": true, "journal": true, "heldLog": true}

// receiver is the name of the type that a method belongs to; "" for a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if name, ok := t.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

var (
	heldDoc  = regexp.MustCompile(`\b(is|are) held\b`)
	heldName = regexp.MustCompile(`Locked$`)
	logNames = regexp.MustCompile(`^(Debug|Info|Warn|Error|Log)$`)
	logger   = regexp.MustCompile(`(?i)^log(ger)?$`)
)

// Nothing is logged while a mutex is held: whoever reads the log slowly would delay everyone who waits for it. A line that
// is made under a mutex is kept until it is released, as the heldLog of relay does.
func TestNothingIsLoggedUnderAMutex(t *testing.T) {
	for _, dir := range []string{"relay", "devices", "broker", "gateway"} {
		err := filepath.WalkDir(filepath.Join("..", "..", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			for _, decl := range file.Decls {
				f, ok := decl.(*ast.FuncDecl)
				if !ok || f.Body == nil || keepsLines[receiver(f)] {
					continue
				}
				held := 0
				if heldDoc.MatchString(f.Doc.Text()) && !strings.Contains(f.Doc.Text(), "changing is held") || heldName.MatchString(f.Name.Name) {
					held = 1
				}
				for _, at := range loggedUnder(f.Body, held) {
					t.Errorf("%s: %s logs while a mutex is held", files.Position(at), f.Name.Name)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// loggedUnder returns the places in a function that log between Lock and Unlock, in the order of the source. held is the
// number of mutexes that are held at its beginning.
func loggedUnder(body ast.Node, held int) (places []token.Pos) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			places = append(places, loggedUnder(n.Body, 0)...)
			return false
		case *ast.DeferStmt:
			return false // it runs at the end: a deferred Unlock leaves the mutex held
		case *ast.CallExpr:
			f, ok := n.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			var on string
			switch x := f.X.(type) {
			case *ast.Ident:
				on = x.Name
			case *ast.SelectorExpr:
				on = x.Sel.Name
			}
			switch {
			case inTurn[on]:
			case f.Sel.Name == "Lock":
				held++
			case f.Sel.Name == "Unlock", f.Sel.Name == "unlock":
				held = max(held-1, 0)
			case held > 0 && logNames.MatchString(f.Sel.Name) && logger.MatchString(on):
				places = append(places, n.Pos())
			}
		}
		return true
	})
	return places
}
