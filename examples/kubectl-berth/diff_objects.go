package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berthsim/berth/cluster"
	"github.com/berthsim/berth/rollout/dryrun"
)

// difference is an object that one dump has and the other has not, or has otherwise.
type difference struct {
	Object string               `json:"object"` // "daemonset/namespace/name"
	Action dryrun.Action        `json:"action"` // Created, Changed or Deleted
	Fields []dryrun.FieldChange `json:"fields"` // of a changed object, in the order of their paths
}

func (d difference) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", map[dryrun.Action]string{dryrun.ActionCreated: "+", dryrun.ActionDeleted: "-", dryrun.ActionChanged: "~"}[d.Action], d.Object)
	for _, f := range d.Fields {
		fmt.Fprintf(&b, "    %s: %s -> %s\n", f.Path, orNone(f.From), orNone(f.To))
	}
	return b.String()
}

func orNone(value string) string {
	if value == "" {
		return "<none>"
	}
	return value
}

// objectDiff compares the objects of two dumps that -n and -l leave, kind after kind.
func objectDiff(in *source, before, after *cluster.Manifest) ([]difference, error) {
	old, err := fieldsOf(in, before)
	if err != nil {
		return nil, err
	}
	now, err := fieldsOf(in, after)
	if err != nil {
		return nil, err
	}
	all := []difference{}
	for _, key := range keysOfBoth(old, now) {
		d := difference{Object: key, Action: dryrun.ActionChanged, Fields: []dryrun.FieldChange{}}
		switch {
		case old[key] == nil:
			d.Action = dryrun.ActionCreated
		case now[key] == nil:
			d.Action = dryrun.ActionDeleted
		default:
			if d.Fields = changedFields(nil, "", old[key], now[key]); len(d.Fields) == 0 {
				continue
			}
		}
		all = append(all, d)
	}
	return all, nil
}

func keysOfBoth[V any](a, b map[string]V) []string {
	keys := slices.Collect(maps.Keys(a))
	for key := range b { // any order: sorted below
		if _, ok := a[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// fieldsOf returns the objects as trees of fields, by key.
func fieldsOf(in *source, m *cluster.Manifest) (map[string]map[string]any, error) {
	all := map[string]map[string]any{}
	for _, o := range m.Objects() {
		meta := o.(metav1.Object)
		if in.namespace != "" && meta.GetNamespace() != in.namespace || !in.labels.Matches(labels.Set(meta.GetLabels())) {
			continue
		}
		text, err := json.Marshal(o)
		if err != nil {
			return nil, err
		}
		var tree map[string]any
		if err := json.Unmarshal(text, &tree); err != nil {
			return nil, err
		}
		all[strings.Join(slices.DeleteFunc([]string{kindName(o), meta.GetNamespace(), meta.GetName()}, func(s string) bool { return s == "" }), "/")] = lasting(o, tree)
	}
	return all, nil
}

// lasting leaves out the fields that a cluster changes all the time.
func lasting(o runtime.Object, tree map[string]any) map[string]any {
	status, _ := tree["status"].(map[string]any)
	delete(tree, "status")
	if kindName(o) == "node" {
		tree["status"] = map[string]any{"allocatable": status["allocatable"], "ready": readyOf(status)}
	}
	if meta, ok := tree["metadata"].(map[string]any); ok {
		for _, field := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"} {
			delete(meta, field)
		}
	}
	return tree
}

// readyOf returns the status of a node's condition Ready.
func readyOf(status map[string]any) any {
	conditions, _ := status["conditions"].([]any)
	for _, c := range conditions {
		if c, ok := c.(map[string]any); ok && c["type"] == "Ready" {
			return c["status"]
		}
	}
	return nil
}

// changedFields appends the fields that differ, in the order of their paths.
func changedFields(all []dryrun.FieldChange, path string, a, b any) []dryrun.FieldChange {
	if reflect.DeepEqual(a, b) {
		return all
	}
	x, isMap := a.(map[string]any)
	y, isMapToo := b.(map[string]any)
	if isMap && isMapToo {
		for _, key := range keysOfBoth(x, y) {
			all = changedFields(all, joined(path, key), x[key], y[key])
		}
		return all
	}
	p, isList := a.([]any)
	q, isListToo := b.([]any)
	if isList && isListToo && len(p) == len(q) {
		for i := range p {
			all = changedFields(all, fmt.Sprintf("%s[%d]", path, i), p[i], q[i])
		}
		return all
	}
	return append(all, dryrun.FieldChange{Path: path, From: asJSON(a), To: asJSON(b)})
}

// joined returns the path of a key, in brackets if the key is no plain word.
func joined(path, key string) string {
	if strings.ContainsAny(key, "./[]") {
		return path + "[" + key + "]"
	}
	return strings.TrimPrefix(path+"."+key, ".")
}

func asJSON(value any) string {
	if value == nil {
		return ""
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
