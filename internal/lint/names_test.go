package lint

import (
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"
)

// shared are the names that several packages may export: what Go programs call alike,
// and Kubernetes' own words for an input of a simulation, an edit of a plan, and an
// object in a test.
var shared = []string{"New", "Config", "Option", "Parse", "Apply", "Delete", "Pod"}

// An exported name means one thing, in whatever package.
func TestNamesMeanOneThing(t *testing.T) {
	where := map[string][]string{}
	for _, p := range load(t) {
		part := strings.TrimPrefix(p.path, module+"/")
		if strings.HasPrefix(part, "internal/") || strings.Contains(part, "/internal/") || strings.HasPrefix(part, "examples/") {
			continue
		}
		for _, f := range p.files {
			for _, name := range topLevel(f) {
				where[name] = append(where[name], part)
			}
		}
	}
	if len(where) < 100 {
		t.Fatalf("only %d names", len(where))
	}
	for _, name := range slices.Sorted(maps.Keys(where)) {
		if len(where[name]) > 1 && !slices.Contains(shared, name) {
			t.Errorf("%s is in %s", name, strings.Join(where[name], " and "))
		}
	}
}

// topLevel returns the exported names that a file declares outside of types.
func topLevel(f *ast.File) []string {
	var names []string
	add := func(id *ast.Ident) {
		if id.IsExported() {
			names = append(names, id.Name)
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				add(d.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					add(s.Name)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						add(id)
					}
				}
			}
		}
	}
	return names
}
