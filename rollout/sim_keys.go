package rollout

import (
	"strings"

	"github.com/berthsim/berth/internal/kube"
)

// keyed is an element of a registry, with its key, namespace/name.
type keyed interface {
	comparable
	name() string
}

func checkKey(key string) error {
	_, _, err := kube.ParseKey(key)
	return err
}

// plainKey returns the key without its kind: namespace/name.
func plainKey(key string) string {
	return strings.TrimPrefix(strings.TrimPrefix(key, kube.DaemonSetKind), kube.DeploymentKind)
}

func cutKey(key string) (namespace, name string, ok bool) { return strings.Cut(key, "/") }
