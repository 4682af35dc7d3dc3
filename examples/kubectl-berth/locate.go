package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// place is a line of a file. The line is 0 if it is not known.
type place struct {
	file string
	line int // from 1
}

// locator finds the lines of objects and their fields in files. It reads the files
// again, on first use, because few forms of an answer show lines. What does not read as
// YAML has no place, which is no error: places only show results where people edit.
type locator struct {
	files []input
	found map[string]located // by key: "daemonset/namespace/name"
}

type located struct {
	file string
	node *yaml.Node
}

// place returns the place of an object, or of a field in it: the line of the longest
// part of the path that is there.
func (l *locator) place(key, path string) place {
	if l.found == nil {
		l.index()
	}
	at, ok := l.found[key]
	if !ok {
		return place{}
	}
	node, line := at.node, at.node.Line
	for _, step := range steps(path) {
		k, v := child(node, step)
		if v == nil {
			break
		}
		node, line = v, k.Line
	}
	return place{at.file, line}
}

func (l *locator) index() {
	l.found = map[string]located{}
	for _, in := range l.files {
		text := in.text
		if text == nil {
			text, _ = os.ReadFile(in.name)
		}
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		for {
			var doc yaml.Node
			if decoder.Decode(&doc) != nil {
				break
			}
			for _, root := range doc.Content {
				l.add(in.name, root)
			}
		}
	}
}

// add finds the objects of a document, which may be a list.
func (l *locator) add(file string, n *yaml.Node) {
	if _, items := child(n, "items"); items != nil {
		for _, item := range items.Content {
			l.add(file, item)
		}
	}
	kind, name, namespace := scalarAt(n, "kind"), scalarAt(n, "metadata", "name"), scalarAt(n, "metadata", "namespace")
	if kind == "" || name == "" {
		return
	}
	for _, key := range keysOf(kind, namespace, name) {
		if _, ok := l.found[key]; !ok {
			l.found[key] = located{file, n}
		}
	}
}

// keysOf returns the keys by which an object is asked for. An object without a namespace
// may be in "default", or of a kind that has none.
func keysOf(kind, namespace, name string) []string {
	kind = strings.ToLower(kind)
	if namespace != "" {
		return []string{kind + "/" + namespace + "/" + name}
	}
	return []string{kind + "/default/" + name, kind + "/" + name}
}

// scalarAt returns the scalar at a path of keys, or "".
func scalarAt(n *yaml.Node, keys ...string) string {
	for _, key := range keys {
		if _, n = child(n, key); n == nil {
			return ""
		}
	}
	return n.Value
}

// child returns the key and the value of a field of a mapping, or an item of a list
// twice, or nil if there is none.
func child(n *yaml.Node, step string) (key, value *yaml.Node) {
	if n.Kind == yaml.SequenceNode {
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i]
		}
		return nil, nil
	}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == step {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// steps splits "spec.containers[0].ports" and "spec.nodeSelector[a.b/c]".
func steps(path string) []string {
	var all []string
	for path != "" {
		if rest, ok := strings.CutPrefix(path, "["); ok {
			step, after, _ := strings.Cut(rest, "]")
			all, path = append(all, step), strings.TrimPrefix(after, ".")
			continue
		}
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			return append(all, path)
		}
		all = append(all, path[:end])
		path = strings.TrimPrefix(path[end:], ".")
	}
	return all
}
