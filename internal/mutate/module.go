package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// module is the packages of a Go module.
type module struct {
	root, path string
	packages   []goPackage // ordered by import path
}

// goPackage is what go list says of a package.
type goPackage struct {
	Dir, ImportPath                    string
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
	Module                             struct{ Path, Dir string }
}

func loadModule(root string) (*module, error) {
	list := exec.Command("go", "list", "-json=Dir,ImportPath,GoFiles,Imports,TestImports,XTestImports,Module", "./...")
	list.Dir = root
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, err
	}
	m := &module{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return nil, err
		}
		m.root, m.path = p.Module.Dir, p.Module.Path
		m.packages = append(m.packages, p)
	}
}

// below is the directory of a package below the root, with slashes.
func (m *module) below(p goPackage) string {
	if p.ImportPath == m.path {
		return "."
	}
	return strings.TrimPrefix(p.ImportPath, m.path+"/")
}

// importers returns the packages whose tests see the package, itself first and
// then by the number of imports in between.
func (m *module) importers(of string) []string {
	found := []string{of}
	for i := 0; i < len(found); i++ {
		for _, p := range m.packages {
			imports := slices.Concat(p.Imports, p.TestImports, p.XTestImports)
			if slices.Contains(imports, found[i]) && !slices.Contains(found, p.ImportPath) {
				found = append(found, p.ImportPath)
			}
		}
	}
	return found
}

// mutant is a fault of a file.
type mutant struct {
	fault
	importPath   string
	file         string // absolute
	name         string // below the module's root
	line, column int
	source       string
}

// id names the mutant in the output and in the list of equivalents: where the fault
// begins, how many bytes it replaces, and its kind.
func (m mutant) id() string {
	return fmt.Sprintf("%s:%d:%d+%d %s", m.name, m.line, m.column, m.end-m.start, m.kind)
}

// mutated is the file's text with the fault.
func (m mutant) mutated() string { return m.source[:m.start] + m.text + m.source[m.end:] }

// diff is the lines that the fault changes.
func (m mutant) diff() string {
	start := strings.LastIndexByte(m.source[:m.start], '\n') + 1
	end := len(m.source)
	if i := strings.IndexByte(m.source[m.end:], '\n'); i >= 0 {
		end = m.end + i
	}
	before := m.source[start:end]
	after := m.source[start:m.start] + m.text + m.source[m.end:end]
	return marked("-", before) + marked("+", after)
}

func marked(mark, text string) string {
	var b strings.Builder
	for _, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) != "" {
			b.WriteString("  " + mark + line + "\n")
		}
	}
	return b.String()
}

// draw returns all mutants of each part in the order in which they are to be tried.
// A kind is drawn first and then a fault of it: otherwise constants and dropped
// statements would be most of them.
func (m *module) draw(parts []string, seed uint64) ([][]mutant, error) {
	drawn := make([][]mutant, len(parts))
	for _, p := range m.packages {
		part := partOf(m.below(p), parts)
		if part < 0 {
			continue
		}
		mutants, err := m.mutants(p)
		if err != nil {
			return nil, err
		}
		drawn[part] = append(drawn[part], mutants...)
	}
	r := rand.New(rand.NewPCG(seed, 0))
	for i, mutants := range drawn {
		drawn[i] = shuffle(r, mutants)
	}
	return drawn, nil
}

// partOf returns the part with the longest directory that holds dir, or -1.
func partOf(dir string, parts []string) int {
	if strings.HasSuffix(dir, "test") {
		return -1 // a test kit
	}
	longest, found := -1, -1
	for i, part := range parts {
		for _, d := range strings.Split(part, ",") {
			if d = path.Clean(d); (dir == d || strings.HasPrefix(dir, d+"/")) && len(d) > longest {
				longest, found = len(d), i
			}
		}
	}
	return found
}

// mutants are those of all files of a package.
func (m *module) mutants(p goPackage) ([]mutant, error) {
	var mutants []mutant
	for _, base := range p.GoFiles {
		file := filepath.Join(p.Dir, base)
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, file, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		if ast.IsGenerated(parsed) {
			continue
		}
		lines := fset.File(parsed.Pos())
		for _, f := range findFaults(fset, parsed, string(source)) {
			at := lines.Position(lines.Pos(f.start))
			mutants = append(mutants, mutant{
				fault: f, importPath: p.ImportPath, file: file, name: path.Join(m.below(p), base),
				line: at.Line, column: at.Column, source: string(source),
			})
		}
	}
	return mutants, nil
}

// shuffle orders mutants at random, kinds mixed evenly for as long as each lasts.
func shuffle(r *rand.Rand, mutants []mutant) []mutant {
	byKind := map[string][]mutant{}
	var kinds []string
	for _, m := range mutants {
		if byKind[m.kind] == nil {
			kinds = append(kinds, m.kind)
		}
		byKind[m.kind] = append(byKind[m.kind], m)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		of := byKind[kind]
		r.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
	}
	var shuffled []mutant
	for len(kinds) > 0 {
		i := r.IntN(len(kinds))
		of := byKind[kinds[i]]
		shuffled = append(shuffled, of[0])
		if byKind[kinds[i]] = of[1:]; len(of) == 1 {
			kinds = slices.Delete(kinds, i, i+1)
		}
	}
	return shuffled
}
