package rollout

import (
	"errors"
	"fmt"
	"strings"
)

// keyed is an element of a registry, with its key, namespace/name.
type keyed interface {
	comparable
	name() string
}

// The kinds of objects that have a key, as its prefix.
const (
	daemonSetKind  = "daemonset/"
	deploymentKind = "deployment/"
)

func checkKey(key string) error {
	if key == "" {
		return errors.New("no key: must be namespace/name")
	}
	_, plain := cutKind(key)
	if namespace, name, ok := strings.Cut(plain, "/"); !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
		return fmt.Errorf("key %q: must be namespace/name", key)
	}
	return nil
}

// plainKey returns the key without its kind: namespace/name.
func plainKey(key string) string {
	_, plain := cutKind(key)
	return plain
}

// cutKind cuts the kind off a key, if it has one.
func cutKind(key string) (kind, rest string) {
	kind, rest, _ = strings.Cut(key, "/")
	if (kind == "deployment" || kind == "daemonset") && strings.Contains(rest, "/") {
		return kind, rest
	}
	return "", key
}

func cutKey(key string) (namespace, name string, ok bool) { return strings.Cut(key, "/") }

// notFound names the object; where the key is none, the key.
func notFound(key string) error {
	kind, name := cutKind(key)
	if _, n, ok := cutKey(name); ok && n != "" {
		name = n
	}
	switch kind {
	case "deployment":
		return fmt.Errorf("deployments.apps %q not found", name)
	case "daemonset":
		return fmt.Errorf("daemonsets.apps %q not found", name)
	}
	return fmt.Errorf("daemonsets.apps and deployments.apps %q not found", name)
}
