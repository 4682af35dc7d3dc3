// Package zero calls everything in a package with nothing: zero receivers, nil
// receivers, zero arguments. It also fills objects with nonsense. No call may panic.
package zero

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// Check calls each given function with zero arguments, and so each exported method
// of the type of each given value. It calls methods on the zero value, for numeric
// types also on the largest, and for pointers also on nil. It iterates over the
// iterators in the results. The test fails for each panic, and for each exported
// function and each exported type with methods that the package in the working
// directory has and that is not given.
func Check(t *testing.T, given ...any) {
	t.Helper()
	declared, seen := exported(t), map[string]bool{}
	for _, g := range given {
		v, typ := reflect.ValueOf(g), reflect.TypeOf(g)
		name := typ.Name()
		switch {
		case typ.Kind() == reflect.Func && name == "":
			name = funcName(v)
			call(t, name, v)
		case typ.Kind() == reflect.Pointer:
			name = typ.Elem().Name()
			methods(t, "zero", declared[name], reflect.New(typ.Elem()))
			methods(t, "nil", declared[name], reflect.Zero(typ))
		default:
			methods(t, "zero", declared[name], reflect.New(typ))
			if last := largest(typ); !last.Elem().IsZero() {
				methods(t, "largest", declared[name], last)
			}
		}
		seen[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if !seen[name] {
			t.Errorf("%s is not given", name)
		}
	}
}

// largest returns the largest value of a numeric type, which identifies nothing.
func largest(typ reflect.Type) reflect.Value {
	p := reflect.New(typ)
	switch {
	case p.Elem().CanUint():
		p.Elem().SetUint(math.MaxUint64 >> (64 - typ.Bits()))
	case p.Elem().CanInt():
		p.Elem().SetInt(math.MaxInt64 >> (64 - typ.Bits()))
	}
	return p
}

// methods calls the methods of a pointer. For a nil pointer it skips value methods,
// for which the language itself panics, and Unmarshal methods.
func methods(t *testing.T, which string, names []string, p reflect.Value) {
	t.Helper()
	typ := p.Type().Elem()
	for _, name := range names {
		if _, byValue := typ.MethodByName(name); !p.IsNil() || !byValue && !strings.HasPrefix(name, "Unmarshal") {
			call(t, fmt.Sprintf("%s %s.%s", which, typ.Name(), name), p.MethodByName(name))
		}
	}
}

func call(t *testing.T, name string, f reflect.Value) {
	t.Helper()
	typ, args := f.Type(), []reflect.Value{}
	for i := range typ.NumIn() {
		args = append(args, reflect.Zero(typ.In(i)))
	}
	if len(args) > 0 && typ.In(0).Implements(reflect.TypeFor[interface{ Helper() }]()) {
		return // no test to report to
	}
	if !typ.IsVariadic() {
		if p := try(func() { drink(f.Call(args)) }); p != "" {
			t.Errorf("%s panics: %s", name, p)
		}
		return
	}
	last := len(args) - 1
	for _, more := range []reflect.Value{args[last], reflect.MakeSlice(typ.In(last), 1, 1)} {
		args[last] = more
		if p := try(func() { drink(f.CallSlice(args)) }); p != "" {
			t.Errorf("%s of %d panics: %s", name, more.Len(), p)
		}
	}
}

// try describes the panic of the call and its place.
func try(call func()) (panicked string) {
	defer func() {
		if p := recover(); p != nil {
			panicked = fmt.Sprint(p) + place()
		}
	}()
	call()
	return ""
}

// drink iterates over the iterators among the results.
func drink(results []reflect.Value) {
	for _, v := range results {
		switch {
		case v.Kind() != reflect.Func || v.IsNil():
		case v.Type().CanSeq2():
			for range v.Seq2() {
			}
		case v.Type().CanSeq():
			for range v.Seq() {
			}
		}
	}
}

// place returns where in berth's code the panic occurred.
func place() string {
	for line := range strings.Lines(string(debug.Stack())) {
		if line = strings.TrimSpace(line); strings.Contains(line, ".go:") && !strings.Contains(line, "/src/") && !strings.Contains(line, "internal/zero/") {
			return "\n" + line
		}
	}
	return ""
}

func funcName(f reflect.Value) string {
	name := runtime.FuncForPC(f.Pointer()).Name()
	name, _, _ = strings.Cut(name, "[") // of a generic function
	return name[strings.LastIndexByte(name, '.')+1:]
}

// exported returns the package's functions, and its types with their methods.
func exported(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string][]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		addExported(names, f)
	}
	return names
}

func addExported(names map[string][]string, f *ast.File) {
	for _, d := range f.Decls {
		f, isFunc := d.(*ast.FuncDecl)
		if !isFunc || !f.Name.IsExported() {
			continue
		}
		switch name := receiver(f); {
		case f.Recv == nil:
			names[f.Name.Name] = nil
		case ast.IsExported(name):
			names[name] = append(names[name], f.Name.Name)
		}
	}
}

// receiver returns the type of a method's receiver.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if ident, ok := typ.(*ast.Ident); ok {
		return ident.Name
	}
	return ""
}
