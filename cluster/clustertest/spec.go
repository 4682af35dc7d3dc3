package clustertest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"
)

// Spec is an object, or a pool of nodes, described in words: a NodeSpec, a
// DaemonSetSpec or a PodSpec. It prints as a line of the notation that Parse reads,
// and with %#v as the call that makes it.
type Spec interface {
	fmt.Stringer
	fmt.GoStringer

	// Objects returns what the words describe, new at each call. The error names every
	// word that cannot be parsed. Objects does not check that the API server would
	// accept the result; cluster.Validate does.
	Objects() ([]runtime.Object, error)
}

// line is the common part of all specs.
type line struct {
	name  string // namespace/name if the kind is namespaced
	words []string
}

func (l line) with(words []string) line {
	return line{l.name, slices.Concat(l.words, words)}
}

func (l line) text(start ...string) string { return strings.Join(append(start, l.words...), " ") }

// call returns the source of a call with the words as its last arguments.
func (l line) call(function string, args ...string) string {
	for _, w := range l.words {
		args = append(args, strconv.Quote(w))
	}
	return "clustertest." + function + "(" + strings.Join(args, ", ") + ")"
}

// key returns the namespace and the name of a namespaced object.
func (l line) key() (namespace, name string) {
	if namespace, name, ok := strings.Cut(l.name, "/"); ok {
		return namespace, name
	}
	return "default", l.name
}

// read passes each word, cut at its first ':' or '=', to reader. The error joins the
// errors for all words.
func (l line) read(reader func(w word) error) error {
	var errs []error
	for _, text := range l.words {
		err := errors.New("a word is one word")
		if !strings.ContainsAny(text, " \t\r\n") && text != "" {
			err = reader(cut(text))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %q: %w", l.name, text, err))
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

// object returns the first object of a spec. A word that cannot be parsed fails the
// test.
func object[T runtime.Object](t rapid.TB, s Spec) (first T) {
	t.Helper()
	objects, err := s.Objects()
	if err != nil {
		t.Fatalf("%v", err)
	}
	if len(objects) == 0 {
		t.Fatalf("%s: there is no object", s)
		return first
	}
	return objects[0].(T)
}
