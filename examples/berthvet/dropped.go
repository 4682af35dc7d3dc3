package main

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"runtime"
	"strings"
)

// module is the path of berth.
const module = "github.com/berthsim/berth"

// unit is a package as go vet describes it to its tool: vetConfig in package work of
// the go command.
type unit struct {
	Compiler                  string
	ImportPath                string
	GoVersion                 string
	GoFiles                   []string
	ImportMap                 map[string]string // by path in the source
	PackageFile               map[string]string // export data, by package path
	VetxOnly                  bool              // only facts for other packages are wanted
	VetxOutput                string            // file for them
	SucceedOnTypecheckFailure bool              // the compiler reports the errors
}

// dropped returns a line for each call that changes nothing because its result is dropped.
func (u *unit) dropped() ([]string, error) {
	if u.VetxOnly || !u.mayCall() {
		return nil, nil
	}
	set, info := token.NewFileSet(), &types.Info{Uses: map[*ast.Ident]types.Object{}}
	files, err := u.check(set, info)
	if err != nil {
		if u.SucceedOnTypecheckFailure {
			return nil, nil
		}
		return nil, err
	}
	var found []string
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if call := statement(n); call != nil {
				if f := callee(info, call); f != nil && changesNothing(f) {
					found = append(found, fmt.Sprintf("%s: result of %s call not used", set.Position(call.Pos()), f.FullName()))
				}
			}
			return true
		})
	}
	return found, nil
}

// mayCall reports whether the package is of berth or imports it.
func (u *unit) mayCall() bool {
	if ofBerth(u.ImportPath) {
		return true
	}
	for path := range u.PackageFile {
		if ofBerth(path) {
			return true
		}
	}
	return false
}

func ofBerth(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// check parses the files of the package and resolves their names.
func (u *unit) check(set *token.FileSet, info *types.Info) ([]*ast.File, error) {
	var files []*ast.File
	for _, name := range u.GoFiles {
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	compiled := importer.ForCompiler(set, u.Compiler, func(path string) (io.ReadCloser, error) {
		file, ok := u.PackageFile[path]
		if !ok {
			return nil, fmt.Errorf("no export data for %q", path)
		}
		return os.Open(file)
	})
	config := types.Config{
		GoVersion: u.GoVersion,
		Sizes:     types.SizesFor(u.Compiler, runtime.GOARCH),
		Importer:  imports(func(path string) (*types.Package, error) { return compiled.Import(u.ImportMap[path]) }),
	}
	_, err := config.Check(u.ImportPath, set, files, info)
	return files, err
}

type imports func(path string) (*types.Package, error)

func (f imports) Import(path string) (*types.Package, error) { return f(path) }

// statement returns the call if the statement is nothing else.
func statement(n ast.Node) *ast.CallExpr {
	switch s := n.(type) {
	case *ast.ExprStmt:
		call, _ := ast.Unparen(s.X).(*ast.CallExpr)
		return call
	case *ast.DeferStmt:
		return s.Call
	case *ast.GoStmt:
		return s.Call
	}
	return nil
}

func callee(info *types.Info, call *ast.CallExpr) *types.Func {
	fun := ast.Unparen(call.Fun)
	switch generic := fun.(type) {
	case *ast.IndexExpr:
		fun = generic.X
	case *ast.IndexListExpr:
		fun = generic.X
	}
	var name *ast.Ident
	switch f := fun.(type) {
	case *ast.Ident:
		name = f
	case *ast.SelectorExpr:
		name = f.Sel
	default:
		return nil
	}
	f, _ := info.Uses[name].(*types.Func)
	return f
}

// changesNothing reports whether the function is one of berth's that return a changed
// copy of their receiver or of an argument, or an iterator.
func changesNothing(f *types.Func) bool {
	if !f.Exported() || f.Pkg() == nil || !ofBerth(f.Pkg().Path()) || strings.Contains(f.Pkg().Path(), "/internal/") {
		return false
	}
	sig := f.Signature()
	for result := range sig.Results().Variables() {
		if isIterator(result.Type()) || sig.Recv() != nil && types.Identical(sig.Recv().Type(), result.Type()) {
			return true
		}
		for param := range sig.Params().Variables() {
			if _, basic := param.Type().(*types.Basic); !basic && types.Identical(param.Type(), result.Type()) {
				return true
			}
		}
	}
	return false
}

func isIterator(t types.Type) bool {
	named, ok := t.(*types.Named)
	return ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "iter"
}
