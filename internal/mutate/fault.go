package main

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

// fault is one small change: source[start:end] becomes text.
type fault struct {
	kind       string
	start, end int
	text       string
}

// The kinds of faults.
const (
	negate     = "negate"
	relax      = "relax"
	compare    = "compare"
	logic      = "logic"
	arithmetic = "arithmetic"
	addOne     = "add one"
	subtract   = "subtract one"
	flip       = "flip"
	loop       = "loop"
	drop       = "drop statement"
	dropCase   = "drop case"
	dropElse   = "drop else"
	element    = "remove element"
	early      = "return early"
)

// finder collects the faults of one file.
type finder struct {
	fset   *token.FileSet
	source string
	faults []fault
}

// findFaults returns the possible faults of a file in the order of its source.
// Not all of them compile.
func findFaults(fset *token.FileSet, file *ast.File, source string) []fault {
	f := &finder{fset: fset, source: source}
	ast.Inspect(file, func(n ast.Node) bool {
		f.visit(n)
		return true
	})
	return f.faults
}

func (f *finder) offset(p token.Pos) int { return f.fset.Position(p).Offset }

func (f *finder) text(n ast.Node) string { return f.source[f.offset(n.Pos()):f.offset(n.End())] }

// change adds the fault that makes text of the source from start to end.
func (f *finder) change(kind string, start, end token.Pos, text string) {
	f.faults = append(f.faults, fault{kind, f.offset(start), f.offset(end), text})
}

func (f *finder) visit(n ast.Node) {
	switch n := n.(type) {
	case *ast.FuncDecl:
		if n.Body != nil {
			f.returnEarly(n.Type, n.Body)
		}
	case *ast.FuncLit:
		f.returnEarly(n.Type, n.Body)
	case *ast.BlockStmt:
		f.dropStatements(n.List)
	case *ast.IfStmt:
		f.negate(n.Cond)
		if n.Else != nil {
			f.change(dropElse, n.Body.End(), n.Else.End(), "")
		}
	case *ast.ForStmt:
		f.negate(n.Cond)
	case *ast.SwitchStmt:
		f.cases(n.Body, n.Tag == nil)
	case *ast.TypeSwitchStmt:
		f.cases(n.Body, false)
	case *ast.CaseClause:
		if len(n.List) > 1 {
			f.removeElements(n.List, n.Colon)
		}
		f.dropStatements(n.Body)
	case *ast.BranchStmt:
		f.branch(n)
	case *ast.IncDecStmt:
		f.swap(n.TokPos, n.Tok)
	case *ast.AssignStmt:
		f.swap(n.TokPos, n.Tok)
	case *ast.BinaryExpr:
		f.binary(n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			f.change(negate, n.OpPos, n.X.Pos(), "")
		}
	case *ast.BasicLit:
		f.literal(n)
	case *ast.Ident:
		if other, ok := map[string]string{"true": "false", "false": "true"}[n.Name]; ok {
			f.change(flip, n.Pos(), n.End(), other)
		}
	case *ast.CompositeLit:
		f.removeElements(n.Elts, n.Rbrace)
	case *ast.CallExpr:
		f.call(n)
	}
}

// negate negates a condition, but for those that another fault negates.
func (f *finder) negate(cond ast.Expr) {
	switch c := cond.(type) {
	case nil:
		return
	case *ast.UnaryExpr:
		if c.Op == token.NOT {
			return
		}
	case *ast.BinaryExpr:
		if c.Op == token.EQL || c.Op == token.NEQ {
			return
		}
	}
	f.change(negate, cond.Pos(), cond.End(), "!("+f.text(cond)+")")
}

// cases drops each case and negates those that are conditions.
func (f *finder) cases(body *ast.BlockStmt, conditions bool) {
	for _, s := range body.List {
		c := s.(*ast.CaseClause)
		f.change(dropCase, c.Pos(), c.End(), "")
		for _, cond := range c.List {
			if conditions {
				f.negate(cond)
			}
		}
	}
}

// swaps are the operators that take each other's place.
var swaps = map[token.Token]struct {
	kind string
	with token.Token
}{
	token.EQL:        {negate, token.NEQ},
	token.NEQ:        {negate, token.EQL},
	token.LSS:        {compare, token.LEQ},
	token.LEQ:        {compare, token.LSS},
	token.GTR:        {compare, token.GEQ},
	token.GEQ:        {compare, token.GTR},
	token.LAND:       {logic, token.LOR},
	token.LOR:        {logic, token.LAND},
	token.ADD:        {arithmetic, token.SUB},
	token.SUB:        {arithmetic, token.ADD},
	token.MUL:        {arithmetic, token.QUO},
	token.QUO:        {arithmetic, token.MUL},
	token.INC:        {arithmetic, token.DEC},
	token.DEC:        {arithmetic, token.INC},
	token.ADD_ASSIGN: {arithmetic, token.SUB_ASSIGN},
	token.SUB_ASSIGN: {arithmetic, token.ADD_ASSIGN},
}

func (f *finder) swap(pos token.Pos, op token.Token) {
	if s, ok := swaps[op]; ok {
		f.change(s.kind, pos, pos+token.Pos(len(op.String())), s.with.String())
	}
}

// binary swaps the operator; of two conditions it also drops either.
func (f *finder) binary(b *ast.BinaryExpr) {
	f.swap(b.OpPos, b.Op)
	if b.Op == token.LAND || b.Op == token.LOR {
		f.change(relax, b.Pos(), b.Y.Pos(), "")
		f.change(relax, b.X.End(), b.End(), "")
	}
}

// literal changes a whole number by one.
func (f *finder) literal(l *ast.BasicLit) {
	if n, err := strconv.ParseInt(l.Value, 0, 64); l.Kind == token.INT && err == nil {
		f.change(addOne, l.Pos(), l.End(), strconv.FormatInt(n+1, 10))
		f.change(subtract, l.Pos(), l.End(), strconv.FormatInt(n-1, 10))
	}
}

func (f *finder) branch(b *ast.BranchStmt) {
	other := map[token.Token]string{token.BREAK: "continue", token.CONTINUE: "break"}[b.Tok]
	if other != "" && b.Label == nil {
		f.change(loop, b.Pos(), b.End(), other)
	}
}

// dropStatements drops each statement but declarations, whose names would be missing.
func (f *finder) dropStatements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.DeclStmt, *ast.BlockStmt, *ast.CaseClause, *ast.CommClause, *ast.LabeledStmt, *ast.EmptyStmt:
			continue
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE {
				continue
			}
		}
		f.change(drop, s.Pos(), s.End(), "")
	}
}

// call removes the arguments of builtins that take any number.
func (f *finder) call(c *ast.CallExpr) {
	name, ok := c.Fun.(*ast.Ident)
	if !ok || c.Ellipsis.IsValid() || len(c.Args) < 2 {
		return
	}
	switch name.Name {
	case "append":
		f.removeElements(c.Args[1:], c.Rparen)
	case "min", "max":
		f.removeElements(c.Args, c.Rparen)
	}
}

// removeElements removes each element of a list that ends before end.
func (f *finder) removeElements(list []ast.Expr, end token.Pos) {
	for i, e := range list {
		switch {
		case i+1 < len(list):
			f.change(element, e.Pos(), list[i+1].Pos(), "")
		case i > 0:
			f.change(element, list[i-1].End(), e.End(), "")
		default:
			f.change(element, e.Pos(), end, "")
		}
	}
}

// returnEarly returns zero values at the beginning of each block of a function.
func (f *finder) returnEarly(typ *ast.FuncType, body *ast.BlockStmt) {
	text := "return " + f.zeroes(typ.Results) + "; "
	ast.Inspect(body, func(n ast.Node) bool {
		block, ok := n.(*ast.BlockStmt)
		if ok && len(block.List) > 0 {
			first := block.List[0]
			_, returns := first.(*ast.ReturnStmt)
			_, clause := first.(*ast.CaseClause)
			if !returns && !clause {
				f.change(early, first.Pos(), first.Pos(), text)
			}
		}
		_, inner := n.(*ast.FuncLit)
		return !inner
	})
}

// zeroes are the zero values of a function's results.
func (f *finder) zeroes(results *ast.FieldList) string {
	if results == nil {
		return ""
	}
	var zeroes []string
	for _, field := range results.List {
		for range max(1, len(field.Names)) {
			zeroes = append(zeroes, "*new("+f.text(field.Type)+")")
		}
	}
	return strings.Join(zeroes, ", ")
}
