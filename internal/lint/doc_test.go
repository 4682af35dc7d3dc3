package lint

import (
	"encoding/json"
	"go/ast"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The test code in a package comment compiles, as a package of its own.
func TestTaughtTestsCompile(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	overlay := map[string]string{}
	for _, p := range load(t) {
		for _, f := range p.files {
			if source := taught(f); source != "" {
				name := strings.ReplaceAll(strings.TrimPrefix(p.path, module+"/"), "/", "_")
				file := filepath.Join(t.TempDir(), "taught_test.go")
				if err := os.WriteFile(file, []byte(source), 0o666); err != nil {
					t.Fatal(err)
				}
				overlay[filepath.Join(root, "internal", "lint", "taught", name, "taught_test.go")] = file
			}
		}
	}
	if len(overlay) == 0 {
		t.Fatal("no package comment teaches a test")
	}
	replace, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(list, replace, 0o666); err != nil {
		t.Fatal(err)
	}
	for file := range overlay { // any order: each compiles alone
		dir := filepath.Dir(file)
		cmd := exec.Command("go", "test", "-vet=off", "-c", "-o", os.DevNull, "-overlay="+list, "./internal/lint/taught/"+filepath.Base(dir))
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", filepath.Base(dir), err, out)
		}
	}
}

// taught returns the code block of a package comment that starts with a package
// clause.
func taught(f *ast.File) string {
	_, text, ok := strings.Cut(f.Doc.Text(), "\n\tpackage ")
	if !ok {
		return ""
	}
	source := "package "
	for line := range strings.Lines(text) {
		if source != "package " && line != "\n" && !strings.HasPrefix(line, "\t") {
			break
		}
		source += strings.TrimPrefix(line, "\t")
	}
	return source
}
