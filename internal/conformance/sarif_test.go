package conformance

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	_ "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif" // has the schema
	"github.com/xeipuuv/gojsonschema"
)

// The SARIF that kubectl berth writes, which its tests compare with these files, is
// valid against the schema of OASIS. The same with a negative line is not.
func TestSARIFIsValid(t *testing.T) {
	schema, err := gojsonschema.NewSchema(gojsonschema.NewStringLoader(sarifSchema(t)))
	if err != nil {
		t.Fatal(err)
	}
	validate := func(name string, text []byte) []gojsonschema.ResultError {
		var doc any
		if err := json.NewDecoder(bytes.NewReader(text)).Decode(&doc); err != nil {
			t.Fatal(name, err)
		}
		result, err := schema.Validate(gojsonschema.NewGoLoader(doc))
		if err != nil {
			t.Fatal(name, err)
		}
		return result.Errors()
	}
	files := 0
	for _, pattern := range []string{"*.sarif", "help/answers/*.sarif"} {
		names, _ := filepath.Glob(filepath.Join("../../examples/kubectl-berth/testdata", pattern))
		for _, name := range names {
			files++
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, mistake := range validate(name, text) {
				t.Errorf("%s: %s", name, mistake)
			}
			if broken := bytes.Replace(text, []byte(`"startLine": `), []byte(`"startLine": -`), 1); !bytes.Equal(broken, text) && len(validate(name, broken)) == 0 {
				t.Errorf("%s: a negative line is valid: the schema checks nothing", name)
			}
		}
	}
	if files < 3 {
		t.Errorf("only %d files", files)
	}
}

// sarifSchema returns the schema, which go-sarif has in an unexported constant.
func sarifSchema(t *testing.T) string {
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif").Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "schema.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var text string
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, err = strconv.Unquote(lit.Value)
		}
		return true
	})
	if err != nil || !strings.Contains(text, "Static Analysis Results Format") {
		t.Fatal("go-sarif has no schema any more", err)
	}
	return text
}
