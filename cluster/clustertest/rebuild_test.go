package clustertest_test

import (
	"go/ast"
	"go/parser"
	"strconv"

	"pgregory.net/rapid"

	"github.com/berthsim/berth/cluster/clustertest"
)

// rebuild evaluates the source of a World.
func rebuild(t *rapid.T, source string) (w clustertest.World) {
	e, err := parser.ParseExpr(source)
	if err != nil {
		t.Fatalf("%v in\n%s", err, source)
	}
	for _, element := range e.(*ast.CompositeLit).Elts {
		w = append(w, call(t, element.(*ast.CallExpr)))
	}
	return w
}

func call(t *rapid.T, c *ast.CallExpr) clustertest.Spec {
	var words []string
	number := 0
	for _, argument := range c.Args {
		literal := argument.(*ast.BasicLit)
		if word, err := strconv.Unquote(literal.Value); err == nil {
			words = append(words, word)
		} else if number, err = strconv.Atoi(literal.Value); err != nil {
			t.Fatal(err)
		}
	}
	switch function := c.Fun.(*ast.SelectorExpr).Sel.Name; function {
	case "Node":
		return clustertest.Node(words[0], words[1:]...)
	case "Pool":
		return clustertest.Pool(words[0], number, words[1:]...)
	case "DaemonSet":
		return clustertest.DaemonSet(words[0], words[1:]...)
	case "Pod":
		return clustertest.Pod(words[0], words[1:]...)
	default:
		t.Fatalf("there is no function %s", function)
		return clustertest.Spec{}
	}
}
