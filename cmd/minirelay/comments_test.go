package main

import (
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sources holds the declarations in all Go files of the repository except tests.
type sources struct {
	fset     *token.FileSet
	files    map[string][]*ast.File     // by folder, for example devices/codec
	declared map[string]map[string]bool // by package name: Name, Type.Member
	members  map[string]bool            // Type.Member of any package
}

func readSources(t *testing.T) *sources {
	t.Helper()
	s := &sources{fset: token.NewFileSet(), files: map[string][]*ast.File{}, declared: map[string]map[string]bool{}, members: map[string]bool{}}
	err := filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			if path != "../.." && (strings.HasPrefix(e.Name(), ".") || e.Name() == "node_modules" || e.Name() == "testdata") {
				return filepath.SkipDir
			}
			return nil
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(s.fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel("../..", filepath.Dir(path))
		s.files[dir] = append(s.files[dir], f)
		s.declare(f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *sources) declare(f *ast.File) {
	names := s.declared[f.Name.Name]
	if names == nil {
		names = map[string]bool{}
		s.declared[f.Name.Name] = names
	}
	member := func(of, name string) {
		names[of+"."+name], s.members[of+"."+name] = true, true
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names[d.Name.Name] = true
				continue
			}
			of := d.Recv.List[0].Type
			if p, ok := of.(*ast.StarExpr); ok {
				of = p.X
			}
			if i, ok := of.(*ast.IndexExpr); ok {
				of = i.X
			}
			member(of.(*ast.Ident).Name, d.Name.Name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					for _, n := range spec.Names {
						names[n.Name] = true
					}
				case *ast.TypeSpec:
					names[spec.Name.Name] = true
					var fields *ast.FieldList
					switch t := spec.Type.(type) {
					case *ast.StructType:
						fields = t.Fields
					case *ast.InterfaceType:
						fields = t.Methods
					default:
						continue
					}
					for _, field := range fields.List {
						for _, n := range field.Names {
							member(spec.Name.Name, n.Name)
						}
					}
				}
			}
		}
	}
}

// knows reports whether some package declares name, for example relay.Handle, Relay.Handle or journal.admit.
func (s *sources) knows(name string) bool {
	first, rest, _ := strings.Cut(name, ".")
	return s.members[name] || s.declared[first][rest]
}

// A map in a package comment, like relay's walk, names only functions and files that exist, so that a rename cannot
// make it wrong.
func TestMapsNameWhatExists(t *testing.T) {
	s := readSources(t)
	call := regexp.MustCompile(`\b[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*)+\b`)
	checked := 0
	for dir, files := range s.files {
		for _, f := range files {
			if f.Doc == nil || !strings.Contains(f.Doc.Text(), "# The walk") {
				continue
			}
			for line := range strings.Lines(f.Doc.Text()) {
				if !strings.HasPrefix(line, "\t") && !strings.HasPrefix(line, " ") {
					continue
				}
				for _, name := range call.FindAllString(line, -1) {
					if strings.HasSuffix(name, ".go") {
						if _, err := os.Stat(filepath.Join("../..", dir, name)); err != nil {
							t.Errorf("the comment of %s names the file %s, which does not exist", dir, name)
						}
					} else if !s.knows(name) {
						t.Errorf("the comment of %s names %s, which does not exist", dir, name)
					}
					checked++
				}
			}
		}
	}
	if checked < 10 {
		t.Errorf("only %d names were found", checked)
	}
}

// A bracketed name in a comment is a valid link.
func TestLinksInComments(t *testing.T) {
	s := readSources(t)
	bracket := regexp.MustCompile(`\[\*?[A-Z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)?\]|\[[a-z][a-z0-9]*\.[A-Z][A-Za-z0-9.]*\]`)
	links := 0
	for dir, files := range s.files {
		p, err := doc.NewFromFiles(s.fset, slices.Clone(files), "minirelay/"+dir, doc.AllDecls|doc.PreserveAST)
		if err != nil {
			t.Fatal(err)
		}
		check := func(where, text string) {
			read := p.Parser().Parse(text)
			for _, block := range read.Content {
				eachText(block, func(part comment.Text) {
					switch part := part.(type) {
					case *comment.DocLink:
						links++
						if name := strings.TrimPrefix(part.Recv+"."+part.Name, "."); name != "ID" && strings.HasPrefix(part.ImportPath, "minirelay/") &&
							!s.declared[part.ImportPath[strings.LastIndex(part.ImportPath, "/")+1:]][name] {
							t.Errorf("%s, %s: [%s] of %s does not exist", dir, where, name, part.ImportPath)
						}
					case comment.Plain:
						for _, name := range bracket.FindAllString(string(part), -1) {
							if !strings.HasSuffix(name, ".ID]") && !strings.Contains(name, ".ID.") { // a table of the config
								t.Errorf("%s, %s: %s is not a valid link", dir, where, name)
							}
						}
					}
				})
			}
		}
		check("package", p.Doc)
		for _, f := range p.Funcs {
			check(f.Name, f.Doc)
		}
		for _, typ := range p.Types {
			check(typ.Name, typ.Doc)
			for _, f := range slices.Concat(typ.Funcs, typ.Methods) {
				check(typ.Name+"."+f.Name, f.Doc)
			}
		}
	}
	if links == 0 {
		t.Error("no comment has a link")
	}
}

// eachText calls do for each text of a block and of the blocks inside it.
func eachText(block comment.Block, do func(comment.Text)) {
	var text []comment.Text
	switch b := block.(type) {
	case *comment.Paragraph:
		text = b.Text
	case *comment.Heading:
		text = b.Text
	case *comment.List:
		for _, item := range b.Items {
			for _, inner := range item.Content {
				eachText(inner, do)
			}
		}
	}
	for _, part := range text {
		do(part)
	}
}
