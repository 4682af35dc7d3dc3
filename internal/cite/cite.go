// Package cite finds the citations of the Kubernetes source in berth. A citation
// names a file in its module and declarations in the file: functions, methods,
// types, constants or variables.
//
//	(pkg/controller/daemon/update.go: rollingUpdate, snapshot; k8s.io/api/core/v1/types.go: Pod)
//
// It is in parentheses in a comment. The file is in k8s.io/kubernetes, unless its
// path begins with another module. A method may be preceded by its type, as in
// Fit.Filter. In a table in code the path and the names are two consecutive strings.
package cite

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// Citation states that File declares each of Names.
type Citation struct {
	Pos   token.Position // of the path
	File  string         // without its module if that is k8s.io/kubernetes
	Names []string       // Func, Type or Type.Method, at least one
}

// Mistake is text that looks like a citation but is not valid.
type Mistake struct {
	Pos  token.Position
	Text string
	Want string
}

// Error returns the mistake as text, with its position.
func (m Mistake) Error() string { return fmt.Sprintf("%s: %q: %s", m.Pos, m.Text, m.Want) }

// Under returns the citations in all Go files below a directory, and every mistake.
func Under(root string) (citations []Citation, mistakes []Mistake, err error) {
	fset := token.NewFileSet()
	err = filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".go" {
			return err
		}
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		c, m := In(fset, f)
		citations, mistakes = append(citations, c...), append(mistakes, m...)
		return nil
	})
	return citations, mistakes, err
}

// In returns the citations in the comments and tables of a file, and every mistake.
func In(fset *token.FileSet, f *ast.File) (citations []Citation, mistakes []Mistake) {
	r := reader{fset: fset}
	for _, group := range f.Comments {
		r.comment(group)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if table, ok := n.(*ast.CompositeLit); ok {
			r.table(table)
		}
		return true
	})
	return r.citations, r.mistakes
}

type reader struct {
	fset      *token.FileSet
	citations []Citation
	mistakes  []Mistake
}

const name = `[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?`

var (
	// like matches text that looks like a path to the source of Kubernetes: a path in a
	// module, a path cut short at the front, or the bare name of a file. It does not
	// match a module alone, nor the names in doc links and imports.
	like = regexp.MustCompile(`(?:^|[^\w./"\[-])((?:(?:pkg|cmd|plugins?|staging|(?:sigs\.)?k8s\.io/[\w.-]*\w)/[\w./{},*-]*|[\w./]+\.go\b))`)
	// path matches a path that may be cited.
	path = regexp.MustCompile(`^(?:(?:pkg|cmd|plugin)|(?:sigs\.)?k8s\.io/[\w.-]+)/(?:[\w.-]+/)*[\w.]+\.go$`)
	// named matches the names after a path, and the text that ends them.
	named = regexp.MustCompile(`^: (` + name + `(?:, ` + name + `)*)(?:\)|; (?:pkg|cmd|plugin|k8s\.io|sigs\.k8s\.io)/)`)
	// own matches a file of berth.
	own   = regexp.MustCompile(`^(?:cluster|placement|rollout|internal|examples)/|_test\.go$`)
	names = regexp.MustCompile(`^` + name + `(?:, ` + name + `)*$`)
)

// comment reads a comment as one line, since a citation may continue on the next.
func (r *reader) comment(group *ast.CommentGroup) {
	var text strings.Builder
	var starts []int // of each line in text
	var lines []token.Pos
	for _, c := range group.List {
		if strings.HasPrefix(c.Text, "//go:") {
			continue
		}
		starts, lines = append(starts, text.Len()), append(lines, c.Pos())
		line := strings.TrimPrefix(strings.TrimPrefix(c.Text, "//"), "/*")
		text.WriteString(strings.TrimSpace(line) + " ")
	}
	whole := text.String()
	for _, found := range like.FindAllStringSubmatchIndex(whole, -1) {
		from, to := found[2], found[3]
		line := sort.SearchInts(starts, from+1) - 1
		r.prose(lines[line], whole[:from], strings.TrimRight(whole[from:to], ".,"), whole[to:])
	}
}

// prose reads the citation that begins with a path, between the text before and
// after.
func (r *reader) prose(at token.Pos, before, file, after string) {
	found := named.FindStringSubmatch(after)
	switch {
	case !path.MatchString(file) && own.MatchString(file):
	case !path.MatchString(file):
		r.mistake(at, file, "cite the path of a file in its module")
	case found == nil || !strings.HasSuffix(before, "(") && !strings.HasSuffix(before, "; "):
		r.mistake(at, file, "cite a file as in (pkg/controller/daemon/update.go: rollingUpdate)")
	default:
		r.cite(at, file, found[1])
	}
}

// table reads the paths among the values of a literal, each with the names after it.
func (r *reader) table(table *ast.CompositeLit) {
	for i, value := range table.Elts {
		file := text(value)
		if !path.MatchString(file) {
			continue
		}
		if i+1 < len(table.Elts) && names.MatchString(text(table.Elts[i+1])) {
			r.cite(value.Pos(), file, text(table.Elts[i+1]))
			continue
		}
		r.mistake(value.Pos(), file, "what the file declares comes next, as a string")
	}
}

// text returns the value of an element that is a string literal, or "".
func text(value ast.Expr) string {
	if pair, ok := value.(*ast.KeyValueExpr); ok {
		value = pair.Value
	}
	if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
		s, _ := strconv.Unquote(literal.Value) // the compiler accepts it
		return s
	}
	return ""
}

func (r *reader) cite(at token.Pos, file, names string) {
	r.citations = append(r.citations, Citation{r.fset.Position(at), file, strings.Split(names, ", ")})
}

func (r *reader) mistake(at token.Pos, text, want string) {
	r.mistakes = append(r.mistakes, Mistake{r.fset.Position(at), text, want})
}
