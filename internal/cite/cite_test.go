package cite

import (
	"fmt"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

func read(t *testing.T, source string) (got string) {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "f.go", "package f\n"+source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	citations, mistakes := In(fset, f)
	for _, c := range citations {
		got += fmt.Sprintf("%d %s %s\n", c.Pos.Line, c.File, strings.Join(c.Names, " "))
	}
	for _, m := range mistakes {
		got += fmt.Sprintf("%d refused %s\n", m.Pos.Line, m.Text)
	}
	return got
}

func TestCitations(t *testing.T) {
	for _, test := range []struct{ name, source, want string }{
		{"one", "// It manages (pkg/a/b.go: manage).", "2 pkg/a/b.go manage\n"},
		{"names and a method", "// (pkg/a/b.go: f, T.g, K)", "2 pkg/a/b.go f T.g K\n"},
		{"several", "// (cmd/a/b.go: f; k8s.io/api/core/v1/types.go: Pod; sigs.k8s.io/yaml/yaml.go: g)",
			"2 cmd/a/b.go f\n2 k8s.io/api/core/v1/types.go Pod\n2 sigs.k8s.io/yaml/yaml.go g\n"},
		{"after words", "// (for kubectl; pkg/a/b.go: f)", "2 pkg/a/b.go f\n"},
		{"in the next line", "// One\n// (pkg/a/b.go:\n// f; plugin/c.go:\n// g).", "3 pkg/a/b.go f\n4 plugin/c.go g\n"},
		{"behind code", "var x = 1 // one (pkg/a/b.go: f)", "2 pkg/a/b.go f\n"},
		{"generated", "// (pkg/a/zz_generated.defaults.go: f)", "2 pkg/a/zz_generated.defaults.go f\n"},
		{"upstream's test", "// (pkg/a/b_test.go: TestF)", "2 pkg/a/b_test.go TestF\n"},
		{"no citation", "// As k8s.io/kubernetes v1.37.2 does. [k8s.io/api/core/v1.Pod]\n//\n//\timport \"k8s.io/api/core/v1\"\n//\n// See cluster/view.go and view_test.go.", ""},
		{"no label", `// node.kubernetes.io/not-ready, scheduling.k8s.io/v1, kwok.x-k8s.io/node`, ""},
		{"a linkname", "//go:linkname f k8s.io/kubernetes/pkg/a.f\nfunc f()", ""},

		{"a directory", "// (pkg/a: f)", "2 refused pkg/a\n"},
		{"a directory of a module", "// (k8s.io/api/core/v1: Pod)", "2 refused k8s.io/api/core/v1\n"},
		{"a comma", "// (pkg/a/b.go, f)", "2 refused pkg/a/b.go\n"},
		{"no name", "// (pkg/a/b.go)", "2 refused pkg/a/b.go\n"},
		{"words among the names", "// (pkg/a/b.go: f, with g off)", "2 refused pkg/a/b.go\n"},
		{"words after the name", "// (pkg/a/b.go: f and g)", "2 refused pkg/a/b.go\n"},
		{"in running text", "// f follows pkg/a/b.go: f.", "2 refused pkg/a/b.go\n"},
		{"of", "// f follows g of pkg/a/b.go.", "2 refused pkg/a/b.go\n"},
		{"several with a comma", "// (pkg/a/b.go: f, pkg/a/c.go: g)", "2 refused pkg/a/b.go\n2 refused pkg/a/c.go\n"},
		{"cut short", "// (plugins/noderesources, fitsRequest)", "2 refused plugins/noderesources\n"},
		{"a bare file", "// (update.go: rollingUpdate)", "2 refused update.go\n"},
		{"staging", "// (staging/src/k8s.io/api/core/v1/types.go: Pod)", "2 refused staging/src/k8s.io/api/core/v1/types.go\n"},
		{"braces", "// defaults of pkg/apis/{core,apps}/v1", "2 refused pkg/apis/{core,apps}/v1\n"},

		{"a table", `var x = []struct{ file, function string }{{"pkg/a/b.go", "f, T.g"}}`, "2 pkg/a/b.go f T.g\n"},
		{"a table with keys", `var x = []T{{File: "pkg/a/b.go", Func: "f"}}`, "2 pkg/a/b.go f\n"},
		{"a table without names", `var x = []T{{"f", "pkg/a/b.go"}}`, "2 refused pkg/a/b.go\n"},
		{"a table with words", `var x = []T{{"pkg/a/b.go", "f and g"}}`, "2 refused pkg/a/b.go\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := read(t, test.source); got != test.want {
				t.Errorf("got:\n%swant:\n%s", got, test.want)
			}
		})
	}
}
