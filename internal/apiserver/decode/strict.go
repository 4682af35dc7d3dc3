package decode

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// step is the last step of a path into an object, linked to the steps before it. The
// nil step is the object itself. A path becomes text only when a message needs it:
// keys can be long, and there can be many below each.
type step struct {
	before *step
	name   string // a key, or "[3]"
	index  bool
}

func (s *step) key(name string) *step { return &step{s, name, false} }
func (s *step) item(i int) *step      { return &step{s, "[" + strconv.Itoa(i) + "]", true} }

// names returns the steps, starting at the object.
func (s *step) names() (names []string) {
	for ; s != nil; s = s.before {
		names = append(names, s.name)
	}
	slices.Reverse(names)
	return names
}

// maxPath is the length above which a path is shortened. A label's key, the longest
// name in Kubernetes, has at most 317 bytes.
const maxPath = 1024

// String returns the path as sigs.k8s.io/json writes it, shortened if it is very
// long.
func (s *step) String() string {
	var steps []*step
	length := 0
	for at := s; at != nil; at = at.before {
		steps = append(steps, at)
		length += len(at.name) + 1
	}
	var b strings.Builder
	for i := len(steps) - 1; i >= 0; i-- {
		if b.Len() > 0 && !steps[i].index {
			b.WriteByte('.')
		}
		name := steps[i].name
		if length > maxPath && len(name) > maxPath/2 {
			name = name[:maxPath/2] + "..."
		}
		if b.Len()+len(name) > maxPath {
			return strings.ToValidUTF8(b.String(), "") + "..."
		}
		b.WriteString(name)
	}
	return b.String()
}

// slip is a field that strict decoding rejects.
type slip struct {
	at       *step
	repeated bool       // otherwise unknown
	node     *yaml.Node // the key in the JSON
}

// slipsIn finds every field of an object that the type does not have, and every
// repeated key where the type has fields or keys, in the order of the text. It
// follows (sigs.k8s.io/json/json.go: UnmarshalStrict), which stops at 100, and like
// it reports each path once.
func slipsIn(root *yaml.Node, t reflect.Type) []slip {
	s := slipFinder{told: map[string]bool{}}
	s.visit(root, t, nil)
	return s.found
}

type slipFinder struct {
	found []slip
	told  map[string]bool
}

func (s *slipFinder) visit(node *yaml.Node, t reflect.Type, at *step) {
	t = pointedTo(t)
	if decodesItself(t) {
		return
	}
	switch {
	case node.Kind == yaml.SequenceNode && t.Kind() == reflect.Slice:
		for i, item := range node.Content {
			s.visit(item, t.Elem(), at.item(i))
		}
	case node.Kind == yaml.MappingNode && t.Kind() == reflect.Map:
		s.members(node, at, func(string) (reflect.Type, bool) { return t.Elem(), true })
	case node.Kind == yaml.MappingNode && t.Kind() == reflect.Struct:
		fields := fieldTypes(t)
		s.members(node, at, func(name string) (reflect.Type, bool) { t, ok := fields[name]; return t, ok })
	}
}

func (s *slipFinder) members(node *yaml.Node, at *step, typeOf func(name string) (reflect.Type, bool)) {
	seen := make(map[string]bool, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		here := at.key(key.Value)
		t, known := typeOf(key.Value)
		if !known || seen[key.Value] {
			s.tell(slip{here, known, key})
		}
		seen[key.Value] = true
		if known {
			s.visit(node.Content[i+1], t, here)
		}
	}
}

func (s *slipFinder) tell(found slip) {
	id := strconv.FormatBool(found.repeated) + found.at.String()
	if !s.told[id] {
		s.told[id] = true
		s.found = append(s.found, found)
	}
}

// repetition is a key that a YAML mapping has more than once.
type repetition struct {
	path        *step
	line, first int // in the text
}

// repetitions finds the repeated keys of an object, in its order. For a list it
// omits those below the items, because they belong to the items.
func repetitions(root *yaml.Node, isList bool) []repetition {
	var found []repetition
	var visit func(node *yaml.Node, at *step)
	visit = func(node *yaml.Node, at *step) {
		if node.Kind == yaml.SequenceNode {
			for i, item := range node.Content {
				visit(item, at.item(i))
			}
		}
		if node.Kind != yaml.MappingNode {
			return
		}
		first := map[string]int{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			here := at.key(key.Value)
			if line, seen := first[key.Value]; seen {
				found = append(found, repetition{here, key.Line, line})
			} else {
				first[key.Value] = key.Line
			}
			if !(isList && at == nil && key.Value == "items") {
				visit(node.Content[i+1], here)
			}
		}
	}
	visit(root, nil)
	return found
}
