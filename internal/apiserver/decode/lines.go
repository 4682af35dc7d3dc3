package decode

import (
	"bytes"
	"errors"
	"iter"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	yaml "go.yaml.in/yaml/v3"
)

// LineFinder finds the lines of fields. It parses a text again, with a parser that
// keeps positions, when a line in that text is first needed.
type LineFinder struct {
	roots map[*text]*yaml.Node
	keys  map[*yaml.Node]keyIndex // of each mapping searched so far
}

// keyIndex holds the position of each key of a mapping.
type keyIndex struct {
	at      map[string]int
	lengths map[int]bool // lengths of the keys
}

// NewLineFinder returns a LineFinder that has parsed nothing yet.
func NewLineFinder() LineFinder {
	return LineFinder{map[*text]*yaml.Node{}, map[*yaml.Node]keyIndex{}}
}

// root returns the content of the text, or nil if it cannot be parsed.
func (f LineFinder) root(t *text) *yaml.Node {
	node, known := f.roots[t]
	if !known {
		node = parseNode(t)
		f.roots[t] = node
	}
	return node
}

func parseNode(t *text) *yaml.Node {
	if t.isJSON {
		node, _ := jsonNode(t.bytes)
		return node
	}
	var node yaml.Node
	if yaml.Unmarshal(t.bytes, &node) != nil || len(node.Content) == 0 {
		return nil
	}
	return node.Content[0]
}

// Line returns the line in the stream of a field of the object at p, or of the
// closest enclosing field that exists. If the text is no longer held, it is the line
// of the object. It is 0 for the zero Place.
func (f LineFinder) Line(p Place, field string) int {
	if p.text == nil || field == "" {
		return p.line
	}
	if line, _ := f.find(p.text, joinPath(p.path, field)); line > 0 {
		return p.text.streamLine(line)
	}
	return p.line
}

// objectLine returns the line in the stream at which the object at p begins.
func (f LineFinder) objectLine(p Place) int {
	if p.path == "" || p.path == "[0]" && p.text.beginsAtDash() {
		return p.text.content()
	}
	if line, _ := f.find(p.text, p.path); line > 0 {
		return p.text.streamLine(line)
	}
	return p.text.content()
}

// spelling returns how a scalar is written in the text, or "" if that is not known.
func (f LineFinder) spelling(p Place, field string) string {
	_, node := f.find(p.text, joinPath(p.path, field))
	if node == nil {
		return ""
	}
	return node.Value
}

// lineOf returns the line in the stream of a field of the object at p, or of the
// closest enclosing field that exists.
func (f LineFinder) lineOf(p Place, field *step) int {
	line := p.line
	_, node := f.find(p.text, p.path)
	for _, name := range field.names() {
		for node != nil && node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		if node == nil {
			break
		}
		switch node.Kind {
		case yaml.SequenceNode:
			node, _, _ = descendList(node, name)
		case yaml.MappingNode:
			i, ok := f.keysOf(node).at[name]
			if !ok {
				return line
			}
			line, node = p.text.streamLine(node.Content[i].Line), node.Content[i+1]
			continue
		default:
			return line
		}
		if node != nil {
			line = p.text.streamLine(node.Line)
		}
	}
	return line
}

// node returns the YAML node at p, or nil if it is not known.
func (f LineFinder) node(p Place) *yaml.Node {
	_, node := f.find(p.text, p.path)
	return node
}

// find follows the path as far as it exists. It returns the line of the last step,
// counted from 1 in the text, and the value, or nil if the path does not end there.
func (f LineFinder) find(t *text, path string) (line int, node *yaml.Node) {
	node = f.root(t)
	for path != "" && node != nil {
		var at int
		if node, at, path = f.descend(node, path); at > 0 {
			line = at
		}
	}
	return line, node
}

// descend follows the first step of the path. The node is nil if there is no such
// field. Paths come from several libraries: a key may be ".key" or "[key]" and may
// contain dots, so the existing keys decide how a path is cut.
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

// descendMap follows the longest key that is a prefix of the path.
func (f LineFinder) descendMap(node *yaml.Node, path string) (child *yaml.Node, line int, rest string) {
	keys, longest := f.keysOf(node), -1
	for key, after := range cuts(path, keys.lengths) {
		if i, ok := keys.at[key]; ok && len(key) > longest {
			child, line, rest, longest = node.Content[i+1], node.Content[i].Line, after, len(key)
		}
	}
	return child, line, rest
}

// keysOf returns the index of each key of a mapping. Of repeated keys the last
// counts.
func (f LineFinder) keysOf(node *yaml.Node) keyIndex {
	keys, known := f.keys[node]
	if !known {
		keys = keyIndex{make(map[string]int, len(node.Content)/2), map[int]bool{}}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i].Value
			keys.at[key] = i
			keys.lengths[len(key)] = true
		}
		f.keys[node] = keys
	}
	return keys
}

// cuts yields every way to cut a key of one of these lengths from the front of a
// path, with the remainder. Only lengths of existing keys are tried, so a key with
// very many dots does not make it quadratic.
func cuts(path string, lengths map[int]bool) iter.Seq2[string, string] {
	return func(yield func(key, rest string) bool) {
		for i := 1; i <= len(path); i++ {
			var key string
			switch {
			case path[0] == '[' && path[i-1] == ']':
				key = path[1 : i-1]
			case i == len(path) || path[i] == '.' || path[i] == '[':
				key = path[:i]
			default:
				continue
			}
			if lengths[len(key)] && !yield(key, strings.TrimPrefix(path[i:], ".")) {
				return
			}
		}
	}
}

// jsonNode returns a JSON value as nodes with their lines, counted from 1.
func jsonNode(raw []byte) (*yaml.Node, error) {
	r := jsonReader{raw: raw, line: 1}
	r.Decoder = jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return r.node(0)
}

type jsonReader struct {
	*jsontext.Decoder
	raw  []byte
	at   int64
	line int
}

func (r *jsonReader) node(depth int) (*yaml.Node, error) {
	token, err := r.ReadToken()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, errTooDeep
	}
	// The end of a token is on its line: a JSON string contains no line end.
	offset := r.InputOffset()
	r.line += bytes.Count(r.raw[r.at:offset], []byte("\n"))
	r.at = offset
	node := &yaml.Node{Kind: yaml.ScalarNode, Line: r.line}
	switch token.Kind() {
	case '{':
		node.Kind = yaml.MappingNode
	case '[':
		node.Kind = yaml.SequenceNode
	case 'n':
		node.Tag, node.Value = "!!null", "null"
		return node, nil
	default:
		node.Value = token.String()
		return node, nil
	}
	for kind := r.PeekKind(); kind != '}' && kind != ']'; kind = r.PeekKind() {
		child, err := r.node(depth + 1)
		if err != nil {
			return nil, err
		}
		node.Content = append(node.Content, child)
	}
	_, err = r.ReadToken()
	return node, err
}

// maxDepth is how deep values may be nested. No real Kubernetes object comes close.
const maxDepth = 1000

var errTooDeep = errors.New("nested more than " + strconv.Itoa(maxDepth) + " levels deep")

func joinPath(path, key string) string {
	switch {
	case path == "":
		return key
	case key == "" || key[0] == '[':
		return path + key
	}
	return path + "." + key
}
