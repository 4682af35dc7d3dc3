// Package lint checks the project's rules that a compiler does not check.
package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/berthsim/berth"

// pkg is one of berth's packages, type-checked without its tests.
type pkg struct {
	path  string
	files []*ast.File
	info  *types.Info
	fset  *token.FileSet
}

func (p *pkg) at(n ast.Node) string {
	pos := p.fset.Position(n.Pos())
	return filepath.Base(filepath.Dir(pos.Filename)) + "/" + filepath.Base(pos.Filename) + ":" + itoa(pos.Line)
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

type listed struct {
	ImportPath, Dir, Export string
	GoFiles, Imports        []string
	Standard                bool
}

// load lists and type-checks berth's packages, with the compiler's export data for
// the rest.
func load(t *testing.T) []*pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,Standard", module+"/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	var ours []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := decoder.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[l.ImportPath] = l.Export
		if l.ImportPath == module || strings.HasPrefix(l.ImportPath, module+"/") {
			ours = append(ours, l)
		}
	}
	fset := token.NewFileSet()
	lookup := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", lookup)}
	var pkgs []*pkg
	for _, l := range ours {
		p := &pkg{path: l.ImportPath, fset: fset, info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}}
		for _, name := range l.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(l.Dir, name), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			p.files = append(p.files, f)
		}
		if _, err := config.Check(l.ImportPath, fset, p.files, p.info); err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	if len(pkgs) < 4 {
		t.Fatalf("only %d packages", len(pkgs))
	}
	return pkgs
}

// library reports whether users import the package, directly or through another.
func (p *pkg) library() bool {
	part := strings.TrimPrefix(p.path, module+"/")
	if strings.HasPrefix(part, "internal/") {
		return slices.ContainsFunc(arrows, func(a arrow) bool { return a.part == part })
	}
	return !strings.HasPrefix(part, "examples/")
}

func TestHouseRules(t *testing.T) {
	for _, p := range load(t) {
		p.checkImports(t)
		if !p.library() {
			continue
		}
		for _, f := range p.files {
			p.checkDocumented(t, f)
			p.checkDeterministic(t, f)
		}
	}
}

// arrow lists the packages of berth that a package may import.
type arrow struct{ part, mayImport string }

// arrows has a row for each package of the library.
var arrows = []arrow{
	{"internal/enum", ""},
	{"internal/kube", ""},
	{"internal/spell", ""},
	{"internal/span", ""},
	{"internal/par", ""},
	{"internal/podtemplate", ""},
	{"internal/apiserver/kinds", ""},
	{"internal/apiserver/decode", "internal/kube internal/spell internal/par internal/apiserver/kinds"},
	{"internal/apiserver/defaults", "internal/kube internal/apiserver/kinds"},
	{"internal/apiserver/validation", "internal/kube internal/apiserver/kinds internal/apiserver/defaults"},
	{"internal/apiserver/apply", "internal/apiserver/kinds"},
	{"internal/apiserver/admission", "internal/kube internal/apiserver/defaults internal/apiserver/validation"},
	{"internal/snapshot", "internal/kube internal/podtemplate internal/apiserver/kinds"},
	{"cluster", "internal/snapshot internal/podtemplate internal/spell internal/kube internal/par internal/apiserver/kinds internal/apiserver/decode internal/apiserver/defaults internal/apiserver/validation"},
	{"internal/borrow", "cluster internal/snapshot internal/apiserver/admission internal/kube"},
	{"cluster/clustertest", "cluster internal/borrow"},
	{"internal/room/hook", "cluster"},
	{"placement", "cluster internal/apiserver/admission internal/apiserver/apply internal/borrow internal/snapshot internal/enum internal/kube internal/podtemplate internal/room/hook internal/spell"},
	{"internal/room", "cluster internal/room/hook placement"},
	{"placement/placementtest", "cluster cluster/clustertest placement"},
	{"rollout/internal/probe", "cluster internal/kube placement"},
	{"rollout", "cluster placement internal/borrow internal/apiserver/admission internal/apiserver/apply internal/apiserver/defaults internal/apiserver/validation internal/enum internal/kube internal/room internal/spell rollout/internal/probe"},
	{"rollout/diagnosis", "cluster placement internal/apiserver/apply internal/apiserver/admission internal/kube internal/room rollout rollout/internal/probe"},
	{"rollout/timeline", "rollout rollout/internal/probe"},
	{"rollout/rollouttest", "internal/span cluster cluster/clustertest internal/borrow internal/kube placement rollout rollout/internal/probe rollout/diagnosis"},
	{"rollout/dryrun", "internal/span cluster placement internal/borrow internal/snapshot rollout rollout/diagnosis rollout/internal/probe internal/apiserver/apply internal/apiserver/defaults internal/apiserver/kinds internal/apiserver/validation internal/kube internal/podtemplate internal/room"},
}

func (p *pkg) checkImports(t *testing.T) {
	for _, a := range arrows {
		if p.path != module+"/"+a.part {
			continue
		}
		for _, f := range p.files {
			for _, i := range f.Imports {
				path := strings.Trim(i.Path.Value, `"`)
				if rest, ours := strings.CutPrefix(path, module+"/"); ours && !slices.Contains(strings.Fields(a.mayImport), rest) {
					t.Errorf("%s: %s imports %s: the arrows are internal/kube <- internal/apiserver <- cluster <- placement <- rollout <- rollout/dryrun", p.at(i), a.part, rest)
				}
			}
		}
	}
}

func (p *pkg) checkDocumented(t *testing.T, f *ast.File) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && exportedReceiver(d) && d.Doc == nil && !saysItself(d) {
				t.Errorf("%s: %s has no comment", p.at(d), d.Name.Name)
			}
		case *ast.GenDecl:
			p.checkSpecs(t, d)
		}
	}
}

// saysItself reports whether a function needs no doc comment: String and GoString.
func saysItself(d *ast.FuncDecl) bool {
	return d.Recv != nil && (d.Name.Name == "String" || d.Name.Name == "GoString")
}

func (p *pkg) checkSpecs(t *testing.T, d *ast.GenDecl) {
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
				t.Errorf("%s: %s has no comment", p.at(s), s.Name.Name)
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
					t.Errorf("%s: %s has no comment", p.at(s), name.Name)
				}
			}
		}
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

// checkDeterministic: no clock, no shared randomness, and a map's order never
// reaches a result. A function that ranges over a map sorts, or says why the order
// does not matter in a comment with "any order".
func (p *pkg) checkDeterministic(t *testing.T, f *ast.File) {
	anyOrder := map[int]bool{}
	for _, group := range f.Comments {
		if strings.Contains(group.Text(), "any order") {
			anyOrder[p.fset.Position(group.Pos()).Line] = true
			anyOrder[p.fset.Position(group.End()).Line+1] = true
		}
	}
	for _, d := range f.Decls {
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				p.checkUse(t, n)
			case *ast.GoStmt:
				if p.path != module+"/internal/par" {
					t.Errorf("%s: a goroutine: use internal/par, which keeps the order of results", p.at(n))
				}
			case *ast.RangeStmt:
				typ := p.info.Types[n.X].Type
				if _, isMap := typ.Underlying().(*types.Map); isMap && !sorts(d) && !anyOrder[p.fset.Position(n.Pos()).Line] {
					t.Errorf("%s: a map is ranged over, and its order may reach a result", p.at(n))
				}
			}
			return true
		})
	}
}

func (p *pkg) checkUse(t *testing.T, s *ast.SelectorExpr) {
	used, ok := p.info.Uses[s.Sel].(*types.Func)
	if !ok || used.Pkg() == nil || used.Type().(*types.Signature).Recv() != nil {
		return
	}
	switch name := used.Pkg().Path() + "." + used.Name(); {
	case name == "time.Now" || name == "time.Since" || name == "time.Sleep":
		t.Errorf("%s: %s: berth has a clock of its own", p.at(s), name)
	case used.Pkg().Path() == "math/rand", used.Pkg().Path() == "math/rand/v2" && !strings.HasPrefix(used.Name(), "New"):
		t.Errorf("%s: %s: randomness comes from a seed", p.at(s), name)
	}
}

func sorts(d ast.Decl) bool {
	found := false
	ast.Inspect(d, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && strings.HasPrefix(s.Sel.Name, "Sort") {
			found = true
		}
		return !found
	})
	return found
}

// Only programs parse command lines: nobody who imports berth compiles cobra.
func TestOnlyExamplesImportCobra(t *testing.T) {
	users := 0
	for _, p := range load(t) {
		for _, f := range p.files {
			for _, i := range f.Imports {
				if !strings.HasPrefix(i.Path.Value, `"github.com/spf13/`) {
					continue
				}
				if users++; !strings.HasPrefix(p.path, module+"/examples/") {
					t.Errorf("%s imports %s: only examples may", p.at(i), i.Path.Value)
				}
			}
		}
	}
	if users == 0 {
		t.Error("nothing imports cobra: the test looks at the wrong path")
	}
}

// The packages that a user of placement compiles are few and light.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", module+"/placement").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if len(deps) >= 120 || len(deps) < 10 {
		t.Errorf("%d packages", len(deps))
	}
	for _, d := range deps {
		for _, heavy := range []string{"k8s.io/client-go", "sigs.k8s.io/controller-runtime", "k8s.io/component-base", "k8s.io/apimachinery/pkg/runtime/serializer", "k8s.io/kubernetes"} {
			// Package metav1 itself imports the cbor ones; the version, which is one
			// small file, is what the checks of Pod Security need.
			light := strings.Contains(d, "/cbor/") || d == "k8s.io/component-base/version"
			if (d == heavy || strings.HasPrefix(d, heavy+"/")) && !light {
				t.Errorf("placement imports %s", d)
			}
		}
	}
}
