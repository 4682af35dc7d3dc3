package lint

import (
	"go/ast"
	"go/parser"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// kit reports whether the package is for users' tests.
func (p *pkg) kit() bool { return p.library() && strings.HasSuffix(p.path, "test") }

// Packages that only tests need are imported only by packages for tests.
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

// berth's own tests draw from the common seed. Examples do not, as they are meant to
// be copied.
func TestDrawsAreSeeded(t *testing.T) {
	format := `{{.ImportPath}}{{range .TestImports}} {{.}}{{end}}{{range .XTestImports}} {{.}}{{end}}`
	out, err := exec.Command("go", "list", "-f", format, module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		draws, seeded := slices.Contains(words[1:], "pgregory.net/rapid"), slices.Contains(words[1:], module+"/internal/seed")
		if draws && !seeded && !strings.HasPrefix(words[0], module+"/examples/") {
			t.Errorf("tests of %s draw by luck: internal/seed is not imported", words[0])
		}
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
					if !shown[name.Name] && name.Name != "MarshalJSON" { // encoding/json calls it
						t.Errorf("%s: %s is in no example", p.at(name), name.Name)
					}
				}
			}
		}
	}
}

// exported returns the names that a declaration exports. Constants, and methods that
// fmt calls, need no example.
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

// shown returns the names that the package's examples use or document.
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
