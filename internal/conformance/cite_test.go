package conformance

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthsim/berth/internal/cite"
)

// What berth cites exists in the release of Kubernetes that go.mod names.
func TestCitedCodeExists(t *testing.T) {
	citations, _, err := cite.Under("../..") // internal/lint reports the mistakes
	if err != nil {
		t.Fatal(err)
	}
	source := newSource(t)
	names := 0
	for _, c := range citations {
		names += len(c.Names)
		for _, fault := range source.faults(c) {
			t.Errorf("%s: %s", c.Pos, fault)
		}
	}
	t.Logf("%d citations of %d names in %d files", len(citations), names, len(source.files))
	if len(source.files) < 50 {
		t.Errorf("only %d files are cited", len(source.files))
	}
}

func TestCitedCodeThatDoesNotExist(t *testing.T) {
	source := newSource(t)
	for citation, want := range map[string]string{
		"pkg/controller/daemon/update.go: rollingUpdate":                      "",
		"pkg/controller/daemon/update.go: DaemonSetsController.rollingUpdate": "",
		"pkg/controller/daemon/daemon_controller.go: BurstReplicas":           "",
		"k8s.io/api/core/v1/types.go: Pod":                                    "",
		"pkg/controller/daemon/update.go: manage":                             "pkg/controller/daemon/update.go declares no manage",
		"pkg/controller/daemon/update.go: Other.rollingUpdate":                "pkg/controller/daemon/update.go declares no Other.rollingUpdate",
		"pkg/controller/daemon/rolling.go: rollingUpdate":                     "there is no pkg/controller/daemon/rolling.go",
		"k8s.io/nothing/types.go: Pod":                                        "no module of go.mod has k8s.io/nothing/types.go",
	} {
		file, name, _ := strings.Cut(citation, ": ")
		got := strings.Join(source.faults(cite.Citation{File: file, Names: []string{name}}), "; ")
		if got != want {
			t.Errorf("%s: got %q, want %q", citation, got, want)
		}
	}
}

// source is the source of the modules that go.mod names.
type source struct {
	dirs  map[string]string          // by module
	files map[string]map[string]bool // what each file declares, by its path on disk
}

func newSource(t *testing.T) *source {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Path}} {{.Dir}}", "all").Output()
	if err != nil {
		t.Fatal(err)
	}
	s := &source{map[string]string{}, map[string]map[string]bool{}}
	for line := range strings.Lines(string(out)) {
		module, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		s.dirs[module] = dir
	}
	return s
}

// faults returns what is wrong with a citation.
func (s *source) faults(c cite.Citation) (faults []string) {
	file := s.find(c.File)
	if file == "" {
		return []string{"no module of go.mod has " + c.File}
	}
	if s.files[file] == nil {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return []string{"there is no " + c.File}
		}
		s.files[file] = declared(f)
	}
	for _, name := range c.Names {
		if !s.files[file][name] {
			faults = append(faults, fmt.Sprintf("%s declares no %s", c.File, name))
		}
	}
	return faults
}

// find returns where a cited file is on disk, or "" if its module is not there.
func (s *source) find(file string) string {
	if !strings.Contains(file, "k8s.io/") {
		file = "k8s.io/kubernetes/" + file
	}
	for module := filepath.Dir(file); module != "."; module = filepath.Dir(module) {
		if dir := s.dirs[module]; dir != "" {
			return filepath.Join(dir, strings.TrimPrefix(file, module))
		}
	}
	return ""
}

// declared returns what a file declares: each method as Type.Method and as Method.
func declared(f *ast.File) map[string]bool {
	names := map[string]bool{}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			names[d.Name.Name] = true
			if d.Recv != nil {
				names[receiver(d.Recv.List[0].Type)+"."+d.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names[spec.Name.Name] = true
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						names[name.Name] = true
					}
				}
			}
		}
	}
	return names
}

// receiver returns the name of a receiver's type.
func receiver(typ ast.Expr) string {
	switch typ := typ.(type) {
	case *ast.StarExpr:
		return receiver(typ.X)
	case *ast.IndexExpr:
		return receiver(typ.X)
	case *ast.Ident:
		return typ.Name
	}
	return ""
}
