package lint

import (
	"go/ast"
	"go/parser"
	"path/filepath"
	"strings"
	"testing"
)

// kit says whether the package is for users' tests.
func (p *pkg) kit() bool { return p.library() && strings.HasSuffix(p.path, "test") }

// What only tests need, only packages for tests import.
func TestOnlyTestKitsDrawAtRandom(t *testing.T) {
	kits := 0
	for _, p := range load(t) {
		if p.kit() {
			kits++
			continue
		}
		for _, f := range p.files {
			for _, i := range f.Imports {
				if i.Path.Value == `"pgregory.net/rapid"` && p.library() {
					t.Errorf("%s imports rapid", p.at(i))
				}
			}
		}
	}
	if kits == 0 {
		t.Error("there is no test kit")
	}
}

// Every function, method, type and variable of a test kit is in a runnable example.
func TestKitsAreShownInExamples(t *testing.T) {
	for _, p := range load(t) {
		if !p.kit() {
			continue
		}
		shown := p.shown(t)
		for _, f := range p.files {
			for _, d := range f.Decls {
				for _, name := range exported(d) {
					if !shown[name.Name] {
						t.Errorf("%s: %s is in no example", p.at(name), name.Name)
					}
				}
			}
		}
	}
}

// exported are the names that a declaration exports; constants, and methods that
// fmt calls, go without an example.
func exported(d ast.Decl) (names []*ast.Ident) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if exportedReceiver(d) && d.Name.Name != "String" && d.Name.Name != "GoString" {
			names = append(names, d.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name)
			case *ast.ValueSpec:
				if d.Tok.String() == "var" {
					names = append(names, s.Names...)
				}
			}
		}
	}
	var public []*ast.Ident
	for _, n := range names {
		if n.IsExported() {
			public = append(public, n)
		}
	}
	return public
}

// shown are the names that the package's examples use, or are for.
func (p *pkg) shown(t *testing.T) map[string]bool {
	dir := filepath.Dir(p.fset.Position(p.files[0].Pos()).Filename)
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files {
		f, err := parser.ParseFile(p.fset, file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			example, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(example.Name.Name, "Example") {
				continue
			}
			for _, part := range strings.Split(strings.TrimPrefix(example.Name.Name, "Example"), "_") {
				names[part] = true
			}
			ast.Inspect(example.Body, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					names[s.Sel.Name] = true
				}
				return true
			})
		}
	}
	return names
}
