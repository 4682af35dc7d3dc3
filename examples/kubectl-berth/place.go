package main

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// place is the position of an object.
type place struct {
	file string
	line int // of its first key, from 1
}

// places finds the positions of the DaemonSets of a file, by namespace/name, as far as
// it reads as YAML. Positions only show results where people edit, so a missing one is
// no error.
func places(file string, text []byte) map[string]place {
	found := map[string]place{}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		if decoder.Decode(&doc) != nil {
			return found
		}
		for _, root := range doc.Content {
			find(root, file, found)
		}
	}
}

func find(n *yaml.Node, file string, found map[string]place) {
	if items := child(n, "items"); items != nil {
		for _, item := range items.Content {
			find(item, file, found)
		}
	}
	meta := child(n, "metadata")
	if kind := child(n, "kind"); kind == nil || kind.Value != "DaemonSet" || meta == nil {
		return
	}
	namespace := "default"
	if v := child(meta, "namespace"); v != nil {
		namespace = v.Value
	}
	if name := child(meta, "name"); name != nil {
		found[namespace+"/"+name.Value] = place{file, n.Line}
	}
}

// child returns a value of a mapping, or nil if there is none.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
