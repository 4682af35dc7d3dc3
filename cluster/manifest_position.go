package cluster

import (
	"strconv"
	"strings"

	yaml "sigs.k8s.io/yaml/goyaml.v3"
)

// place is where an object stands: in a document, or in an item of its list.
// The zero place is that of an object made in Go.
type place struct {
	doc  *document
	item string // path of a list item: "items[3]"; "" for the document itself
}

func (p place) number() int {
	if p.doc == nil {
		return 0
	}
	return p.doc.number
}

// path is a field of the object as a field of the document.
func (p place) path(field string) string {
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

// lineFinder finds the lines of fields. It reads a document again, with a parser
// that keeps positions, but only when something is to be said about it.
type lineFinder map[*document]*yaml.Node

// root is the content of the document, nil if it cannot be indexed.
func (f lineFinder) root(doc *document) *yaml.Node {
	if node, known := f[doc]; known {
		return node
	}
	var node yaml.Node
	if len(doc.text) > maxIndexed || yaml.Unmarshal(doc.text, &node) != nil || len(node.Content) == 0 {
		f[doc] = nil
		return nil
	}
	f[doc] = node.Content[0]
	return f[doc]
}

// line is where the field stands in the stream, or the nearest thing around it
// that exists; 0 if the place is not in a stream.
func (f lineFinder) line(p place, field string) int {
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
func (f lineFinder) spelling(p place, field string) string {
	_, node := f.find(p.doc, p.path(field))
	if node == nil {
		return ""
	}
	return node.Value
}

// find follows the path as far as it exists: the line of the last step, counted
// from 1 in the document, and the value, nil if the path does not end there.
func (f lineFinder) find(doc *document, path string) (line int, node *yaml.Node) {
	node = f.root(doc)
	for path != "" && node != nil {
		var at int
		if node, at, path = descend(node, path); at > 0 {
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
func descend(node *yaml.Node, path string) (child *yaml.Node, line int, rest string) {
	switch node.Kind {
	case yaml.AliasNode:
		return node.Alias, 0, path
	case yaml.SequenceNode:
		return descendList(node, path)
	case yaml.MappingNode:
		return descendMap(node, path)
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

func descendMap(node *yaml.Node, path string) (child *yaml.Node, line int, rest string) {
	longest := -1
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		after, ok := cutKey(path, key.Value)
		if ok && len(key.Value) >= longest { // the last of repeated keys is the one that counts
			child, line, rest, longest = node.Content[i+1], key.Line, after, len(key.Value)
		}
	}
	return child, line, rest
}

// cutKey cuts the key from the front of the path if it stands there as a whole.
func cutKey(path, key string) (rest string, ok bool) {
	if rest, ok := strings.CutPrefix(path, "["+key+"]"); ok {
		return strings.TrimPrefix(rest, "."), true
	}
	rest, ok = strings.CutPrefix(path, key)
	switch {
	case !ok || key == "":
		return "", false
	case rest == "" || rest[0] == '[':
		return rest, true
	case rest[0] == '.':
		return rest[1:], true
	}
	return "", false
}

// repetition is a key that a YAML mapping has more than once.
type repetition struct {
	path        string
	line, first int // of the stream
}

// repetitions finds the repeated keys of a document, in its order.
func (f lineFinder) repetitions(doc *document) []repetition {
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
