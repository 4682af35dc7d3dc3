package clustertest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"
)

// Spec describes an object, or a pool of nodes, in words. Node, Pool, DaemonSet,
// Given and Pod make one. It prints as a line of the notation that Parse reads, and
// with %#v as the call that makes it.
type Spec struct {
	kind  string // one of kinds
	name  string // namespace/name if the kind is namespaced
	words []string
	nodes int               // of a pool
	given *appsv1.DaemonSet // nil unless made by Given
}

// kinds are the words that may start a line in place of a node's name.
var kinds = []string{node, pool, daemonSet, pod}

const (
	node      = "node"
	pool      = "pool"
	daemonSet = "daemonset"
	pod       = "pod"
)

// With returns the same object with more words, for example a DaemonSet's next
// version.
func (s Spec) With(words ...string) Spec {
	s.words = slices.Concat(s.words, words)
	return s
}

// Named returns the same object under another name; of a pool, one node.
func (s Spec) Named(name string) Spec {
	s.name = name
	if s.kind == pool {
		s.kind, s.nodes = node, 0
	}
	if s.given != nil {
		s.given = s.given.DeepCopy()
		s.given.Namespace, s.given.Name = s.key()
	}
	return s
}

// Names returns the names of the objects, in order: of nodes, or namespace/name of a
// DaemonSet or pod.
func (s Spec) Names() []string {
	switch s.kind {
	case pool:
		return s.poolNames()
	case node:
		return []string{s.name}
	}
	namespace, name := s.key()
	return []string{namespace + "/" + name}
}

// Objects returns what the words describe, new at each call. The error names every
// word that cannot be parsed. Objects does not check that the API server would
// accept the result; cluster.Validate does. It costs a few µs per object.
func (s Spec) Objects() ([]runtime.Object, error) {
	switch s.kind {
	case node, pool:
		return s.nodeObjects()
	case daemonSet:
		return one(s.daemonSet())
	case pod:
		return one(s.pod())
	}
	return nil, errors.New("the zero Spec describes nothing: use a function such as Node")
}

func one[T runtime.Object](object T, err error) ([]runtime.Object, error) {
	if err != nil {
		return nil, err
	}
	return []runtime.Object{object}, nil
}

// Object returns the object that a spec describes, of a pool the first node. A word
// that cannot be parsed, or a spec of another kind, fails the test:
//
//	ds := clustertest.Object[*appsv1.DaemonSet](t, spec)
func Object[T runtime.Object](t rapid.TB, s Spec) (first T) {
	t.Helper()
	objects, err := s.Objects()
	if err != nil {
		t.Fatalf("%v", err)
		return first
	}
	if len(objects) == 0 {
		t.Fatalf("%s: there is no object", s)
		return first
	}
	first, ok := objects[0].(T)
	if !ok {
		t.Fatalf("%s: is not a %T", s, first)
	}
	return first
}

// String returns the spec as a line of the notation.
func (s Spec) String() string {
	start := []string{s.kind, s.name}
	switch {
	case s.kind == pool:
		start = append(start, strconv.Itoa(s.nodes))
	case s.kind == node && !slices.Contains(kinds, s.name) && !strings.HasPrefix(s.name, "#"):
		start = start[1:]
	}
	return strings.Join(append(start, s.words...), " ")
}

// GoString returns the call that makes the spec.
func (s Spec) GoString() string {
	function, args := "", []string{strconv.Quote(s.name)}
	switch {
	case s.kind == node:
		function = "Node"
	case s.kind == pool:
		function, args = "Pool", append(args, strconv.Itoa(s.nodes))
	case s.given != nil:
		function, args = "Given", []string{variable(s.given.Name)}
	case s.kind == daemonSet:
		function = "DaemonSet"
	case s.kind == pod:
		function = "Pod"
	default:
		return "clustertest.Spec{}"
	}
	for _, w := range s.words {
		args = append(args, strconv.Quote(w))
	}
	return "clustertest." + function + "(" + strings.Join(args, ", ") + ")"
}

// key returns the namespace and the name of a namespaced object.
func (s Spec) key() (namespace, name string) {
	if namespace, name, ok := strings.Cut(s.name, "/"); ok {
		return namespace, name
	}
	return "default", s.name
}

// read passes each word, cut at its first ':' or '=', to reader. The error joins the
// errors for all words.
func (s Spec) read(reader func(w word) error) error {
	var errs []error
	for _, text := range s.words {
		err := errors.New("a word is one word")
		if !strings.ContainsAny(text, " \t\r\n") && text != "" {
			err = reader(cut(text))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %q: %w", s.name, text, err))
		}
	}
	return errors.Join(errs...)
}

// word is a word of the notation: "cordoned", "key=value" or "key:value".
type word struct {
	key   string
	sep   byte // '=', ':' or 0
	value string
}

func cut(text string) word {
	i := strings.IndexAny(text, ":=")
	if i < 0 {
		return word{key: text}
	}
	return word{text[:i], text[i], text[i+1:]}
}

var errNoSuchWord = errors.New("no such word")
