package decode

import (
	"iter"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// Place is where an object stands: in a document, or in an item of its list.
// The zero Place is that of an object made in Go.
type Place struct {
	doc  *document
	item string // path of a list item: "items[3]"; "" for the document itself
}

// Document returns the number of the document, counted from 1, or 0 for the zero Place.
func (p Place) Document() int {
	if p.doc == nil {
		return 0
	}
	return p.doc.number
}

// path is a field of the object as a field of the document.
func (p Place) path(field string) string {
	switch {
	case p.item == "":
		return field
	case field == "":
		return p.item
	}
	return p.item + "." + field
}

// maxIndexed is the size up to which a document is read once more to find the
// lines of its fields. Above it a message has the line of the document.
const maxIndexed = 4 << 20

// LineFinder finds the lines of fields. It reads a document again, with a parser
// that keeps positions, when a line of that document is first asked for.
type LineFinder struct {
	roots map[*document]*yaml.Node
	keys  map[*yaml.Node]map[string]int // of a mapping that was looked into: where each key stands
}

// NewLineFinder returns a LineFinder that has read nothing yet.
func NewLineFinder() LineFinder {
	return LineFinder{map[*document]*yaml.Node{}, map[*yaml.Node]map[string]int{}}
}

// root is the content of the document, nil if it cannot be indexed.
func (f LineFinder) root(doc *document) *yaml.Node {
	if node, known := f.roots[doc]; known {
		return node
	}
	var node yaml.Node
	if len(doc.text) > maxIndexed || yaml.Unmarshal(doc.text, &node) != nil || len(node.Content) == 0 {
		f.roots[doc] = nil
		return nil
	}
	f.roots[doc] = node.Content[0]
	return f.roots[doc]
}

// Line returns the line of the stream that has the field of the object at p, or
// that of the closest enclosing field that exists. It is 0 for the zero Place.
func (f LineFinder) Line(p Place, field string) int {
	if p.doc == nil {
		return 0
	}
	if path := p.path(field); path != "" {
		if line, _ := f.find(p.doc, path); line > 0 {
			return p.doc.streamLine(line)
		}
	}
	return p.doc.content
}

// spelling is how a scalar is written in the document; "" if that is not known.
func (f LineFinder) spelling(p Place, field string) string {
	_, node := f.find(p.doc, p.path(field))
	if node == nil {
		return ""
	}
	return node.Value
}

// find follows the path as far as it exists: the line of the last step, counted
// from 1 in the document, and the value, nil if the path does not end there.
func (f LineFinder) find(doc *document, path string) (line int, node *yaml.Node) {
	node = f.root(doc)
	for path != "" && node != nil {
		var at int
		if node, at, path = f.descend(node, path); at > 0 {
			line = at
		}
	}
	return line, node
}

// streamLine is a line that a YAML parser counted from 1 in the document, as a
// line of the stream. YAML has more line ends than editors have (a lone CR, NEL),
// so it may be past the last.
func (d *document) streamLine(line int) int {
	return min(d.line+line-1, d.last)
}

// descend takes the first step of the path. The node is nil where there is no
// such field. Paths come from several libraries: a key may be ".key" or "[key]"
// and may hold dots itself, so the keys that exist decide how a path is cut.
func (f LineFinder) descend(node *yaml.Node, path string) (child *yaml.Node, line int, rest string) {
	switch node.Kind {
	case yaml.AliasNode:
		return node.Alias, 0, path
	case yaml.SequenceNode:
		return descendList(node, path)
	case yaml.MappingNode:
		return f.descendMap(node, path)
	}
	return nil, 0, ""
}

func descendList(node *yaml.Node, path string) (*yaml.Node, int, string) {
	digits, rest, ok := strings.Cut(strings.TrimPrefix(path, "["), "]")
	i, err := strconv.Atoi(digits)
	if !ok || err != nil || i < 0 || i >= len(node.Content) {
		return nil, 0, ""
	}
	item := node.Content[i]
	return item, item.Line, strings.TrimPrefix(rest, ".")
}

// descendMap takes the longest key that the path begins with.
func (f LineFinder) descendMap(node *yaml.Node, path string) (child *yaml.Node, line int, rest string) {
	keys, longest := f.keysOf(node), -1
	for key, after := range cuts(path) {
		if i, ok := keys[key]; ok && len(key) > longest {
			child, line, rest, longest = node.Content[i+1], node.Content[i].Line, after, len(key)
		}
	}
	return child, line, rest
}

// keysOf gives the index of each key of a mapping, of repeated ones the last, which
// is the one that counts.
func (f LineFinder) keysOf(node *yaml.Node) map[string]int {
	keys := f.keys[node]
	if keys == nil {
		keys = make(map[string]int, len(node.Content)/2)
		for i := 0; i+1 < len(node.Content); i += 2 {
			keys[node.Content[i].Value] = i
		}
		f.keys[node] = keys
	}
	return keys
}

// cuts yields every way to cut a key from the front of a path, with what follows.
func cuts(path string) iter.Seq2[string, string] {
	return func(yield func(key, rest string) bool) {
		for i := range len(path) + 1 {
			var key string
			switch {
			case i == 0:
				continue
			case path[0] == '[' && path[i-1] == ']':
				key = path[1 : i-1]
			case i == len(path) || path[i] == '.' || path[i] == '[':
				key = path[:i]
			default:
				continue
			}
			if !yield(key, strings.TrimPrefix(path[i:], ".")) {
				return
			}
		}
	}
}

// repetition is a key that a YAML mapping has more than once.
type repetition struct {
	path        string
	line, first int // of the stream
}

// repetitions finds the repeated keys of a document, in its order.
func (f LineFinder) repetitions(doc *document) []repetition {
	var found []repetition
	var visit func(node *yaml.Node, path string)
	visit = func(node *yaml.Node, path string) {
		if node.Kind == yaml.SequenceNode {
			for i, item := range node.Content {
				visit(item, path+"["+strconv.Itoa(i)+"]")
			}
		}
		if node.Kind != yaml.MappingNode {
			return
		}
		first := map[string]int{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			here := joinPath(path, key.Value)
			if line, seen := first[key.Value]; seen {
				found = append(found, repetition{path: here, line: doc.streamLine(key.Line), first: doc.streamLine(line)})
			} else {
				first[key.Value] = key.Line
			}
			visit(node.Content[i+1], here)
		}
	}
	if root := f.root(doc); root != nil {
		visit(root, "")
	}
	return found
}

func joinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
