package kube

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds of a key, as its prefix.
const (
	DaemonSetKind  = "daemonset/"
	DeploymentKind = "deployment/"
)

// ParseKey splits the key of a DaemonSet or Deployment into its kind and its
// namespace/name. The kind is empty if the key has none.
func ParseKey(key string) (kind, name string, err error) {
	name = key
	for _, k := range []string{DaemonSetKind, DeploymentKind} {
		if rest, ok := strings.CutPrefix(key, k); ok && strings.Contains(rest, "/") {
			kind, name = k, rest
		}
	}
	switch namespace, short, ok := strings.Cut(name, "/"); {
	case key == "":
		return "", "", errors.New("no key: must be namespace/name")
	case !ok || namespace == "" || short == "" || strings.Contains(short, "/"):
		return "", "", fmt.Errorf("key %q: must be namespace/name", key)
	}
	return kind, name, nil
}

// DaemonSetKey returns the key with its kind, which is unique even if a Deployment has
// the same namespace and name. A key that has a kind already is returned as it is.
func DaemonSetKey(key string) string { return withKind(DaemonSetKind, key) }

// DeploymentKey is DaemonSetKey for Deployments.
func DeploymentKey(key string) string { return withKind(DeploymentKind, key) }

func withKind(kind, key string) string {
	if has, _, err := ParseKey(key); err == nil && has != "" {
		return key
	}
	return kind + key
}
